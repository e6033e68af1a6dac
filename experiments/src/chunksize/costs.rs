//! What the items cost: four distributions of the same total.
//!
//! Costs are whole numbers of additions. A distribution gives weights, and the total is shared out by them without a remainder: item
//! `i` gets what the rounded-down shares of the first `i + 1` items have more than those of the first `i`. So every distribution
//! does exactly the same number of additions, and has the same answer.

use harness::Random;

/// How the additions are spread over the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distribution {
    /// Every item costs the same.
    Even,
    /// Each item costs a little more than the one before it, from almost nothing to twice the mean.
    Linear,
    /// Nine items of ten are cheap; the tenth part of them, all in a row, costs ten times as much each.
    Bimodal,
    /// Pareto's distribution: most items are cheap, a few cost hundreds of times as much. Anywhere.
    Heavy,
}

/// How many times as much a dear item costs as a cheap one, where there are two kinds.
const DEAR: u64 = 10;
/// Pareto's exponent: so near to 1 that the dearest item is a few percent of the total.
const TAIL: f64 = 1.1;

impl Distribution {
    /// The cost of each of `items` items, `total` additions in all.
    pub(super) fn costs(self, items: usize, total: u64, seed: u64) -> Vec<u64> {
        shared_out(total, &self.weights(items, seed))
    }

    fn weights(self, items: usize, seed: u64) -> Vec<u64> {
        let mut series = Random::seeded(seed);
        let mut drawn = || series.next().unwrap_or_default();
        match self {
            Self::Even => vec![1; items],
            Self::Linear => (0..items as u64).map(|item| 2 * item + 1).collect(),
            Self::Bimodal => {
                let dear = items.div_ceil(10);
                let first = (drawn() % (items - dear + 1) as u64) as usize;
                (0..items).map(|item| if (first..first + dear).contains(&item) { DEAR } else { 1 }).collect()
            }
            Self::Heavy => (0..items).map(|_| pareto(drawn())).collect(),
        }
    }
}

/// A weight from a uniform number, in thousandths of the smallest one.
fn pareto(number: u64) -> u64 {
    // The upper 53 bits are a fraction of the right precision; it is above 0 and at most 1.
    let uniform = ((number >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    (1_000.0 * uniform.powf(-1.0 / TAIL)) as u64
}

/// Shares `total` out by `weights`.
fn shared_out(total: u64, weights: &[u64]) -> Vec<u64> {
    let all: u128 = weights.iter().copied().map(u128::from).sum();
    let mut before = 0_u128;
    let mut given = 0_u64;
    let share = |weight: &u64| {
        before += u128::from(*weight);
        // At most `total`, so it fits.
        let until = (u128::from(total) * before / all) as u64;
        let share = until - given;
        given = until;
        share
    };
    weights.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::Distribution::{Bimodal, Even, Heavy, Linear};

    #[test]
    fn every_distribution_has_exactly_the_same_total() {
        for distribution in [Even, Linear, Bimodal, Heavy] {
            for (items, total) in [(0, 0), (1, 7), (2, 1), (97, 97_003), (1_009, 0), (4_000, 80_000_000)] {
                let costs = distribution.costs(items, total, 1);
                assert_eq!((costs.len(), costs.iter().sum::<u64>()), (items, total), "{distribution:?}");
            }
        }
    }

    #[test]
    fn even_items_cost_the_same() {
        assert_eq!(Even.costs(3, 60, 9), [20, 20, 20]);
    }

    #[test]
    fn linear_items_cost_up_to_twice_the_mean() {
        let costs = Linear.costs(1_000, 1_000_000, 1);
        assert_eq!((costs[0], costs[999]), (1, 1_999));
    }

    #[test]
    fn the_dear_tenth_stands_together() {
        let costs = Bimodal.costs(100, 190_000, 5);
        let dear: Vec<usize> = (0..100).filter(|item| costs[*item] == 10_000).collect();
        assert_eq!((dear.len(), dear[9] - dear[0]), (10, 9));
        assert!(costs.iter().all(|cost| *cost == 1_000 || *cost == 10_000));
    }

    #[test]
    fn a_heavy_tail_has_a_few_items_that_cost_far_more_than_most() {
        let mut costs = Heavy.costs(4_000, 80_000_000, 1);
        costs.sort_unstable();
        assert!(costs[3_999] > 100 * costs[2_000] && costs[3_999] < 80_000_000 / 4);
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(Heavy.costs(100, 100_000, 3), Heavy.costs(100, 100_000, 3));
        assert_ne!(Heavy.costs(100, 100_000, 3), Heavy.costs(100, 100_000, 4));
    }
}
