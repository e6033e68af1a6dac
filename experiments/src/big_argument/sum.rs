//! The array and its sum.

use harness::Random;
use multiprocess::{codec, with_wide_vectors};

/// Random bytes, the same for the same seed: eight of each number, the lowest first. Cut into pieces of at most so many, a multiple of
/// eight; one piece at least.
pub(super) fn pieces_of(count: usize, seed: u64, at_most: usize) -> Vec<Vec<u8>> {
    let mut numbers = Random::seeded(seed);
    let piece = |first: usize| {
        let mut bytes = vec![0; at_most.min(count - first)];
        for room in bytes.chunks_mut(8) {
            let number = numbers.next().unwrap_or_default();
            room.copy_from_slice(&number.to_le_bytes()[..room.len()]);
        }
        bytes
    };
    (0..count.max(1)).step_by(at_most).map(piece).collect()
}

/// The most that one message carries. The codec refuses a message of more than 1 GiB, and a gibibyte with its length and the name of its
/// function is one: so it goes as a message of nearly all of it and one of the rest.
pub(super) const PIECE_AT_MOST: usize = codec::LIMIT_BYTES - (64 << 10);
const _: () = assert!(PIECE_AT_MOST.is_multiple_of(8), "a number's bytes are not cut apart");

// ANCHOR: sum
/// How many bytes are added side by side, and how many rounds of them a sum of 16 bits holds: 257 times 255 is 65,535.
const LANES: usize = 64;
const ROUNDS: usize = 257;

/// The sum of the bytes, as fast as one core reads them.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    with_wide_vectors(
        #[inline(always)]
        || {
            let block_sum = |block: &[u8]| {
                let mut sums = [0_u16; LANES];
                let lines = block.chunks_exact(LANES);
                let rest: u64 = lines.remainder().iter().map(|byte| u64::from(*byte)).sum();
                for line in lines {
                    for lane in 0..LANES {
                        sums[lane] += u16::from(line[lane]);
                    }
                }
                rest + sums.iter().map(|sum| u64::from(*sum)).sum::<u64>()
            };
            bytes.chunks(LANES * ROUNDS).map(block_sum).sum()
        },
    )
}
// ANCHOR_END: sum

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_the_plain_one_for_every_length() {
        for count in [0, 1, 7, 63, 64, 65, 16_447, 16_448, 16_449, 100_003] {
            let bytes = pieces_of(count, 3, usize::MAX).concat();
            assert_eq!(bytes.len(), count);
            assert_eq!(sum(&bytes), bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>(), "{count}");
        }
    }

    #[test]
    fn the_largest_bytes_overflow_no_lane() {
        assert_eq!(sum(&vec![255; 1_000_000]), 255_000_000);
    }

    #[test]
    fn pieces_are_the_whole_and_the_largest_codec_message_has_room_for_one() {
        assert_eq!(pieces_of(0, 1, 16), [Vec::<u8>::new()]);
        let pieces = pieces_of(45, 1, 16);
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [16, 16, 13]);
        assert_eq!(pieces.concat(), pieces_of(45, 1, 1 << 20).concat());
    }
}
