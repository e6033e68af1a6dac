//! The ways to do the workload. What is timed is all that a program would wait for: start, map, and end of the pool.

use std::convert::Infallible;
use std::error::Error;
use std::time::{Duration, Instant};

use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::pool::Workers;
use multiprocess::{Function, StartMethod, Threads, pool};
use record::Params;

use super::kernel::{Work, answer, items};
use crate::outcome::ns;
use crate::{Measured, Outcome};

type Answered = Result<Outcome, Box<dyn Error + Send + Sync>>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// How long the three parts took.
struct Parts {
    start: Duration,
    map: Duration,
    finish: Duration,
}

/// Calls `work` and says how long it took.
fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), E> {
    let begin = Instant::now();
    let done = work()?;
    Ok((done, begin.elapsed()))
}

/// The parameters as facts: a row of a campaign is complete in itself.
fn described(outcome: Outcome, params: &Params, parts: &Parts) -> Outcome {
    let outcome = params.iter().fold(outcome, |outcome, (name, value)| outcome.fact(name, *value));
    outcome.fact("start_ns", ns(parts.start)).fact("map_ns", ns(parts.map)).fact("finish_ns", ns(parts.finish))
}

pub(super) fn serial(params: &Params) -> Answered {
    let items = items(params);
    let measured = Measured::take(|| {
        let outputs: Vec<_> = items.into_iter().map(|item| Work.call(&(), item)).collect();
        Ok::<_, Infallible>((outputs, Vec::new()))
    })?;
    let outcome = measured.answer(|outputs| answer(outputs));
    Ok(params.iter().fold(outcome, |outcome, (name, value)| outcome.fact(name, *value)))
}

pub(super) fn threads(params: &Params) -> Answered {
    let (workers, chunksize) = (usize::try_from(params["workers"])?, Chunksize::from(params["chunksize"]));
    let items = items(params);
    let mut parts = None;
    let measured = Measured::take(|| {
        let (threads, start) = timed(|| Threads::start(pool::Config::new(workers)))?;
        let (outputs, map) = timed(|| threads.map(Work, items, chunksize))?;
        let ((), finish) = timed(|| threads.finish(POOL_DEADLINE))?;
        parts = Some(Parts { start, map, finish });
        Ok::<_, multiprocess::Error>((outputs, Vec::new()))
    })?;
    let parts = parts.ok_or("the threads did not end")?;
    Ok(described(measured.answer(|outputs| answer(outputs)), params, &parts))
}

fn processes(params: &Params, method: StartMethod) -> Answered {
    let (workers, chunksize) = (usize::try_from(params["workers"])?, Chunksize::from(params["chunksize"]));
    let items = items(params);
    let config = Config::new(workers).start_method(method).deadline(POOL_DEADLINE);
    let mut parts = None;
    let measured = Measured::take(|| {
        let (pool, start) = timed(|| Pool::start(config))?;
        let (outputs, map) = timed(|| pool.map(Work, items, chunksize))?;
        let (reports, finish) = timed(|| pool.finish())?;
        parts = Some(Parts { start, map, finish });
        Ok::<_, multiprocess::Error>((outputs, reports))
    })?;
    let parts = parts.ok_or("the pool did not end")?;
    Ok(described(measured.answer(|outputs| answer(outputs)), params, &parts))
}

pub(super) fn processes_fork(params: &Params) -> Answered {
    processes(params, StartMethod::Fork)
}

pub(super) fn processes_forkserver(params: &Params) -> Answered {
    processes(params, StartMethod::ForkServer)
}

pub(super) fn processes_spawn(params: &Params) -> Answered {
    processes(params, StartMethod::Spawn)
}
