//! How many processes a pool and an executor have started, before their first task and after more of them.

use std::collections::BTreeSet;

use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::executor::{self, Executor};
use record::Params;

use super::setting::{Fault, Setting};
use super::tasks::{Gate, Meet, Whoami};
use super::variants::POOL_DEADLINE;

/// Tasks that come one after another, each when the one before it is over.
const TASKS: u64 = 16;

/// Processes started in one trial.
#[derive(Clone, Copy, Default)]
struct Started {
    /// Of a pool, before its first task.
    pool_at_first: u64,
    /// And after as many tasks as all others have together.
    pool_at_last: u64,
    executor_at_first: u64,
    /// After one task.
    executor_one: u64,
    /// After [`TASKS`] more, one after another.
    executor_one_by_one: u64,
    /// After as many at once as there are workers.
    executor_at_once: u64,
    /// After [`TASKS`] more at once.
    executor_at_last: u64,
    /// Processes in which a task of the executor ran.
    executor_seen: u64,
}

pub(super) fn starts(params: &Params) -> Result<Outcome, Fault> {
    let setting = Setting::new(params)?;
    Gate::set(setting.workers)?;
    let measured = Measured::take(|| {
        let mut all = Vec::new();
        for _ in 0..setting.trials {
            let mut started = Started::default();
            pool(setting.workers, &mut started)?;
            executor(setting.workers, &mut started)?;
            all.push(started);
        }
        Ok::<_, Fault>((all, Vec::new()))
    })?;
    let mut all = Vec::new();
    let outcome = measured.answer(|trials| {
        all.clone_from(trials);
        setting.answer()
    });
    let sum = |of: fn(&Started) -> u64| all.iter().map(of).sum::<u64>();
    Ok(outcome
        .iterations(setting.trials)
        .fact("trials", setting.trials)
        .fact("pool_at_first", sum(|trial| trial.pool_at_first))
        .fact("pool_at_last", sum(|trial| trial.pool_at_last))
        .fact("executor_at_first", sum(|trial| trial.executor_at_first))
        .fact("executor_one", sum(|trial| trial.executor_one))
        .fact("executor_one_by_one", sum(|trial| trial.executor_one_by_one))
        .fact("executor_at_once", sum(|trial| trial.executor_at_once))
        .fact("executor_at_last", sum(|trial| trial.executor_at_last))
        .fact("executor_seen", sum(|trial| trial.executor_seen)))
}

// ANCHOR: pool
fn pool(workers: usize, started: &mut Started) -> Result<(), Fault> {
    let pool = Pool::start(Config::new(workers).deadline(POOL_DEADLINE))?;
    let mut pids: BTreeSet<u32> = pool.worker_pids().into_iter().collect();
    started.pool_at_first = pids.len() as u64;
    pids.extend(pool.map(Meet, vec![(); workers], Chunksize::from(1))?);
    pids.extend(pool.map(Whoami, vec![(); 2 * TASKS as usize], Chunksize::from(1))?);
    started.pool_at_last = pids.len() as u64 + pool.replaced();
    pool.finish()?;
    Ok(())
}
// ANCHOR_END: pool

// ANCHOR: executor
fn executor(workers: usize, started: &mut Started) -> Result<(), Fault> {
    let executor = Executor::new(executor::Config::new(workers))?;
    let mut pids = BTreeSet::new();
    started.executor_at_first = executor.tally().started;
    pids.insert(executor.submit(Whoami, ())?.result(POOL_DEADLINE)?);
    started.executor_one = executor.tally().started;
    for _ in 0..TASKS {
        pids.insert(executor.submit(Whoami, ())?.result(POOL_DEADLINE)?);
    }
    started.executor_one_by_one = executor.tally().started;
    for pid in executor.map(Meet, vec![(); workers], 1, POOL_DEADLINE)? {
        pids.insert(pid?);
    }
    started.executor_at_once = executor.tally().started;
    for pid in executor.map(Whoami, vec![(); TASKS as usize], 1, POOL_DEADLINE)? {
        pids.insert(pid?);
    }
    started.executor_at_last = executor.tally().started;
    started.executor_seen = pids.len() as u64;
    executor.finish(POOL_DEADLINE)?;
    Ok(())
}
// ANCHOR_END: executor
