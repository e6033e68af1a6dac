//! The way back: tasks that do the same work return results of every size, and keep results of every size.

use std::iter::successors;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use harness::Measured;
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{Function, register_function};
use record::Params;

use super::sum::{pieces_of, sum};
use super::variants::{Answered, Fault, ns};
use super::worker::POOL_DEADLINE;
use crate::turns;

/// The work of a map, in bytes to sum, if the array has so many: its tasks take an equal part each.
const WORK_BYTES: usize = 4 << 20;

/// The smallest size of a result, and from one to the next.
const SMALLEST: u64 = 1 << 10;
const STEP: u64 = 4;

/// What the tasks sum. They inherit it.
static WORK: OnceLock<Vec<u8>> = OnceLock::new();

// ANCHOR: task
/// Sums a part of the array, and makes a result of some size beside it. The result is returned, or stays in the worker.
#[derive(Encode, Decode)]
pub(crate) struct SumAndReturn {
    result_bytes: usize,
    returned: bool,
}

impl Function for SumAndReturn {
    const NAME: &'static str = "big_argument::SumAndReturn";
    type State = ();
    type Item = (usize, usize);
    type Output = (u64, Vec<u8>);

    fn call(&self, _: &(), (first, end): (usize, usize)) -> (u64, Vec<u8>) {
        let work = WORK.get().expect("the work is there before the fork");
        let result = std::hint::black_box(vec![1; self.result_bytes]);
        let sum = sum(&work[first..end]);
        if self.returned { (sum, result) } else { (sum, Vec::new()) }
    }
}
register_function!(SumAndReturn);
// ANCHOR_END: task

/// The sizes of the results: from 1 KiB on, each four times the one before, up to the largest.
pub(super) fn sizes(largest: u64) -> Vec<u64> {
    let down = successors(Some(largest), |size| Some(size / STEP)).take_while(|size| *size >= SMALLEST);
    let mut sizes: Vec<u64> = down.collect();
    if sizes.is_empty() {
        sizes.push(largest);
    }
    sizes.reverse();
    sizes
}

/// The array, the work of the workers, and for each task a result: with its worker, on its way, and with the parent, in two shapes each.
pub(super) fn memory_bytes(params: &Params) -> u64 {
    let results = params["result_bytes"].saturating_mul(params["items"].saturating_add(4 * params["workers"]));
    super::arrays(params, 1).saturating_add(results).saturating_add((1 + params["workers"]) * super::PROCESS_BYTES)
}

/// One sweep over the sizes on one pool.
struct Sweep<'a> {
    workers: usize,
    parts: &'a [(usize, usize)],
    sizes: &'a [u64],
    expected: u64,
}

impl Sweep<'_> {
    /// The time of a map at each size, in turns that are drawn.
    fn take(&self, returned: bool) -> Result<Vec<u64>, Fault> {
        let pool = Pool::start(Config::new(self.workers).deadline(POOL_DEADLINE))?;
        // Everyone has touched the work, or nearly: a busy worker leaves its second task to another.
        self.map(&pool, 0, false)?;
        let mut times = vec![0; self.sizes.len()];
        for point in turns::order(self.sizes.len(), usize::from(returned)) {
            times[point] = ns(self.map(&pool, usize::try_from(self.sizes[point])?, returned)?);
        }
        pool.finish()?;
        Ok(times)
    }

    fn map(&self, pool: &Pool<()>, result_bytes: usize, returned: bool) -> Result<Duration, Fault> {
        let begin = Instant::now();
        let outputs = pool.map(SumAndReturn { result_bytes, returned }, self.parts.to_vec(), Chunksize::from(1))?;
        let took = begin.elapsed();
        let right = if returned { result_bytes } else { 0 };
        let sum: u64 = outputs.iter().map(|(sum, _)| sum).sum();
        if sum != self.expected || outputs.iter().any(|(_, result)| result.len() != right) {
            return Err("a result is not what its task returned".into());
        }
        Ok(took)
    }
}

/// `count` parts of so many bytes, as equal as can be.
fn parts(bytes: usize, count: usize) -> Vec<(usize, usize)> {
    (0..count).map(|part| (bytes * part / count, bytes * (part + 1) / count)).collect()
}

pub(super) fn result_fan_out(params: &Params) -> Answered {
    let (items, workers) = (usize::try_from(params["items"])?, usize::try_from(params["workers"])?);
    let pieces = pieces_of(usize::try_from(params["bytes"])?, params["seed"], WORK_BYTES);
    let total: u64 = pieces.iter().map(|piece| sum(piece)).sum();
    let array = pieces.into_iter().next().unwrap_or_default();
    let parts = parts(array.len(), items);
    let (sizes, expected) = (sizes(params["result_bytes"]), sum(&array));
    WORK.set(array).map_err(|_| "a subject runs one variant")?;
    let sweep = Sweep { workers, parts: &parts, sizes: &sizes, expected };
    let measured = Measured::take(|| {
        let kept = sweep.take(false)?;
        let returned = sweep.take(true)?;
        let one_worker = Sweep { workers: 1, ..sweep }.take(true)?;
        Ok::<_, Fault>(([kept, returned, one_worker], Vec::new()))
    })?;
    let mut times = [const { Vec::new() }; 3];
    let outcome = measured.answer(|found| {
        times.clone_from(found);
        total.to_string()
    });
    let per_second = |times: &[u64]| {
        let bytes = sizes.iter().map(|size| u128::from(size * params["items"]) * 1_000_000_000);
        bytes.zip(times).map(|(bytes, ns)| u64::try_from(bytes / u128::from(*ns).max(1)).unwrap_or(u64::MAX)).collect()
    };
    let rates = [per_second(&times[1]), per_second(&times[2])];
    let outcome = outcome.iterations(3 * (1 + sizes.len() as u64)).series("sizes", sizes);
    let names = ["kept_ns", "returned_ns", "one_worker_ns"];
    let outcome = names.into_iter().zip(times).fold(outcome, |outcome, (name, times)| outcome.series(name, times));
    let names = ["returned_bytes_per_s", "one_worker_bytes_per_s"];
    Ok(names.into_iter().zip(rates).fold(outcome, |outcome, (name, rates)| outcome.series(name, rates)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_grow_fourfold_up_to_the_largest() {
        assert_eq!(sizes(1 << 14), [1 << 10, 1 << 12, 1 << 14]);
        assert_eq!(sizes(5_000), [1_250, 5_000]);
        assert_eq!((sizes(1_023), sizes(0)), (vec![1_023], vec![0]));
    }

    #[test]
    fn the_parts_are_the_whole() {
        assert_eq!(parts(10, 3), [(0, 3), (3, 6), (6, 10)]);
        assert_eq!(parts(0, 2), [(0, 0), (0, 0)]);
        assert_eq!(parts(2, 4), [(0, 0), (0, 1), (1, 1), (1, 2)]);
    }
}
