//! The array, its sum, and the answer: ten sums of which every one has the same bits.

use std::hint::black_box;
use std::thread;

use harness::environment::usable_cores;
use multiprocess::with_wide_vectors;

/// Numbers that are added up by themselves before their sum is added to that of all: 64 KiB of them. Whoever adds, and in whatever order, blocks
/// are always the same, so that the sum is, to the last bit.
pub(super) const BLOCK: usize = 8 << 10;

/// Numbers that are added side by side: four vectors of AVX2, so that an addition need not wait for the one before it.
const LANES: usize = 16;

// ANCHOR: sum
/// The sum of one block. NumPy's own adds in a fixed order too, and in vectors.
#[inline(always)]
fn block_sum(block: &[f64]) -> f64 {
    let (lanes, rest) = block.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for numbers in lanes {
        for lane in 0..LANES {
            sums[lane] += numbers[lane];
        }
    }
    sums.iter().chain(rest).sum()
}

/// The sum of all numbers, block by block.
pub(super) fn sum(numbers: &[f64]) -> f64 {
    with_wide_vectors(
        #[inline(always)]
        || black_box(numbers).chunks(BLOCK).map(block_sum).sum(),
    )
}

/// The sums of the blocks, which [`total`] adds up.
pub(super) fn block_sums(numbers: &[f64], sums: &mut [f64]) {
    with_wide_vectors(
        #[inline(always)]
        || {
            for (block, sum) in black_box(numbers).chunks(BLOCK).zip(sums) {
                *sum = block_sum(block);
            }
        },
    );
}

/// The same as [`sum`], from the sums of the blocks.
pub(super) fn total(sums: &[f64]) -> f64 {
    sums.iter().sum()
}
// ANCHOR_END: sum

/// The number at `place`, from 0 (inclusive) to 1: its place by the golden ratio, modulo 1, which spreads evenly.
fn number(place: usize) -> f64 {
    let spread = (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The high 53 bits, which a float64 holds exactly.
    (spread >> 11) as f64 / (1_u64 << 53) as f64
}

/// Writes the numbers, by as many threads as there are cores: it is not timed, and for gigabytes it takes a while.
pub(super) fn fill(numbers: &mut [f64]) {
    let part = numbers.len().div_ceil(usable_cores()).max(1);
    thread::scope(|scope| {
        for (number_of_part, part_of_all) in numbers.chunks_mut(part).enumerate() {
            scope.spawn(move || {
                for (place, room) in (number_of_part * part..).zip(part_of_all) {
                    *room = number(place);
                }
            });
        }
    });
}

/// The array.
pub(super) fn array(len: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    fill(&mut numbers);
    numbers
}

/// The answer: the bits of the sum, if all sums have the same, and how many they are.
pub(super) fn answer(sums: &[f64]) -> String {
    let first = sums.first().map_or(0, |sum| sum.to_bits());
    match sums.iter().find(|sum| sum.to_bits() != first) {
        None => format!("{first:016x}x{}", sums.len()),
        Some(other) => format!("{first:016x} and {:016x}", other.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_its_blocks_for_every_length() {
        for len in [0, 1, 15, 16, 17, 97, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
            let numbers = array(len);
            let mut sums = vec![0.0; len.div_ceil(BLOCK)];
            block_sums(&numbers, &mut sums);
            assert_eq!(total(&sums).to_bits(), sum(&numbers).to_bits(), "{len}");
            let plain: f64 = numbers.iter().sum();
            assert!((plain - sum(&numbers)).abs() <= 1e-9 * plain.max(1.0), "{len}");
        }
    }

    #[test]
    fn the_numbers_are_the_same_whoever_writes_them() {
        let numbers = array(100_003);
        assert!((0..numbers.len()).all(|place| numbers[place].to_bits() == number(place).to_bits()));
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
    }

    #[test]
    fn an_answer_knows_every_bit_of_every_sum() {
        assert_eq!(answer(&[]), "0000000000000000x0");
        assert_eq!(answer(&[1.0, 1.0]), "3ff0000000000000x2");
        assert_eq!(answer(&[1.0, -1.0]), "3ff0000000000000 and bff0000000000000");
    }
}
