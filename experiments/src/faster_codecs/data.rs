//! The three things that are turned into bytes, and the one number that every reader has to make of each.

use std::collections::HashMap;

use harness::Random;
use multiprocess::Numbers;

/// The post's kind of array: many numbers in a row.
pub(super) type Floats = Vec<f64>;
/// The floats as either kind of codec takes them: nobody has to convert them while the clock runs.
pub(super) struct Prepared {
    pub(super) floats: Floats,
    /// The same, as what is encoded in bulk.
    pub(super) numbers: Numbers,
}

impl From<Floats> for Prepared {
    fn from(floats: Floats) -> Self {
        Self { numbers: Numbers::from(floats.clone()), floats }
    }
}

/// The cache of the lesson `bound_method`: many small things behind a hash table.
pub(super) type Cache = HashMap<u32, String>;
/// What a function that returns a small array gives when it is mapped over a million items.
pub(super) type Arrays = Vec<Vec<u8>>;

/// The bytes of one small array.
const ARRAY_BYTES: usize = 20;

/// `count` numbers between 0 and 1, all different as far as can be told.
pub(super) fn floats(count: usize, seed: u64) -> Floats {
    Random::seeded(seed).take(count).map(|number| (number >> 11) as f64 / (1_u64 << 53) as f64).collect()
}

/// The bit strings of the ints below `entries`.
pub(super) fn cache(entries: u32) -> Cache {
    (0..entries).map(|int| (int, format!("{int:b}"))).collect()
}

/// `count` arrays of 20 bytes.
pub(super) fn arrays(count: usize, seed: u64) -> Arrays {
    let mut random = Random::seeded(seed);
    let mut array = || -> Vec<u8> {
        let numbers = random.by_ref().take(ARRAY_BYTES.div_ceil(8));
        numbers.flat_map(u64::to_le_bytes).take(ARRAY_BYTES).collect()
    };
    (0..count).map(|_| array()).collect()
}

/// Reads every float.
pub(super) fn sum_floats(floats: impl Iterator<Item = f64>) -> u64 {
    floats.fold(0, |sum: u64, float| sum.wrapping_add(float.to_bits()))
}

/// Reads every entry to its last byte. A hash table has no order, so the sum must not depend on one.
pub(super) fn sum_cache<'a>(entries: impl Iterator<Item = (u32, &'a str)>) -> u64 {
    entries
        .fold(0, |sum: u64, (int, bits)| sum.wrapping_add(u64::from(int + 1).wrapping_mul(sum_bytes(bits.as_bytes()))))
}

/// Reads every array to its last byte; two that are swapped make another sum.
pub(super) fn sum_arrays<'a>(arrays: impl Iterator<Item = &'a [u8]>) -> u64 {
    (1_u64..).zip(arrays).fold(0, |sum: u64, (place, array)| sum.wrapping_add(place.wrapping_mul(sum_bytes(array))))
}

fn sum_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>() + bytes.len() as u64
}

/// The sums of all three in one word.
pub(super) fn answer([floats, cache, arrays]: [u64; 3]) -> String {
    let mixed = floats.rotate_left(1) ^ cache.rotate_left(22) ^ arrays.rotate_left(43);
    format!("{mixed:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_shows_in_the_sum() {
        let mut arrays = arrays(100, 1);
        let sum = |arrays: &Arrays| sum_arrays(arrays.iter().map(Vec::as_slice));
        let before = sum(&arrays);
        arrays.swap(3, 4);
        assert_ne!(sum(&arrays), before);
        arrays.swap(3, 4);
        arrays[99].pop();
        assert_ne!(sum(&arrays), before);
        assert_eq!(sum_cache([(0, "0"), (1, "1")].into_iter()), sum_cache([(1, "1"), (0, "0")].into_iter()));
        assert_eq!(sum_floats([0.5, 0.25].into_iter()), 0.5_f64.to_bits() + 0.25_f64.to_bits());
    }
}
