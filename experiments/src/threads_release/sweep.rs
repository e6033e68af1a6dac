//! How fast threads read together: from one to twice the cores, a large array and one that stays in the caches.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use harness::environment::usable_cores;
use harness::{Measured, Outcome};

use super::sums::{BLOCK, answer, array, block_sums, total};
use crate::turns;

/// An array that stays in the cache next to each core, however few they are.
const SMALL_BYTES: usize = 256 << 10;

/// More threads than this are not tried.
const THREADS_AT_MOST: usize = 64;

/// How many threads there are at each point.
fn points() -> Vec<usize> {
    let most = (2 * usable_cores()).min(THREADS_AT_MOST);
    if most <= 8 {
        (1..=most).collect()
    } else {
        (0..).map(|step| 1 << step).take_while(|count| *count <= most).collect()
    }
}

// ANCHOR: split
/// Adds all numbers up `times` over, each thread a part of them: whole blocks, so that no sum is another.
fn split(numbers: &[f64], threads: usize, times: usize) -> f64 {
    let mut sums = vec![0.0; numbers.len().div_ceil(BLOCK)];
    let part = sums.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        for (numbers, sums) in numbers.chunks(part * BLOCK).zip(sums.chunks_mut(part)) {
            scope.spawn(move || (0..times).for_each(|_| block_sums(black_box(numbers), sums)));
        }
    });
    total(&sums)
}
// ANCHOR_END: split

/// Bytes per second at each number of threads.
fn rates(numbers: &[f64], times: usize, expected: f64) -> Result<Vec<u64>, String> {
    let points = points();
    let mut rates = vec![0; points.len()];
    for point in turns::order(points.len(), 0) {
        let begin = Instant::now();
        let found = split(numbers, points[point], times);
        let seconds = begin.elapsed().as_secs_f64();
        if found.to_bits() != expected.to_bits() {
            return Err(format!("{} threads found {found}, and one found {expected}", points[point]));
        }
        rates[point] = ((size_of_val(numbers) * times) as f64 / seconds.max(1e-9)) as u64;
    }
    Ok(rates)
}

/// Sweeps the threads: once over the large array at each point, and over the small one as often as that takes about as many bytes, up to
/// a few milliseconds' worth. The answer is that of all sums of the lesson.
pub(super) fn sweep(numbers: &[f64], sums: u64) -> Result<Outcome, String> {
    let small = array(SMALL_BYTES / size_of::<f64>());
    let times = (size_of_val(numbers) / SMALL_BYTES).clamp(1, 256);
    let (expected, expected_small) = (split(numbers, 1, 1), split(&small, 1, 1));
    let measured = Measured::take(|| {
        let large = rates(numbers, 1, expected)?;
        Ok::<_, String>(((large, rates(&small, times, expected_small)?), Vec::new()))
    })?;
    let mut found = (Vec::new(), Vec::new());
    let outcome = measured.answer(|rates| {
        found.clone_from(rates);
        answer(&vec![expected; sums as usize])
    });
    let threads = points().into_iter().map(|count| count as u64).collect();
    Ok(outcome.series("threads", threads).series("bytes_per_s", found.0).series("small_bytes_per_s", found.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads_release::sums::sum;

    #[test]
    fn parts_add_up_to_the_same_bits() {
        for len in [0, 1, BLOCK, 5 * BLOCK + 3] {
            let numbers = array(len);
            for threads in [1, 2, 3, 16] {
                assert_eq!(split(&numbers, threads, 2).to_bits(), sum(&numbers).to_bits(), "{len} by {threads}");
            }
        }
    }
}
