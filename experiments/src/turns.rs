//! In which order a subject takes the points of a sweep: drawn, so that over many subjects no point is always the first, the last, or the
//! one after a certain other.

use harness::Random;

/// The order of `points` points in a round. The pid, which is not ours to choose, decides; every second round goes back the way of the one
/// before it, so that what drifts within a subject evens out over both.
pub(crate) fn order(points: usize, round: usize) -> Vec<usize> {
    drawn(u64::from(std::process::id()), points, round)
}

fn drawn(seed: u64, points: usize, round: usize) -> Vec<usize> {
    let pair = Random::seeded(seed).nth(round / 2).unwrap_or_default();
    let mut order: Vec<usize> = (0..points).collect();
    // Fisher and Yates' shuffle. Of so few points the remainder's bias is far below anything that could be seen.
    for (last, number) in (1..points).rev().zip(Random::seeded(pair)) {
        order.swap(last, (number % (last as u64 + 1)) as usize);
    }
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_takes_every_point_once() {
        assert_eq!(order(0, 0), [0_usize; 0]);
        assert_eq!(order(1, 1), [0]);
        for round in 0..4 {
            let mut taken = order(10, round);
            taken.sort_unstable();
            assert_eq!(taken, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_second_round_goes_back() {
        for seed in 0..20 {
            let back: Vec<usize> = drawn(seed, 10, 3).into_iter().rev().collect();
            assert_eq!(drawn(seed, 10, 2), back);
            assert_ne!(drawn(seed, 10, 0), drawn(seed, 10, 2));
        }
    }

    /// Of 1,000 subjects about 100 begin with each of ten points; 60 is more than four standard deviations below.
    #[test]
    fn every_point_stands_everywhere_and_after_every_other() {
        let orders: Vec<Vec<usize>> = (0..1_000).map(|seed| drawn(seed, 10, 0)).collect();
        for point in 0..10 {
            for place in 0..10 {
                let there = orders.iter().filter(|order| order[place] == point).count();
                assert!(there > 60, "point {point} stood {there} times at {place}");
            }
            for before in (0..10).filter(|before| *before != point) {
                let follows = |order: &&Vec<usize>| order.windows(2).any(|pair| pair == [before, point]);
                let follows = orders.iter().filter(follows).count();
                assert!(follows > 60, "point {point} came {follows} times after {before}");
            }
        }
    }
}
