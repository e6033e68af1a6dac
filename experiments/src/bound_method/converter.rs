//! The converter of the post: it owns a cache of bit strings and turns an int into the array of its binary digits.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use harness::Random;
use multiprocess::mark;

mark!(pub(crate) static CACHE_DUMPS = "cache_dumps");
mark!(pub(crate) static CACHE_LOADS = "cache_loads");

/// The array of an int's binary digits, most significant first, each 0 or 1.
pub(crate) type Digits = Vec<u8>;

// ANCHOR: converter
/// Turns ints into digits by looking their bit strings up. Counts each time its cache is turned into bytes or back.
#[derive(Debug)]
pub(crate) struct Converter {
    cache: HashMap<u32, String>,
}

impl Converter {
    /// A converter for the ints below `entries`.
    pub(crate) fn new(entries: u32) -> Self {
        Self { cache: (0..entries).map(|int| (int, format!("{int:b}"))).collect() }
    }

    /// The digits of `int`, which must be below the number of entries.
    pub(crate) fn convert(&self, int: u32) -> Digits {
        digits(&self.cache[&int])
    }

    /// How many entries the table of the cache has room for.
    pub(crate) fn capacity(&self) -> usize {
        self.cache.capacity()
    }
}
// ANCHOR_END: converter

impl Encode for Converter {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        CACHE_DUMPS.count();
        self.cache.encode(encoder)
    }
}

impl<C> Decode<C> for Converter {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        CACHE_LOADS.count();
        Ok(Self { cache: HashMap::decode(decoder)? })
    }
}
bincode::impl_borrow_decode!(Converter);

/// The digits in a bit string.
pub(crate) fn digits(bits: &str) -> Digits {
    bits.bytes().map(|digit| digit - b'0').collect()
}

/// The converter of this process as a module-level global: inherited by a forked worker, or put there by an initializer.
pub(crate) static GLOBAL: OnceLock<Arc<Converter>> = OnceLock::new();

/// The global converter.
pub(crate) fn global() -> &'static Converter {
    GLOBAL.get().expect("the variant has put a converter there before any task, by fork or by initializer")
}

/// `items` random ints below `below`, the same for the same seed in every lane.
///
/// The high 32 bits of each number are scaled down by multiplication (Lemire 2019), which NumPy can do as well.
pub(crate) fn ints(items: usize, below: u32, seed: u64) -> Vec<u32> {
    let scaled = |number: u64| u32::try_from(((number >> 32) * u64::from(below)) >> 32);
    Random::seeded(seed).take(items).map(|number| scaled(number).expect("a product below 2^64 shifted by 32")).collect()
}

/// The share of one array, at `index` of all, in the answer.
pub(crate) fn share(index: usize, digits: &[u8]) -> u64 {
    (index as u64 + 1).wrapping_mul(u64::from(crc32fast::hash(digits)))
}

/// The answer of a list of arrays that begins at `first`: the sum of (index + 1) x CRC-32 of each array, modulo 2^64.
///
/// Parts can be added in any order, so that workers can keep their arrays, and Python's zlib computes the same.
pub(crate) fn checksum(first: usize, arrays: &[Digits]) -> u64 {
    (first..).zip(arrays).fold(0, |sum, (index, digits)| sum.wrapping_add(share(index, digits)))
}

/// The answer as it is printed.
pub(crate) fn printed(checksum: u64) -> String {
    format!("{checksum:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_int_becomes_its_binary_digits() {
        let converter = Converter::new(16);
        assert_eq!(converter.convert(0), [0]);
        assert_eq!(converter.convert(10), [1, 0, 1, 0]);
        assert_eq!(converter.convert(15), digits("1111"));
    }

    #[test]
    fn the_ints_are_those_that_any_lane_computes() {
        // By hand: the first three numbers of SplitMix64 with seed 1, their high halves times 1000, shifted by 32.
        let numbers: Vec<u64> = Random::seeded(1).take(3).collect();
        let expected: Vec<u32> = numbers.iter().map(|n| ((n >> 32) as f64 * 1000.0 / 4_294_967_296.0) as u32).collect();
        assert_eq!(ints(3, 1000, 1), expected);
        assert!(ints(10_000, 7, 2).iter().all(|int| *int < 7));
    }

    #[test]
    fn a_checksum_is_the_sum_of_its_parts_and_knows_the_order() {
        let arrays: Vec<Digits> = (0..10).map(|int| digits(&format!("{int:b}"))).collect();
        let parts = checksum(0, &arrays[..3]).wrapping_add(checksum(3, &arrays[3..]));
        assert_eq!(checksum(0, &arrays), parts);
        let mut swapped = arrays.clone();
        swapped.swap(2, 5);
        assert_ne!(checksum(0, &arrays), checksum(0, &swapped));
        // CRC-32 of one byte 1, from its published table of check values: 0xA505DF1B.
        assert_eq!(checksum(0, &[vec![1]]), 0xa505_df1b);
    }
}
