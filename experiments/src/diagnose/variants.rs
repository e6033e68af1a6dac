//! The variants: one amount of work, well divided, and with a fault each; watched while it is done.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use harness::diagnose::{Fault, Observation, findings, watched};
use harness::{Measured, Outcome};
use multiprocess::Function;
use multiprocess::classic::Chunksize;
use record::Params;

use super::tasks::{Add, Item, items};
use crate::warm::Warm;

type Answered = Result<Outcome, Box<dyn Error + Send + Sync>>;

/// The items of a map that is well divided.
pub(super) const EVEN_ITEMS: u64 = 64;

/// The time between two looks.
const PERIOD: Duration = Duration::from_millis(5);

pub(super) fn serial(params: &Params) -> Answered {
    let items = items(params["additions"], EVEN_ITEMS, 0);
    let measured = Measured::take(|| {
        let sum = items.into_iter().map(|item| Add.call(&(), item)).sum::<u64>();
        Ok::<_, Infallible>((sum, Vec::new()))
    })?;
    Ok(measured.answer(u64::to_string))
}

/// One map on a pool that is there already.
fn mapped(
    params: &Params,
    items: Vec<Item>,
    chunksize: usize,
    watch: bool,
) -> Result<(Outcome, Option<Observation>), Box<dyn Error + Send + Sync>> {
    let warm = Warm::start(usize::try_from(params["workers"])?)?;
    let mut seen = None;
    let measured = Measured::take(|| {
        let map = || warm.pool.map(Add, items, Chunksize::from(chunksize as u64));
        // ANCHOR: watched
        let outputs = if watch {
            // The workers are there: nothing is forked beside the thread that looks.
            let (outputs, observation) = watched(PERIOD, map);
            seen = Some(observation);
            outputs
        } else {
            map()
        };
        // ANCHOR_END: watched
        Ok::<_, multiprocess::Error>((outputs?.iter().sum::<u64>(), Vec::new()))
    })?;
    Ok((measured.with_workers(warm.finish()?).answer(u64::to_string), seen))
}

/// Adds what was seen, and whether the diagnosis is the fault that is there.
fn diagnosed(outcome: Outcome, seen: Option<Observation>, there: Fault) -> Outcome {
    let Some(seen) = seen else { return outcome };
    let found = findings(&seen);
    let first = found.first();
    let share = |part: u64| 1_000 * part / seen.total_cpu_ns().max(1);
    let parent = seen.processes.first();
    outcome
        .fact("looks", seen.looks)
        .fact("diagnosed", u64::from(first.is_some_and(|finding| finding.fault == there)))
        .fact("parent_cpu_thousandths", share(parent.map_or(0, |parent| parent.cpu_ns)))
        .fact("parent_sent_bytes", parent.map_or(0, |parent| parent.written_bytes))
        .fact("parent_writes", parent.map_or(0, |parent| parent.writes))
        .fact("running_at_a_time_thousandths", (1e3 * seen.mean_running()) as u64)
        .note("read", first.map_or("nothing stands out", |finding| finding.lesson))
}

pub(super) fn healthy(params: &Params) -> Answered {
    Ok(mapped(params, items(params["additions"], EVEN_ITEMS, 0), 1, false)?.0)
}

pub(super) fn healthy_watched(params: &Params) -> Answered {
    let (outcome, seen) = mapped(params, items(params["additions"], EVEN_ITEMS, 0), 1, true)?;
    Ok(diagnosed(outcome, seen, Fault::Healthy))
}

pub(super) fn tiny_tasks(params: &Params) -> Answered {
    let (outcome, seen) = mapped(params, items(params["additions"], params["items"], 0), 1, true)?;
    Ok(diagnosed(outcome, seen, Fault::TinyTasks))
}

pub(super) fn bytes_per_task(params: &Params) -> Answered {
    let (outcome, seen) = mapped(params, items(params["additions"], EVEN_ITEMS, params["bytes"]), 1, true)?;
    Ok(diagnosed(outcome, seen, Fault::BytesPerTask))
}

pub(super) fn one_worker(params: &Params) -> Answered {
    let all = usize::try_from(EVEN_ITEMS)?;
    let (outcome, seen) = mapped(params, items(params["additions"], EVEN_ITEMS, 0), all, true)?;
    Ok(diagnosed(outcome, seen, Fault::OneWorker))
}
