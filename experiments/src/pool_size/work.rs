//! What the pools of this lesson map: an item is a number of additions, and so is its result.

use std::hint::black_box;

use bincode::{Decode, Encode};
use multiprocess::{Function, register_function};

/// How many times as much an item of the dear tenth costs as another one.
const DEAR: u64 = 10;

/// What the items cost. The same total, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Every item the same.
    Even,
    /// The last tenth of the items ten times as much each as the others.
    Uneven,
}

impl Work {
    /// The additions of each of `items` items, `total` in all.
    pub(super) fn costs(self, items: usize, total: u64) -> Vec<u64> {
        let dear = items.div_ceil(10);
        let weight = |item: usize| if self == Self::Uneven && item + dear >= items { DEAR } else { 1 };
        let all: u128 = (0..items).map(|item| u128::from(weight(item))).sum();
        let (mut weights, mut given) = (0_u128, 0_u64);
        let share = |item| {
            weights += u128::from(weight(item));
            // At most `total`, so it fits.
            let until = (u128::from(total) * weights / all) as u64;
            let share = until - given;
            given = until;
            share
        };
        (0..items).map(share).collect()
    }
}

// ANCHOR: add
/// Adds one, `additions` times, and returns the sum: the number of additions that were really done.
///
/// The processor has to fetch each 1 from where the compiler cannot see it, so the loop is not replaced by its result.
pub(super) fn add(additions: u64) -> u64 {
    let mut sum = 0_u64;
    for _ in 0..additions {
        sum += black_box(1);
    }
    sum
}
// ANCHOR_END: add

/// One item: that many additions.
#[derive(Encode, Decode)]
pub(super) struct Additions;

impl Function for Additions {
    const NAME: &'static str = "pool_size::Additions";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), additions: u64) -> u64 {
        add(additions)
    }
}
register_function!(Additions);

#[cfg(test)]
mod tests {
    use super::Work::{Even, Uneven};

    #[test]
    fn both_kinds_of_work_have_exactly_the_same_total() {
        for (items, total) in [(0, 0), (1, 7), (2, 1), (97, 97_003), (400, 20_000_000)] {
            for work in [Even, Uneven] {
                let costs = work.costs(items, total);
                assert_eq!((costs.len(), costs.iter().sum::<u64>()), (items, total), "{work:?}");
            }
        }
    }

    #[test]
    fn the_last_tenth_is_dear() {
        let costs = Uneven.costs(100, 190_000);
        assert!(costs[..90].iter().all(|cost| *cost == 1_000) && costs[90..].iter().all(|cost| *cost == 10_000));
        assert_eq!(Even.costs(3, 60), [20, 20, 20]);
    }
}
