//! The seeded generator behind inputs and block orders: SplitMix64, the n-th number of which can be computed alone.
//!
//! After Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014). It is this one so that any
//! other lane can make the same inputs: NumPy computes a whole array of it in three lines.

/// An endless series of 64-bit numbers, the same for the same seed on every machine.
///
/// ```
/// let first: Vec<u64> = harness::Random::seeded(0).take(2).collect();
/// assert_eq!(first, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
/// ```
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The series of `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }
}

impl Iterator for Random {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(mixed ^ (mixed >> 31))
    }
}
