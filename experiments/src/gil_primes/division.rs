//! Trial division as the post has it, and how the numbers are split between workers.

use std::ops::Range;

use bincode::{Decode, Encode};
use multiprocess::gil::Attached;

/// What counting a range comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Tally {
    pub(crate) primes: u64,
    pub(crate) divisions: u64,
}

impl Tally {
    pub(crate) fn sum(tallies: impl IntoIterator<Item = Self>) -> Self {
        tallies.into_iter().fold(Self::default(), |sum, tally| Self {
            primes: sum.primes + tally.primes,
            divisions: sum.divisions + tally.divisions,
        })
    }
}

/// What the loops pass before each number and each division, as CPython's loops look at the eval breaker whenever they jump back.
pub(crate) trait SafePoint {
    fn pass(&self);
}

/// No interpreter, no lock: passing costs nothing.
#[derive(Debug)]
pub(crate) struct NoLock;

impl SafePoint for NoLock {
    #[inline(always)]
    fn pass(&self) {}
}

impl SafePoint for Attached<'_> {
    #[inline(always)]
    fn pass(&self) {
        self.checkpoint();
    }
}

// ANCHOR: count
/// Counts the primes of `numbers` by dividing each number by 2, 3, 4 and so on up to its root, until one divides it.
///
/// Not inlined, so that every variant with the same kind of safe point runs the same machine code.
#[inline(never)]
pub(crate) fn count(numbers: Range<u32>, safe_point: &impl SafePoint) -> Tally {
    let mut tally = Tally::default();
    for number in numbers {
        safe_point.pass();
        let root = root(number);
        let mut divisor = 2;
        let mut prime = number >= 2;
        while divisor <= root {
            safe_point.pass();
            if number.is_multiple_of(divisor) {
                prime = false;
                break;
            }
            divisor += 1;
        }
        tally.primes += u64::from(prime);
        // Those that left a remainder, and the one that did not.
        tally.divisions += u64::from(divisor - 2) + u64::from(number >= 2 && !prime);
    }
    tally
}
// ANCHOR_END: count

/// The root of `number`, rounded down; a double holds every 32-bit number and its root well enough.
fn root(number: u32) -> u32 {
    f64::from(number).sqrt() as u32
}

/// The post's split: equal ranges of the numbers below the end, the first without those below the start. For 2 workers, 2 and
/// 100,000: 2 to 50,000 and 50,000 to 100,000.
pub(crate) fn post_split(numbers: &Range<u32>, workers: u32) -> Vec<Range<u32>> {
    let bound = |part: u32| (u64::from(numbers.end) * u64::from(part) / u64::from(workers)) as u32;
    let inside = |bound: u32| bound.clamp(numbers.start.min(numbers.end), numbers.end);
    (0..workers).map(|part| inside(bound(part))..inside(bound(part + 1))).collect()
}

/// How many blocks the numbers are cut into before they are dealt out by work.
const BLOCKS: u32 = 4_096;

/// Ranges with an equal share of the divisions each, as nearly as blocks of a 4,096th of the numbers allow. It counts everything once to know.
pub(crate) fn fair_split(numbers: &Range<u32>, workers: u32) -> Vec<Range<u32>> {
    let blocks: Vec<Range<u32>> = blocks(numbers, numbers.clone().count().div_ceil(BLOCKS as usize)).collect();
    let work: Vec<u64> = blocks.iter().map(|block| count(block.clone(), &NoLock).divisions).collect();
    let total: u64 = work.iter().sum();
    let mut parts = Vec::with_capacity(workers as usize);
    let (mut begin, mut done, mut next) = (numbers.start.min(numbers.end), 0, 0);
    for part in 1..=u64::from(workers) {
        let due = (u128::from(total) * u128::from(part) / u128::from(workers)) as u64;
        // A block is this part's if more than half of it is due by now.
        while next < blocks.len() && (done + work[next] / 2 < due || part == u64::from(workers)) {
            done += work[next];
            next += 1;
        }
        let end = if next == blocks.len() { numbers.end } else { blocks[next].start };
        parts.push(begin..end.max(begin));
        begin = end.max(begin);
    }
    parts
}

/// The numbers in blocks of `size`, in order; the last one may be shorter.
pub(crate) fn blocks(numbers: &Range<u32>, size: usize) -> impl Iterator<Item = Range<u32>> + Clone + use<> {
    let end = numbers.end;
    let size = size.max(1);
    numbers.clone().step_by(size).map(move |begin| begin..begin.saturating_add(size as u32).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_primes_are_counted_with_their_divisions() {
        // 2 and 3 need none; 4 one, 5 one, 6 one, 7 one, 8 one, 9 two.
        assert_eq!(count(2..10, &NoLock), Tally { primes: 4, divisions: 7 });
        assert_eq!(count(0..2, &NoLock), Tally::default());
        assert_eq!(count(97..98, &NoLock), Tally { primes: 1, divisions: 8 });
        assert_eq!(count(4_294_967_291..4_294_967_292, &NoLock).primes, 1, "the largest prime of 32 bits");
    }

    /// The post "Python Multiprocessing for CPU-Bound Parallelism" counts 9592 primes below 100,000, in halves of unlike work.
    #[test]
    fn the_post_s_halves_are_uneven() {
        let [first, second] = post_split(&(2..100_000), 2).try_into().unwrap();
        assert_eq!((first.clone(), second.clone()), (2..50_000, 50_000..100_000));
        let [first, second] = [first, second].map(|part| count(part, &NoLock));
        assert_eq!((first.primes + second.primes, first.divisions, second.divisions), (9_592, 1_055_975, 1_689_718));
    }

    /// Every split covers the numbers once and in order, however many workers there are.
    #[test]
    fn parts_follow_each_other_without_gap_or_overlap() {
        let empty = Range { start: 9, end: 4 };
        for numbers in [empty, 2..100, 90..100, 5..5, 0..1, 0..7, 2..5_003] {
            for workers in [1, 2, 3, 7, 200] {
                for parts in [post_split(&numbers, workers), fair_split(&numbers, workers)] {
                    let all: Vec<u32> = parts.iter().cloned().flatten().collect();
                    assert_eq!(all, numbers.clone().collect::<Vec<_>>(), "{numbers:?}, {workers}: {parts:?}");
                    assert_eq!(parts.len(), workers as usize);
                }
            }
        }
    }

    #[test]
    fn a_fair_split_shares_the_divisions_equally() {
        let parts = fair_split(&(2..100_000), 2).into_iter().map(|part| count(part, &NoLock).divisions);
        let parts: Vec<u64> = parts.collect();
        assert!(parts[0].abs_diff(parts[1]) < (parts[0] + parts[1]) / 500, "{parts:?}");
    }
}
