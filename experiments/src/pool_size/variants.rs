//! The variants: the same additions by pools of many sizes, with all cores, with neighbours, and behind two kinds of fence.

use std::convert::Infallible;

use harness::environment::usable_cores;
use harness::{Measured, Outcome};
use multiprocess::classic::Chunksize;
use record::Params;

use super::fence::{Quota, pin_to_one_core, reported_cores};
use super::neighbours::Neighbours;
use super::sweep::{Failed, Job, points, sweep};
use super::work::{Work, add};

type Answered = Result<Outcome, Failed>;

/// `Pool.map`'s own chunksize: the items by four times the workers.
const DEFAULT: u64 = 0;

fn total(params: &Params) -> u64 {
    params["items"].saturating_mul(params["inner"])
}

fn job(params: &Params, work: Work, chunksize: u64) -> Result<Job, Failed> {
    let costs = work.costs(usize::try_from(params["items"])?, total(params));
    Ok(Job { costs, chunksize: Chunksize::from(chunksize) })
}

fn most(params: &Params) -> Result<usize, Failed> {
    Ok(usize::try_from(params["workers"])?)
}

/// Adds what a program is told about the cores.
fn with_cores(outcome: Outcome) -> Outcome {
    outcome.fact("reported_cores", reported_cores() as u64).fact("usable_cores", usable_cores() as u64)
}

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    let costs = Work::Even.costs(usize::try_from(params["items"])?, total(params));
    let measured = Measured::take(|| {
        let done: u64 = costs.iter().map(|additions| add(*additions)).sum();
        Ok::<_, Infallible>((done, Vec::new()))
    })?;
    Ok(with_cores(measured.answer(u64::to_string)))
}
// ANCHOR_END: serial

fn swept(params: &Params, work: Work, chunksize: u64) -> Answered {
    let sizes = points(usable_cores(), most(params)?);
    Ok(with_cores(sweep(&job(params, work, chunksize)?, &sizes, None)?))
}

pub(super) fn even(params: &Params) -> Answered {
    swept(params, Work::Even, DEFAULT)
}

pub(super) fn uneven(params: &Params) -> Answered {
    swept(params, Work::Uneven, DEFAULT)
}

pub(super) fn uneven_1(params: &Params) -> Answered {
    swept(params, Work::Uneven, 1)
}

pub(super) fn even_loaded(params: &Params) -> Answered {
    let cores = usable_cores();
    let sizes = points(cores, most(params)?);
    let job = job(params, Work::Even, DEFAULT)?;
    let neighbours = Neighbours::start(cores)?;
    let outcome = sweep(&job, &sizes, Some(&neighbours))?;
    Ok(with_cores(outcome).fact("neighbours", cores as u64))
}

// ANCHOR: even_one_core
pub(super) fn even_one_core(params: &Params) -> Answered {
    let sizes = points(usable_cores(), most(params)?);
    pin_to_one_core()?;
    Ok(with_cores(sweep(&job(params, Work::Even, DEFAULT)?, &sizes, None)?))
}
// ANCHOR_END: even_one_core

pub(super) fn even_quota(params: &Params) -> Answered {
    let cores = usable_cores();
    if cores < 2 {
        return Ok(Outcome::not_here("a quota of half the cores needs two of them"));
    }
    let half = cores as u64 / 2;
    let quota = match Quota::of_cores(half) {
        Ok(quota) => quota,
        Err(why) => return Ok(Outcome::not_here(why)),
    };
    let sizes = points(cores, most(params)?);
    let outcome = with_cores(sweep(&job(params, Work::Even, DEFAULT)?, &sizes, None)?);
    Ok(outcome.fact("quota_cores", half).fact("throttled_periods", quota.throttled_periods()))
}
