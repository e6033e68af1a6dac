//! What is mapped: an item is a number of additions and bytes that come along for nothing.

use std::hint::black_box;

use bincode::{Decode, Encode};
use multiprocess::{Function, register_function};

/// One item.
#[derive(Clone, Debug, Encode, Decode)]
pub(super) struct Item {
    additions: u64,
    ballast: Vec<u8>,
}

/// Adds one, so many times.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub(super) struct Add;

impl Function for Add {
    const NAME: &'static str = "diagnose::Add";
    type State = ();
    type Item = Item;
    type Output = u64;

    fn call(&self, _: &(), item: Item) -> u64 {
        black_box(&item.ballast);
        // Each 1 comes from where the compiler cannot see it, so the loop is not replaced by its result.
        (0..item.additions).fold(0, |sum, _| sum + black_box(1))
    }
}
register_function!(Add);

/// `additions` cut into `count` items, as evenly as whole numbers are; each carries as many bytes.
pub(super) fn items(additions: u64, count: u64, bytes: u64) -> Vec<Item> {
    let (each, more) = (additions / count, additions % count);
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    let item = |number: u64| Item { additions: each + u64::from(number < more), ballast: vec![1; bytes] };
    (0..count).map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_addition_is_lost_in_the_cut() {
        for (additions, count) in [(0, 1), (7, 3), (2, 5), (1_000_003, 64)] {
            let items = items(additions, count, 2);
            assert_eq!(items.len() as u64, count);
            assert_eq!(items.into_iter().map(|item| Add.call(&(), item)).sum::<u64>(), additions);
        }
    }
}
