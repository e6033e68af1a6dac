//! Whether what was measured moves with the time at which it was: a machine that grows warm, a neighbour that wakes up.
//!
//! The blocks' order cancels a steady drift out of the ratios (see [`block_ratio`](super::block_ratio)); these two tell whether there was
//! one. Both are told beside the interval and change nothing about it.

use std::sync::OnceLock;

use record::{Arm, Drift};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The fewest values in which an order can be seen at all: of four, one order in twelve is perfect.
const AT_LEAST: usize = 4;
/// Up to here every arrangement is counted; beyond it the t approximation errs by less than a hundredth where p is small.
const EXACT_UP_TO: usize = 10;

/// Whether `values`, in the order in which they were taken, grow or fall with time: Spearman's rank correlation with that order, which asks
/// nothing of how they are distributed, and the two-sided probability that chance alone gives one as far from 0 (the test of trend of
/// Daniels, "Rank correlation and population models", Journal of the Royal Statistical Society B 12, 1950).
///
/// Ranks are the same for values and their logarithms. Equal values share the mean of their ranks. Up to ten values, p counts every
/// arrangement of the ranks; beyond, it comes from Student's t with n - 2 degrees of freedom (Kendall and Gibbons 1990, "Rank Correlation
/// Methods"). None for fewer than four values, for one that is not finite, and for values that are all equal.
///
/// ```
/// let warming = harness::statistics::drift(&[1.0, 1.1, 1.2, 1.4, 1.5]).unwrap();
/// assert_eq!((warming.statistic, warming.n), (1.0, 5));
/// // Two of the 120 arrangements of five are perfect: the growing and the falling one.
/// assert!((warming.p - 2.0 / 120.0).abs() < 1e-12);
/// ```
pub fn drift(values: &[f64]) -> Option<Drift> {
    let n = values.len();
    if n < AT_LEAST || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let (doubled, groups) = doubled_ranks(values);
    let statistic = correlation(&doubled)?;
    let p = if n <= EXACT_UP_TO { exact_p(&doubled, &groups) } else { approximate_p(statistic, n)? };
    Some(Drift { statistic, p, n })
}

/// The later of a block's two baseline subjects by the earlier, from elapsed times in the order in which they ran: 1 but for chance on a
/// machine that holds still, whatever the variant does. NaN for a block that does not hold two of each arm.
///
/// Its geometric mean over blocks, with [`mean_interval`](super::mean_interval), tells a drift within blocks: the subjects are three places
/// apart in A B B A and one in B A A B.
///
/// ```
/// use record::Arm::{A, B};
/// let step = harness::statistics::later_by_earlier(&[(A, 10.0), (B, 40.0), (B, 41.0), (A, 11.0)]);
/// assert_eq!(step, 1.1);
/// ```
pub fn later_by_earlier(arms: &[(Arm, f64); 4]) -> f64 {
    let mut baselines = arms.iter().filter(|(arm, _)| *arm == Arm::A).map(|(_, time)| time);
    match (baselines.next(), baselines.next(), baselines.next()) {
        (Some(earlier), Some(later), None) => later / earlier,
        _ => f64::NAN,
    }
}

/// Twice the rank of each value, so that the mean rank of equal ones is a whole number; and how many values share each rank, with twice that
/// rank, the lowest first.
fn doubled_ranks(values: &[f64]) -> (Vec<usize>, Vec<Group>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut doubled = vec![0; values.len()];
    let mut groups = Vec::new();
    let mut begin = 0;
    for equal in order.chunk_by(|one, other| values[*one] == values[*other]) {
        // The ranks from begin + 1 to begin + len, of which this is the first plus the last.
        let rank = 2 * begin + equal.len() + 1;
        equal.iter().for_each(|position| doubled[*position] = rank);
        groups.push(Group { doubled_rank: rank, size: equal.len() });
        begin += equal.len();
    }
    (doubled, groups)
}

/// Values that are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    doubled_rank: usize,
    size: usize,
}

