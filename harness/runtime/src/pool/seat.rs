//! What a worker shares with its pool: its counts, what it has begun, and its last replies, so that a death costs no more than it must.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, compiler_fence};

use crate::meter::Slot;

/// How many bytes of replies the journal holds: the most that a worker keeps back before it sends.
pub(super) const JOURNAL_BYTES: usize = 64 << 10;

const JOURNAL_WORDS: usize = JOURNAL_BYTES / 8;

/// A worker's part of the shared memory; all zero bytes are a valid seat of a worker that has done nothing.
///
/// Its worker alone writes. Its pool reads `begun` while the worker lives, only to see whether it changes. Everything else it reads
/// when the kernel has told that the worker ended, which comes after all that the worker stored: so the two `Release` stores of
/// [`begin`](Self::begin) and [`commit`](Self::commit) pair with the `Acquire` loads of [`begun`](Self::begun) and
/// [`committed`](Self::committed), and what they order is the compiler's doing rather than the processor's: a killed process leaves its
/// stores in the order in which it made them.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Seat {
    pub(super) slot: Slot,
    begun: AtomicU64,
    committed: AtomicU64,
    journal: [AtomicU64; JOURNAL_WORDS],
}

/// How much shared memory a seat takes, in bytes.
pub(super) const SEAT_BYTES: usize = size_of::<Seat>();

impl Seat {
    /// Says that the worker begins its `number`th task, counted from 1. What follows is the user's code, which may end the process.
    pub(super) fn begin(&self, number: u64) {
        self.begun.store(number, Release);
        // A release lets later code move up; the task must not.
        compiler_fence(std::sync::atomic::Ordering::SeqCst);
    }

    /// How many tasks the worker has begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Acquire)
    }

    /// Keeps `bytes`, which stand at `offset` of the stream of replies; both are multiples of 8. The caller has seen to it that what stood
    /// there, [`JOURNAL_BYTES`] before, was sent.
    pub(super) fn keep(&self, offset: u64, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<8>();
        for (place, word) in (offset / 8..).zip(words) {
            self.journal[place as usize % JOURNAL_WORDS].store(u64::from_le_bytes(*word), Relaxed);
        }
    }

    /// Says that everything before `offset` was sent or is kept.
    pub(super) fn commit(&self, offset: u64) {
        self.committed.store(offset, Release);
    }

    /// Up to where the stream of replies is safe.
    pub(super) fn committed(&self) -> u64 {
        self.committed.load(Acquire)
    }

    /// The part of the stream from `received` on that the worker did not send any more. The worker has ended.
    pub(super) fn unsent(&self, received: u64) -> Vec<u8> {
        let committed = self.committed();
        if committed <= received || committed - received > JOURNAL_BYTES as u64 {
            return Vec::new();
        }
        let words = received / 8..committed.div_ceil(8);
        let word = |place: u64| self.journal[place as usize % JOURNAL_WORDS].load(Relaxed).to_le_bytes();
        let bytes: Vec<u8> = words.flat_map(word).collect();
        bytes[(received % 8) as usize..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::shared::Shared;

    #[test]
    fn what_was_kept_and_not_sent_comes_back() {
        let memory = Shared::create(SEAT_BYTES).unwrap();
        let seat: &Seat = memory.at(0);
        let mut stream = Vec::new();
        for round in 0..3_000_u64 {
            let bytes: Vec<u8> = (0..40).map(|byte| (round * 7 + byte) as u8).collect();
            seat.keep(stream.len() as u64, &bytes);
            stream.extend_from_slice(&bytes);
            seat.commit(stream.len() as u64);
            for missing in [0, 1, 8, 39, 40, 333, JOURNAL_BYTES] {
                let received = stream.len().saturating_sub(missing);
                assert_eq!(seat.unsent(received as u64), stream[received..], "round {round}, {missing} missing");
            }
        }
        assert_eq!(seat.unsent(0), [], "what is no longer there is not made up");
        assert_eq!(seat.unsent(stream.len() as u64 + 8), []);
    }
}
