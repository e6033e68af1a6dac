//! A pool in simulated time: who carries which chunk, how many messages that makes, and how long workers wait for the last of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What an item costs in the mean, in units of simulated time.
const MEAN: u64 = 1_000;

/// What the items of a map cost; every shape in the mean about a thousand units of simulated time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Costs {
    /// All the same.
    Even,
    /// Each a little more than the one before it, from almost nothing to twice the mean.
    Rising,
    /// The same from its other end.
    Falling,
    /// A tenth of them, all in a row, ten times as much as the others.
    Bimodal,
    /// Most very little, a few hundreds of times as much, anywhere.
    HeavyTailed,
}

impl Costs {
    /// Every shape.
    pub const ALL: [Self; 5] = [Self::Even, Self::Rising, Self::Falling, Self::Bimodal, Self::HeavyTailed];

    /// The cost of each item, in units of simulated time. What is anywhere is drawn from `seed`.
    ///
    /// ```
    /// use exercises::Costs;
    /// assert_eq!(Costs::Even.draw(3, 7), [1_000; 3]);
    /// assert_eq!(Costs::Rising.draw(4, 7), [250, 750, 1_250, 1_750]);
    /// assert_eq!(Costs::Bimodal.draw(100, 7).iter().filter(|cost| **cost == 5_260).count(), 10);
    /// ```
    pub fn draw(self, items: usize, seed: u64) -> Vec<u64> {
        let many = items as u64;
        let rising = |item: u64| (2 * item + 1) * MEAN / many;
        let (long, first) = (many / 10, mixed(seed) % (many - many / 10).max(1));
        let cost = |item: u64| match self {
            Self::Even => MEAN,
            Self::Rising => rising(item),
            Self::Falling => rising(many - 1 - item),
            Self::Bimodal if (first..first + long).contains(&item) => 5_260,
            Self::Bimodal => 526,
            // Half of the items are of the least cost, and each further doubling has half as many.
            Self::HeavyTailed => 222 << mixed(seed.wrapping_add(item)).trailing_zeros().min(8),
        };
        (0..many).map(cost).collect()
    }
}

/// What a simulated map came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// One to a worker and one back, for every chunk.
    pub messages: u64,
    /// How long workers without work waited for the last one, all of them together, in units of simulated time.
    pub idle: u64,
    /// When the last one was done, in units of simulated time.
    pub end: u64,
}

/// Maps items of these costs by `workers`: whoever is free takes the next chunk, and `next` tells how many items that has when so many are
/// left. A message takes no time here; it is counted instead.
///
/// ```
/// let simulated = exercises::simulate(&[5, 1, 1, 1], 2, |_left| 1).unwrap();
/// assert_eq!((simulated.messages, simulated.idle, simulated.end), (8, 2, 5));
/// assert!(exercises::simulate(&[5, 1], 2, |_left| 0).is_err());
/// ```
///
/// # Errors
/// If a chunk has no items, or more than are left.
pub fn simulate(costs: &[u64], workers: usize, mut next: impl FnMut(usize) -> usize) -> Result<Simulated, String> {
    let mut free: BinaryHeap<_> = (0..workers.max(1)).map(|_| Reverse(0)).collect();
    let mut messages = 0;
    let mut left = costs;
    while !left.is_empty() {
        let size = next(left.len());
        if size == 0 || size > left.len() {
            return Err(format!("a chunk of {size} of the {} left", left.len()));
        }
        let (chunk, rest) = left.split_at(size);
        let Reverse(begin) = free.pop().unwrap_or(Reverse(0));
        free.push(Reverse(begin + chunk.iter().sum::<u64>()));
        messages += 2;
        left = rest;
    }
    let ends = || free.iter().map(|Reverse(end)| *end);
    let end = ends().max().unwrap_or(0);
    Ok(Simulated { messages, idle: ends().map(|done| end - done).sum(), end })
}

/// A number that looks drawn at random and is the same for the same one (the last steps of SplitMix64).
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
