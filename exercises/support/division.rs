//! Trial division that counts: what a range of numbers costs, and how evenly parts of it share the cost.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static MADE: AtomicU64 = AtomicU64::new(0);

/// What dividing the numbers of a range came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct Divided {
    /// How many of them are prime.
    pub primes: u64,
    /// How many divisions that took.
    pub divisions: u64,
}

/// Divides each number by 2, 3, 4 and so on up to its root, until one divides it. Each division is counted, see [`divisions_made`].
///
/// ```
/// let divided = exercises::divide(2..100_000);
/// assert_eq!((divided.primes, divided.divisions), (9_592, 2_745_693));
/// ```
pub fn divide(numbers: Range<u32>) -> Divided {
    let mut divided = Divided::default();
    for number in numbers {
        let root = number.isqrt();
        let divisor = (2..=root).find(|divisor| number.is_multiple_of(*divisor));
        divided.primes += u64::from(divisor.is_none() && number >= 2);
        // Up to the root if none divides it; 2 is the first.
        divided.divisions += u64::from(divisor.unwrap_or(root).saturating_sub(1));
    }
    MADE.fetch_add(divided.divisions, Relaxed);
    divided
}

/// How many divisions this process has made so far.
///
/// ```
/// let before = exercises::divisions_made();
/// let divided = exercises::divide(90..100);
/// assert_eq!(exercises::divisions_made() - before, divided.divisions);
/// ```
pub fn divisions_made() -> u64 {
    MADE.load(Relaxed)
}

/// How much more than its fair share of the divisions the largest part has, in thousandths of that share, rounded up.
///
/// ```
/// use exercises::{Divided, unevenness};
///
/// let parts = [100, 100, 130].map(|divisions| Divided { primes: 0, divisions });
/// assert_eq!(unevenness(&parts), 182); // the fair share is 110
/// ```
pub fn unevenness(parts: &[Divided]) -> u64 {
    let all: u64 = parts.iter().map(|part| part.divisions).sum();
    let largest = parts.iter().map(|part| part.divisions).max().unwrap_or(0);
    (largest * parts.len() as u64 * 1_000).div_ceil(all.max(1)).saturating_sub(1_000)
}
