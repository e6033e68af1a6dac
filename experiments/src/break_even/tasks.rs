//! What is mapped: an item is a number of steps and a payload that comes along.

use std::hint::black_box;

use bincode::{Decode, Encode};
use multiprocess::{Function, register_function};

/// One item.
#[derive(Clone, Debug, Encode, Decode)]
pub(super) struct Item {
    steps: u64,
    seed: u64,
    payload: Vec<u8>,
}

// ANCHOR: work
/// Does one item: a chain of steps, each of which waits for the one before it.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub(super) struct Walk;

impl Function for Walk {
    const NAME: &'static str = "break_even::Walk";
    type State = ();
    type Item = Item;
    type Output = u64;

    fn call(&self, _: &(), item: Item) -> u64 {
        // The first and the last byte take part, so that a payload that did not arrive is a wrong answer.
        let ends = item.payload.first().zip(item.payload.last());
        let ends = ends.map_or(0, |(first, last)| u64::from(*first) + u64::from(*last));
        walk(black_box(item.seed), item.steps).wrapping_add(ends)
    }
}
register_function!(Walk);

/// A step is a shift, an exclusive or and a multiplication. Nothing can be said of many steps but by taking them all; without the shift a
/// compiler would find that two multiplications are one.
fn walk(from: u64, steps: u64) -> u64 {
    (0..steps).fold(from, |at, _| (at ^ (at >> 29)).wrapping_mul(6_364_136_223_846_793_005))
}
// ANCHOR_END: work

/// The items of one map, each with a seed and a payload of its own.
pub(super) fn items(count: usize, steps: u64, bytes: usize) -> Vec<Item> {
    // Never 0: memory that is fresh from the system is.
    let item = |seed: u64| Item { steps, seed, payload: vec![(seed % 250) as u8 + 1; bytes] };
    (0..count as u64).map(item).collect()
}

/// All outputs in one number.
pub(super) fn total(outputs: &[u64]) -> u64 {
    outputs.iter().fold(0, |sum, output| sum.wrapping_add(*output))
}

/// What of the [`total`] the payloads are.
pub(super) fn carried(count: usize, bytes: usize) -> u64 {
    items(count, 0, bytes.min(1)).iter().flat_map(|item| &item.payload).map(|byte| 2 * u64::from(*byte)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(count: usize, steps: u64, bytes: usize) -> u64 {
        total(&items(count, steps, bytes).into_iter().map(|item| Walk.call(&(), item)).collect::<Vec<_>>())
    }

    #[test]
    fn seeds_steps_and_payloads_all_show_in_the_answer() {
        assert_eq!(answered(0, 10, 10), 0);
        assert_eq!(answered(3, 0, 0), 1 + 2);
        assert_eq!(answered(3, 0, 5), 1 + 2 + 2 * (1 + 2 + 3));
        assert_ne!(answered(3, 1, 0), answered(3, 2, 0));
        assert_eq!(answered(300, 9, 7), answered(300, 9, 0) + carried(300, 7));
        assert_eq!(carried(300, 0), 0);
    }
}
