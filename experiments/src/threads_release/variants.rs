//! The variants: the same sums of the same array, by one thread, by several, and by processes.
//!
//! The array is there before the clock starts, and threads, pools and processes start within the measured time: beside gigabytes they
//! are nothing.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use bincode::{Decode, Encode};
use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::gil::{Gil, SWITCH_INTERVAL};
use multiprocess::{Function, SharedArray, register_function};
use rayon::prelude::*;
use record::Params;
use std::sync::OnceLock;

use super::sums::{BLOCK, answer, array, block_sums, fill, sum, total};
use super::sweep;
use super::threads::{self, Lock};

type Failed = Box<dyn std::error::Error + Send + Sync>;
type Answered = Result<Outcome, Failed>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// Where the forked processes find the array.
static SHARED: OnceLock<SharedArray<f64>> = OnceLock::new();

fn len(params: &Params) -> Result<usize, Failed> {
    Ok(usize::try_from(params["bytes"])? / size_of::<f64>())
}

/// Times `work` over the array, and answers with its sums.
fn over_array(params: &Params, work: impl FnOnce(&[f64]) -> Vec<f64>) -> Answered {
    let numbers = array(len(params)?);
    let measured = Measured::take(|| Ok::<_, Infallible>((work(black_box(&numbers)), Vec::new())))?;
    Ok(measured.answer(|sums| answer(sums)))
}

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    over_array(params, |numbers| (0..params["sums"]).map(|_| sum(numbers)).collect())
}
// ANCHOR_END: serial

// ANCHOR: serial_blocked
/// All sums of one block, before the next block is fetched: the array is read once.
pub(super) fn serial_blocked(params: &Params) -> Answered {
    over_array(params, |numbers| {
        // As an iterator's sum begins, so that no bit differs even if nothing is added.
        let mut sums = vec![-0.0; params["sums"] as usize];
        for block in numbers.chunks(BLOCK) {
            for all in &mut sums {
                *all += sum(block);
            }
        }
        sums
    })
}
// ANCHOR_END: serial_blocked

fn under_lock(params: &Params, lock: Lock) -> Answered {
    let gil = Gil::new(SWITCH_INTERVAL);
    let outcome =
        over_array(params, |numbers| threads::under_lock(&gil, numbers, params["sums"], params["workers"], lock))?;
    let counts = gil.counts();
    Ok(outcome.fact("gil_takes", counts.takes - counts.yields).fact("gil_waited_ns", counts.waited.as_nanos() as u64))
}

pub(super) fn threads_held(params: &Params) -> Answered {
    under_lock(params, Lock::Held)
}

pub(super) fn threads_released(params: &Params) -> Answered {
    under_lock(params, Lock::Released)
}

pub(super) fn threads_free(params: &Params) -> Answered {
    over_array(params, |numbers| threads::free(numbers, params["sums"], params["workers"]))
}

// ANCHOR: rayon
/// Every sum is cut into blocks, which all threads add up.
pub(super) fn rayon(params: &Params) -> Answered {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(params["workers"] as usize).build()?;
    over_array(params, |numbers| {
        let one = |_| {
            let mut sums = vec![0.0; numbers.len().div_ceil(BLOCK)];
            // Sixteen blocks are a megabyte: there is plenty to share out, and little to share it out by.
            pool.install(|| {
                let parts = numbers.par_chunks(16 * BLOCK).zip(sums.par_chunks_mut(16));
                parts.for_each(|(numbers, sums)| block_sums(numbers, sums));
            });
            total(&sums)
        };
        (0..params["sums"]).map(one).collect()
    })
}
// ANCHOR_END: rayon

/// Adds the shared array up.
#[derive(Encode, Decode)]
struct SumShared;

impl Function for SumShared {
    const NAME: &'static str = "threads_release::SumShared";
    type State = ();
    type Item = ();
    type Output = f64;

    fn call(&self, _: &(), (): ()) -> f64 {
        let array = SHARED.get().expect("the array is there before the fork");
        array.read(0..array.len(), sum).expect("nobody writes")
    }
}
register_function!(SumShared);

// ANCHOR: processes
/// A task is empty, and its result one number: the array is in memory that the workers inherit.
pub(super) fn processes_shared(params: &Params) -> Answered {
    let shared = SharedArray::zeroed(len(params)?)?;
    shared.write(0..shared.len(), fill)?;
    SHARED.set(shared).map_err(|_| "a subject has one array")?;
    let config = Config::new(params["workers"] as usize).deadline(POOL_DEADLINE);
    let measured = Measured::take(|| {
        let pool = Pool::start(config)?;
        let sums = pool.map(SumShared, vec![(); params["sums"] as usize], Chunksize::from(1))?;
        Ok::<_, multiprocess::Error>((sums, pool.finish()?))
    })?;
    Ok(measured.answer(|sums| answer(sums)))
}
// ANCHOR_END: processes

pub(super) fn threads_sweep(params: &Params) -> Answered {
    Ok(sweep::sweep(&array(len(params)?), params["sums"])?)
}
