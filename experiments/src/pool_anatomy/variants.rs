//! The variants that are timed against a loop: items that nothing is done to, and the post's square roots.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::executor::{self, Executor};
use multiprocess::pool::{self, Workers};
use record::Params;

use super::setting::{Fault, Setting};
use super::tasks::{Gate, Meet, Nothing, Root, RootSum, root, sum_of_bits};
use crate::warm::Warm;

type Answered = Result<Outcome, Fault>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
pub(super) const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// A loop is repeated until it has handled about so many items, since one round may take no more than microseconds.
const LOOPED: u64 = 20_000_000;
/// And no more than so often, where there is next to nothing to loop over.
const ROUNDS_AT_MOST: u64 = 10_000;

fn rounds(items: u64) -> u64 {
    (LOOPED / items.max(1)).clamp(1, ROUNDS_AT_MOST)
}

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (items, rounds) = (setting.items(), rounds(setting.items));
    let measured = Measured::take(|| {
        let mut returned = Vec::new();
        for _ in 0..rounds {
            returned = items.iter().map(|item| black_box(*item)).collect();
        }
        Ok::<_, Infallible>((returned, Vec::new()))
    })?;
    Ok(measured.answer(|returned: &Vec<u64>| setting.answer_of_items(returned)).iterations(rounds))
}
// ANCHOR_END: serial

/// On a pool whose workers are awake: what is timed is the map alone.
fn tiny_on_classic(params: &Params, chunksize: Chunksize) -> Answered {
    let setting = Setting::new(params)?;
    let items = setting.items();
    let warm = Warm::start(setting.workers)?;
    let measured = Measured::take(|| Ok::<_, Fault>((warm.pool.map(Nothing, items, chunksize)?, Vec::new())))?;
    Ok(measured.with_workers(warm.finish()?).answer(|returned| setting.answer_of_items(returned)))
}

pub(super) fn tiny_classic(params: &Params) -> Answered {
    tiny_on_classic(params, Chunksize::from(1))
}

pub(super) fn tiny_chunks(params: &Params) -> Answered {
    tiny_on_classic(params, Chunksize::Automatic)
}

pub(super) fn tiny_pool(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let items = setting.items();
    Gate::set(setting.workers)?;
    let pool = pool::Pool::start(pool::Config::new(setting.workers))?;
    met(pool.map(Meet, vec![(); setting.workers], 1), setting.workers)?;
    let measured = Measured::take(|| Ok::<_, Fault>((pool.map(Nothing, items, 1)?, Vec::new())))?;
    let workers = pool.finish(POOL_DEADLINE)?.into_iter().map(|record| record.worker).collect();
    Ok(measured.with_workers(workers).answer(|returned| setting.answer_of_items(returned)))
}

pub(super) fn tiny_executor(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let items = setting.items();
    let executor = awake(setting.workers)?;
    let measured = Measured::take(|| {
        let returned: Result<Vec<u64>, _> = executor.map(Nothing, items, 1, POOL_DEADLINE)?.collect();
        Ok::<_, Fault>((returned?, Vec::new()))
    })?;
    let workers = executor.finish(POOL_DEADLINE)?.into_iter().map(|record| record.worker).collect();
    Ok(measured.with_workers(workers).answer(|returned| setting.answer_of_items(returned)))
}

/// An executor all of whose workers have started, since each had a task at the same time.
pub(super) fn awake(workers: usize) -> Result<Executor, Fault> {
    Gate::set(workers)?;
    let executor = Executor::new(executor::Config::new(workers))?;
    met(executor.map(Meet, vec![(); workers], 1, POOL_DEADLINE)?.collect(), workers)?;
    Ok(executor)
}

/// Every worker was in a task of its own.
fn met(pids: Result<Vec<u32>, multiprocess::Error>, workers: usize) -> Result<(), Fault> {
    let mut pids = pids?;
    pids.sort_unstable();
    pids.dedup();
    if pids.len() == workers { Ok(()) } else { Err(format!("{} of {workers} workers met", pids.len()).into()) }
}

pub(super) fn serial_roots(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (numbers, rounds) = (setting.numbers(), rounds(setting.numbers));
    let measured = Measured::take(|| {
        let mut roots = Vec::new();
        for _ in 0..rounds {
            // Hidden from the optimiser, which would see that each round is like the one before.
            roots = black_box(&numbers).iter().map(|number| root(*number)).collect();
        }
        Ok::<_, Infallible>((roots, Vec::new()))
    })?;
    Ok(measured.answer(|roots: &Vec<f64>| answer_of_roots(&setting, roots)).iterations(rounds))
}

fn answer_of_roots(setting: &Setting, roots: &[f64]) -> String {
    setting.answer_of_roots(sum_of_bits(roots.iter().copied()))
}

// ANCHOR: roots_pool
/// The post's line, with the pool that it needs around it.
pub(super) fn roots_pool(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let numbers = setting.numbers();
    let config = Config::new(setting.workers).deadline(POOL_DEADLINE);
    let measured = Measured::take(|| {
        let pool = Pool::start(config)?;
        let roots = pool.map(Root, numbers, Chunksize::Automatic)?;
        Ok::<_, Fault>((roots, pool.finish()?))
    })?;
    Ok(measured.answer(|roots| answer_of_roots(&setting, roots)))
}
// ANCHOR_END: roots_pool

/// What the post did not try: as many ranges as the pool would make chunks, and no number or root crosses.
pub(super) fn roots_ranges(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let step = Chunksize::Automatic.resolve(usize::try_from(setting.numbers)?, setting.workers) as u64;
    let ranges = (0..setting.numbers.div_ceil(step)).map(|place| place * step);
    let ranges: Vec<(u64, u64)> = ranges.map(|begin| (begin, (begin + step).min(setting.numbers))).collect();
    let config = Config::new(setting.workers).deadline(POOL_DEADLINE);
    let measured = Measured::take(|| {
        let pool = Pool::start(config)?;
        let sums = pool.map(RootSum, ranges, Chunksize::from(1))?;
        Ok::<_, Fault>((sums, pool.finish()?))
    })?;
    let sum = |sums: &Vec<u64>| sums.iter().fold(0_u64, |sum, part| sum.wrapping_add(*part));
    Ok(measured.answer(|sums| setting.answer_of_roots(sum(sums))))
}
