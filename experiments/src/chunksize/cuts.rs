//! Where the items are cut into tasks: by a chunksize, by hand, or guided.

use std::num::NonZeroUsize;

use multiprocess::classic::Chunksize;

/// One way to cut items into tasks, and one point of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Chunks of this many.
    Items(usize),
    /// What `Pool.map` does by itself: the items by four times the workers, rounded up.
    Automatic,
    /// The post's rule of thumb: the same, rounded down.
    Rule,
    /// Batches as large as the rule says, made by hand.
    ByHand,
    /// One chunk per worker.
    Large,
    /// A single task with all items.
    Whole,
    /// Batches that shrink: each a part of what is left.
    Guided,
}

impl Cut {
    /// How this point is called in the names of facts: `map_rule_ns`.
    pub(super) fn name(self) -> String {
        match self {
            Self::Items(items) => items.to_string(),
            Self::Automatic => "auto".to_owned(),
            Self::Rule => "rule".to_owned(),
            Self::ByHand => "by_hand".to_owned(),
            Self::Large => "large".to_owned(),
            Self::Whole => "whole".to_owned(),
            Self::Guided => "guided".to_owned(),
        }
    }

    /// How many items each task has, in order. They add up to `items`.
    pub(super) fn sizes(self, items: usize, workers: usize) -> Vec<usize> {
        let fixed = |size: usize| {
            let size = size.max(1);
            (0..items).step_by(size).map(|begin| size.min(items - begin)).collect()
        };
        match self {
            Self::Items(size) => fixed(size),
            Self::Automatic => fixed(Chunksize::Automatic.resolve(items, workers)),
            Self::Rule | Self::ByHand => fixed(rule(items, workers)),
            Self::Large => fixed(items.div_ceil(workers.max(1))),
            Self::Whole => fixed(items),
            Self::Guided => guided(items, workers),
        }
    }

    /// The chunksize that makes `map` cut like this; none if the batches are made by hand.
    pub(super) fn chunksize(self, items: usize, workers: usize) -> Option<Chunksize> {
        let fixed = |size: usize| NonZeroUsize::new(size.max(1)).map(Chunksize::Items);
        match self {
            Self::Items(size) => fixed(size),
            Self::Automatic => Some(Chunksize::Automatic),
            Self::Rule => fixed(rule(items, workers)),
            Self::Large => fixed(items.div_ceil(workers.max(1))),
            Self::Whole => fixed(items),
            Self::ByHand | Self::Guided => None,
        }
    }
}

// ANCHOR: rule
/// The rule of thumb of the post on CPU-bound work: items / (4 x workers), at least 1.
fn rule(items: usize, workers: usize) -> usize {
    (items / (4 * workers.max(1))).max(1)
}
// ANCHOR_END: rule

// ANCHOR: guided
/// Guided self-scheduling after Polychronopoulos and Kuck (IEEE Transactions on Computers, 1987), with half their batches: each is
/// what is left, by twice the workers. The first are large and few, the last are single items that fill the gaps.
pub(super) fn guided(items: usize, workers: usize) -> Vec<usize> {
    let mut left = items;
    let next = || {
        let size = left.div_ceil(2 * workers.max(1));
        left -= size;
        (size > 0).then_some(size)
    };
    std::iter::from_fn(next).collect()
}
// ANCHOR_END: guided

/// The items in batches of these sizes.
pub(super) fn batches<T: Clone>(items: &[T], sizes: &[usize]) -> Vec<Vec<T>> {
    let mut left = items;
    let batch = |size: &usize| {
        let (batch, rest) = left.split_at(*size);
        left = rest;
        batch.to_vec()
    };
    sizes.iter().map(batch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Cut; 8] =
        [Cut::Items(1), Cut::Items(500), Cut::Automatic, Cut::Rule, Cut::ByHand, Cut::Large, Cut::Whole, Cut::Guided];

    #[test]
    fn every_item_is_in_exactly_one_task() {
        for cut in ALL {
            for (items, workers) in [(0, 4), (1, 4), (3, 9), (97, 2), (1_000, 4), (1_009, 1)] {
                let sizes = cut.sizes(items, workers);
                assert_eq!(sizes.iter().sum::<usize>(), items, "{cut:?} {items} {workers}");
                assert!(sizes.iter().all(|size| *size > 0), "{cut:?} {items} {workers}");
            }
        }
    }

    #[test]
    fn the_post_s_rule_is_62_and_the_automatic_chunksize_63() {
        assert_eq!(Cut::Rule.sizes(1_000, 4)[0], 62);
        assert_eq!(Cut::Automatic.sizes(1_000, 4)[0], 63);
        assert_eq!((Cut::Rule.sizes(1_000, 4).len(), Cut::Automatic.sizes(1_000, 4).len()), (17, 16));
    }

    #[test]
    fn one_chunk_per_worker_is_as_many_tasks_as_workers() {
        assert_eq!(Cut::Large.sizes(1_000, 4), [250; 4]);
        assert_eq!(Cut::Large.sizes(3, 9), [1; 3]);
        assert_eq!(Cut::Whole.sizes(1_000, 4), [1_000]);
    }

    #[test]
    fn guided_batches_shrink_to_single_items() {
        assert_eq!(guided(16, 2), [4, 3, 3, 2, 1, 1, 1, 1]);
        assert_eq!(guided(0, 4), Vec::<usize>::new());
        assert_eq!(guided(1, 4), [1]);
        let sizes = guided(20_000, 4);
        assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes[0] == 2_500 && sizes.len() < 100);
    }

    #[test]
    fn batches_keep_the_order() {
        assert_eq!(batches(&[1, 2, 3, 4, 5], &[2, 2, 1]), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(batches(&[0_u8; 0], &[]), Vec::<Vec<u8>>::new());
    }
}
