//! A segmented sieve of Eratosthenes on one core: what another algorithm does for the same question.
//!
//! One bit per odd number, in segments that stay in the first-level cache. The multiples of 3 to 13 come as two patterns that repeat
//! every 105 and 143 words; larger primes cross out their odd multiples from their square on.

use std::ops::Range;

/// Words of 64 odd numbers in a segment: 32 KiB, as small as first-level caches are.
const SEGMENT_WORDS: usize = 4_096;

/// The primes whose multiples come as patterns, and how long these are, in words.
const PATTERNS: [(&[u32], usize); 2] = [(&[3, 5, 7], 105), (&[11, 13], 143)];

/// The smallest prime that crosses its multiples out one by one.
const FIRST_ALONE: u32 = 17;

/// Counts the primes of `numbers`.
pub(crate) fn count(numbers: Range<u32>) -> u64 {
    if numbers.start >= numbers.end {
        return 0;
    }
    // Primes that the bits cannot tell: 2 is even, and the patterns cross out 3 to 13 themselves.
    let small = [2, 3, 5, 7, 11, 13].iter().filter(|prime| numbers.contains(prime)).count() as u64;
    let first = u64::from(numbers.start.max(FIRST_ALONE)) / 2;
    // Bit `b` is the number 2b + 1; the last one needed is the largest odd number below the end.
    let beyond = u64::from(numbers.end) / 2;
    if first >= beyond {
        return small;
    }
    small + Segments::new(beyond).count(first, beyond)
}

struct Segments {
    patterns: [Vec<u64>; 2],
    /// A prime, and the bit of its next multiple, counted from the beginning of the next segment.
    primes: Vec<(u32, u64)>,
    bits: Vec<u64>,
}

impl Segments {
    /// Everything that is needed for the bits before `beyond`.
    fn new(beyond: u64) -> Self {
        let root = (2.0 * beyond as f64).sqrt() as u32 + 1;
        let primes = odd_primes(root).into_iter().filter(|prime| *prime >= FIRST_ALONE).map(|prime| (prime, 0));
        Self {
            patterns: PATTERNS.map(|(primes, words)| pattern(primes, words)),
            primes: primes.collect(),
            bits: vec![0; SEGMENT_WORDS],
        }
    }

    /// Counts the primes from bit `first` to bit `beyond`.
    fn count(mut self, first: u64, beyond: u64) -> u64 {
        let mut word = first / 64;
        for (prime, next) in &mut self.primes {
            *next = first_multiple(u64::from(*prime), word * 64) - word * 64;
        }
        let mut primes = 0;
        while word * 64 < beyond {
            let words = SEGMENT_WORDS.min((beyond - word * 64).div_ceil(64) as usize);
            self.fill(word, words);
            self.cross_out(words as u64 * 64);
            let bits = &mut self.bits[..words];
            if word * 64 < first {
                bits[0] |= (1 << (first % 64)) - 1;
            }
            if (word + words as u64) * 64 > beyond {
                bits[words - 1] |= !0 << (beyond % 64);
            }
            primes += bits.iter().map(|word| u64::from(word.count_zeros())).sum::<u64>();
            word += words as u64;
        }
        primes
    }

    /// Lays the patterns over the next segment, which begins with `word`.
    fn fill(&mut self, word: u64, words: usize) {
        let [mut a, mut b] = PATTERNS.map(|(_, length)| (word % length as u64) as usize);
        let [first, second] = &self.patterns;
        for bits in &mut self.bits[..words] {
            *bits = first[a] | second[b];
            a = if a + 1 == first.len() { 0 } else { a + 1 };
            b = if b + 1 == second.len() { 0 } else { b + 1 };
        }
    }

    /// Crosses out the multiples in the next segment, which is `length` bits long.
    fn cross_out(&mut self, length: u64) {
        for (prime, next) in &mut self.primes {
            let mut bit = *next;
            while bit < length {
                self.bits[(bit / 64) as usize] |= 1 << (bit % 64);
                bit += u64::from(*prime);
            }
            *next = bit - length;
        }
    }
}

/// The bit of the first odd multiple of `prime` from its square on that is not before `bit`. Odd multiples are `prime` bits apart.
fn first_multiple(prime: u64, bit: u64) -> u64 {
    let square = prime * prime / 2;
    square + bit.saturating_sub(square).div_ceil(prime) * prime
}

/// `words` words in which the odd multiples of `primes` are crossed out, the primes themselves included.
fn pattern(primes: &[u32], words: usize) -> Vec<u64> {
    let mut bits = vec![0; words];
    for prime in primes {
        for bit in (*prime as usize / 2..words * 64).step_by(*prime as usize) {
            bits[bit / 64] |= 1 << (bit % 64);
        }
    }
    bits
}

/// The odd primes up to `last`, by a plain sieve.
fn odd_primes(last: u32) -> Vec<u32> {
    let mut composite = vec![false; last as usize / 2 + 1];
    let mut primes = Vec::new();
    for number in (3..=last).step_by(2) {
        if !composite[number as usize / 2] {
            primes.push(number);
            for multiple in (u64::from(number).pow(2)..=u64::from(last)).step_by(2 * number as usize) {
                composite[multiple as usize / 2] = true;
            }
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gil_primes::division::{self, NoLock};

    #[test]
    fn it_counts_what_trial_division_counts() {
        for start in [0, 1, 2, 3, 4, 13, 14, 17, 18, 97, 127, 128, 129, 288, 289, 290, 4_999] {
            for end in [0, 1, 2, 3, 4, 13, 14, 17, 18, 19, 97, 98, 127, 128, 129, 130, 289, 290, 361, 362, 5_003, 5_004]
            {
                assert_eq!(count(start..end), division::count(start..end, &NoLock).primes, "{start}..{end}");
            }
        }
    }

    /// From OEIS A006880; a segment ends every 524,288 numbers.
    #[test]
    fn it_counts_across_segments() {
        assert_eq!(count(2..100_000), 9_592);
        assert_eq!(count(0..10_000_000), 664_579);
        let halves = [0..524_288 * 3 + 77, 524_288 * 3 + 77..10_000_000].map(count);
        assert_eq!(halves.iter().sum::<u64>(), 664_579);
    }
}