/// Pearson's correlation of the ranks with 1, 2, 3 and so on. None if all ranks are equal.
fn correlation(doubled: &[usize]) -> Option<f64> {
    // Twice the mean of 1 to n, which is also the mean of the doubled ranks.
    let mean = (doubled.len() + 1) as f64;
    let deviations = doubled.iter().enumerate().map(|(at, rank)| (2.0 * (at + 1) as f64 - mean, *rank as f64 - mean));
    let (mut product, mut squares_of_place, mut squares_of_rank) = (0.0, 0.0, 0.0);
    for (place, rank) in deviations {
        product += place * rank;
        squares_of_place += place * place;
        squares_of_rank += rank * rank;
    }
    (squares_of_rank > 0.0).then(|| product / (squares_of_place * squares_of_rank).sqrt())
}

/// The part of all arrangements of these ranks whose correlation with the order is at least as far from 0 as theirs.
///
/// The correlation grows with the sum of place times rank, and is 0 where that sum is its mean.
fn exact_p(doubled: &[usize], groups: &[Group]) -> f64 {
    // The distribution without equal values is the same for every set of a size.
    static UNTIED: [OnceLock<Vec<f64>>; EXACT_UP_TO + 1] = [const { OnceLock::new() }; EXACT_UP_TO + 1];
    let n = doubled.len();
    let own;
    let arrangements = if groups.len() == n {
        UNTIED[n].get_or_init(|| arrangements_by_sum(groups))
    } else {
        own = arrangements_by_sum(groups);
        &own
    };
    let sum: usize = doubled.iter().enumerate().map(|(at, rank)| (at + 1) * rank).sum();
    // The mean of the sum is n (n + 1) / 2 times n + 1: twice it is a whole number.
    let distance = |sum: usize| (2 * sum).abs_diff(n * (n + 1) * (n + 1));
    let extreme = arrangements.iter().enumerate().filter(|(other, _)| distance(*other) >= distance(sum));
    extreme.map(|(_, count)| count).sum::<f64>() / arrangements.iter().sum::<f64>()
}

/// How many different arrangements of the ranks give each sum of place times doubled rank.
///
/// Places are filled one after the other. What is left to fill them with depends only on how many of each group were used; that is the
/// state, its digits the counts, and of it only the number of ways for each sum so far is kept.
fn arrangements_by_sum(groups: &[Group]) -> Vec<f64> {
    let strides: Vec<usize> = groups
        .iter()
        .scan(1, |stride, group| {
            let own = *stride;
            *stride *= group.size + 1;
            Some(own)
        })
        .collect();
    let states: usize = groups.iter().map(|group| group.size + 1).product();
    // The rising arrangement has the largest sum.
    let rising = groups.iter().flat_map(|group| std::iter::repeat_n(group.doubled_rank, group.size));
    let largest: usize = rising.enumerate().map(|(at, rank)| (at + 1) * rank).sum();
    let mut ways = vec![Vec::new(); states];
    ways[0] = vec![0.0; largest + 1];
    ways[0][0] = 1.0;
    for state in 0..states {
        let used = |group: usize| state / strides[group] % (groups[group].size + 1);
        let place = (0..groups.len()).map(used).sum::<usize>() + 1;
        let here: Vec<f64> = if state + 1 < states { std::mem::take(&mut ways[state]) } else { break };
        for (number, group) in groups.iter().enumerate().filter(|(number, group)| used(*number) < group.size) {
            let step = place * group.doubled_rank;
            let next = &mut ways[state + strides[number]];
            next.resize(largest + 1, 0.0);
            for (sum, count) in here.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                next[sum + step] += count;
            }
        }
    }
    ways.pop().unwrap_or_default()
}

/// Student's t in place of counting: two-sided, n - 2 degrees of freedom.
fn approximate_p(statistic: f64, n: usize) -> Option<f64> {
    let freedom = n as f64 - 2.0;
    let t = statistic.abs() * (freedom / (1.0 - statistic * statistic).max(0.0)).sqrt();
    Some(2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf(t))
}

#[cfg(test)]
mod tests;
