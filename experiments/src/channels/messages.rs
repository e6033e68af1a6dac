//! The messages of the lesson, and the answer: a checksum of what arrived.

use std::sync::Arc;

use harness::Random;
use record::Params;

/// A message. Whoever puts one on a queue hands over a reference, as in CPython, and no copy.
pub(super) type Message = Arc<Vec<u8>>;

/// How large the small messages are.
pub(super) const SMALL_BYTES: usize = 64;

/// How many different small messages there are; they are sent in turn.
const DIFFERENT: usize = 16;

/// The factor between the sizes of a sweep, and the smallest of them.
const STEP: u64 = 4;
const SMALLEST: u64 = 8;

/// A message of this size, of bytes that look like no other message's.
pub(super) fn message(bytes: usize, seed: u64) -> Message {
    let mut body: Vec<u8> = Random::seeded(seed).take(bytes.div_ceil(8)).flat_map(u64::to_le_bytes).collect();
    body.truncate(bytes);
    Arc::new(body)
}

/// The small messages.
pub(super) fn small() -> Vec<Message> {
    (0..DIFFERENT as u64).map(|number| message(SMALL_BYTES, number)).collect()
}

/// The sizes of a sweep: from 8 bytes in steps of four to the largest, which is always there.
pub(super) fn sizes(largest: u64) -> Vec<u64> {
    let steps = std::iter::successors(Some(SMALLEST), |size| size.checked_mul(STEP));
    steps.take_while(|size| *size < largest).chain([largest]).collect()
}

/// A message of every size.
pub(super) fn one_of_each(params: &Params) -> Vec<Message> {
    sizes(params["bytes"]).into_iter().map(|size| message(size as usize, size)).collect()
}

/// What arrived: the CRC-32 of each message, mixed in the order in which they count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checksum(u64);

impl Checksum {
    pub(super) fn add(&mut self, message: &[u8]) {
        self.0 = self.0.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(crc32fast::hash(message));
    }

    pub(super) fn answer(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// Whether this is the message that was sent, as far as its length and its ends tell. All of it would take longer than some mechanisms do.
pub(super) fn looks_like(back: &[u8], sent: &[u8]) -> bool {
    let ends = |bytes: &[u8]| {
        let first = bytes.first_chunk::<8>().copied();
        (bytes.len(), first, bytes.last_chunk::<8>().copied())
    };
    ends(back) == ends(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_ends_with_the_largest_size_whatever_it_is() {
        assert_eq!(sizes(0), [0]);
        assert_eq!(sizes(8), [8]);
        assert_eq!(sizes(33), [8, 32, 33]);
        assert_eq!(sizes(2_048), [8, 32, 128, 512, 2_048]);
    }

    #[test]
    fn every_message_is_another_and_its_checksum_knows_the_order() {
        let all: std::collections::BTreeSet<Message> = small().into_iter().chain([message(65, 1)]).collect();
        assert_eq!(all.len(), 17);
        let of = |order: [u64; 2]| {
            let mut sum = Checksum::default();
            order.iter().for_each(|seed| sum.add(&message(9, *seed)));
            sum
        };
        assert_ne!(of([1, 2]), of([2, 1]));
        assert_eq!(message(13, 5).len(), 13);
        assert!(looks_like(&[], &[]) && !looks_like(&[1; 8], &[2; 8]) && !looks_like(&[1; 8], &[1; 9]));
    }
}
