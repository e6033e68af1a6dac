//! The array, its slices, and their sums.

use harness::Random;
use multiprocess::{Numbers, with_wide_vectors};

/// Whole numbers below this: every sum of them is exact, so that any order of adding gives the same bits.
const BELOW: u64 = 1 << 16;

/// The array cut into slices, each in a piece of memory of its own, so that cutting one costs nothing later, as a view of a NumPy array does.
pub(super) fn slices(elements: usize, slice: usize, seed: u64) -> Vec<Numbers> {
    let mut numbers = Random::seeded(seed).map(|number| (number % BELOW) as f64);
    let piece = |range: (usize, usize)| Numbers::from(numbers.by_ref().take(range.1 - range.0).collect::<Vec<f64>>());
    ranges(elements, slice).into_iter().map(piece).collect()
}

/// Where each slice begins and ends.
pub(super) fn ranges(elements: usize, slice: usize) -> Vec<(usize, usize)> {
    (0..elements).step_by(slice.max(1)).map(|first| (first, elements.min(first.saturating_add(slice)))).collect()
}

/// How many numbers are added side by side.
const LANES: usize = 32;

/// The sum, as fast as one core reads the numbers.
pub(super) fn sum(numbers: &[f64]) -> f64 {
    with_wide_vectors(
        #[inline(always)]
        || {
            let mut sums = [0.0; LANES];
            let lines = numbers.chunks_exact(LANES);
            let rest: f64 = lines.remainder().iter().sum();
            for line in lines {
                for lane in 0..LANES {
                    sums[lane] += line[lane];
                }
            }
            rest + sums.iter().sum::<f64>()
        },
    )
}

/// The answer: whole, and far below 2^53.
pub(super) fn answer(sums: &[f64]) -> String {
    (sums.iter().sum::<f64>() as u64).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slices_are_the_whole_and_the_last_may_be_short() {
        assert_eq!(ranges(10, 4), [(0, 4), (4, 8), (8, 10)]);
        assert!(ranges(0, 4).is_empty());
        let slices = slices(1_003, 100, 5);
        assert_eq!(slices.iter().map(|slice| slice.len()).collect::<Vec<_>>(), [[100; 10].as_slice(), &[3]].concat());
        let whole: Vec<f64> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let sums: Vec<f64> = slices.iter().map(|slice| sum(slice)).collect();
        assert_eq!(answer(&sums), whole.iter().map(|number| *number as u64).sum::<u64>().to_string());
        assert_eq!(sum(&whole), sums.iter().sum::<f64>());
    }
}
