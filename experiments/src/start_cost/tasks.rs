//! The post's two tasks, which both compute until so much wall time has passed: as processes, as threads, and as threads under one lock.
//!
//! How long they take says nothing then; so what they did is counted, in calls.

use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use harness::Measured;
use multiprocess::gil::Gil;
use multiprocess::meter::WorkerReport;
use multiprocess::{Process, RawArray, Status};
use record::Params;

use super::starts::PATIENCE;
use super::step::{Answered, Fault, SEED, answer, merged, step};

/// What a variant's tasks did: the calls of each, and the reports of its processes.
type Done = Result<(Vec<u64>, Vec<WorkerReport>), Fault>;

// ANCHOR: task
/// Computes until `limit` has passed on the clock, however much of that time this thread had a core or a lock. The calls it made.
fn task(limit: Duration, safe_point: impl Fn()) -> u64 {
    let (begin, expected) = (Instant::now(), step(SEED));
    let mut calls = 1;
    while begin.elapsed() < limit {
        safe_point();
        assert_eq!(step(SEED), expected, "a call gives the same every time");
        calls += 1;
    }
    calls
}
// ANCHOR_END: task

fn timed(params: &Params, tasks: impl FnOnce(usize, Duration) -> Done) -> Answered {
    let (workers, limit) = (usize::try_from(params["workers"])?, Duration::from_millis(params["task_ms"]));
    let begin = Instant::now();
    let measured = Measured::take(|| tasks(workers, limit))?;
    let wall = u64::try_from(begin.elapsed().as_nanos())?;
    let mut each = Vec::new();
    let outcome = measured.answer(|calls| {
        each.clone_from(calls);
        answer(step(SEED))
    });
    let all: u64 = each.iter().sum();
    let outcome = outcome.iterations(all.max(1)).fact("calls", all).series("calls_of_each", each);
    Ok(outcome.fact("wall_ns", wall).fact("task_ns", u64::try_from(limit.as_nanos())?))
}

/// What a thread returns; its panic goes on in this one.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

// ANCHOR: processes
/// All started, then all joined, as in the post.
fn processes(workers: usize, limit: Duration) -> Done {
    let calls = RawArray::<u64>::zeroed(workers)?;
    let start = |place| Process::start(&[], || i32::from(calls.store(place, task(limit, || ())).is_err()));
    let mut started: Vec<Process> = (0..workers).map(start).collect::<Result<_, _>>()?;
    let reports: Vec<WorkerReport> =
        started.iter_mut().map(|process| process.join(PATIENCE)).collect::<Result<_, _>>()?;
    match reports.iter().find(|report| report.status != Status::Exited(0)) {
        Some(report) => Err(format!("a task ended with {:?}", report.status).into()),
        None => Ok((calls.to_vec(), merged(reports))),
    }
}
// ANCHOR_END: processes

pub(super) fn two_processes(params: &Params) -> Answered {
    timed(params, processes)
}

pub(super) fn two_threads(params: &Params) -> Answered {
    timed(params, |workers, limit| {
        let calls = thread::scope(|scope| {
            let started: Vec<_> = (0..workers).map(|_| scope.spawn(|| task(limit, || ()))).collect();
            started.into_iter().map(joined).collect()
        });
        Ok((calls, Vec::new()))
    })
}

// ANCHOR: gil
/// The same under the interpreter lock. Each task looks at its own clock, and the clock goes on while it waits for the lock.
fn under_lock(gil: &Gil, workers: usize, limit: Duration) -> Vec<u64> {
    thread::scope(|scope| {
        let main = gil.attach();
        let start = |_| {
            let thread = gil.enrol();
            scope.spawn(move || {
                let thread = thread.attach();
                task(limit, || thread.checkpoint())
            })
        };
        let started: Vec<_> = (0..workers).map(start).collect();
        started.into_iter().map(|thread| main.release_around(|| joined(thread))).collect()
    })
}
// ANCHOR_END: gil

pub(super) fn two_threads_gil(params: &Params) -> Answered {
    let gil = Gil::new(Duration::from_micros(params["interval_us"]));
    let outcome = timed(params, |workers, limit| Ok((under_lock(&gil, workers, limit), Vec::new())))?;
    Ok(outcome.fact("gil_switches", gil.counts().switches))
}
