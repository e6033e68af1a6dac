//! Ends of an executor that were asked for: work is finished or cancelled, as was said, and nothing is left.

use std::sync::mpsc::channel;
use std::time::Duration;

use multiprocess::executor::{Config, Future, ReturnWhen, State, wait};
use multiprocess::{StartMethod, Status};

use super::Case;
use super::executor::{finished, started, submitted, works};
use super::functions::{Endless, Square};
use super::process::until;
use super::robust_functions::{End, Ending, Work};
use super::robust_pool::SOON;

pub(super) const CASES: &[Case] = &[
    ("executor_shutting_down_and_handing_in_exclude_each_other", shutdown_races),
    ("executor_shut_down_without_waiting_finishes_its_work", shutdown_finishes),
    ("executor_shut_down_cancels_what_is_pending_and_says_so", shutdown_cancels),
    ("executor_workers_can_be_terminated_and_killed", workers_terminated),
    ("executor_a_worker_that_ignores_sigterm_is_killed", stubborn_worker),
    ("executor_finish_has_a_limit", finish_has_a_limit),
    ("executor_finish_and_drop_leave_a_blocked_callback_behind", blocked_callback),
    ("executor_that_is_dropped_leaves_nothing", dropped),
    ("executor_50_rounds_leave_nothing", fifty_rounds),
];

/// What was taken over is done, what came too late is refused.
fn shutdown_races() {
    for round in 0..20 {
        let executor = started(Config::new(2));
        let taken: Vec<Future<u64>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3)
                .map(|_| scope.spawn(|| (0..1_000).map_while(|x| executor.submit(Square, x).ok()).collect::<Vec<_>>()))
                .collect();
            until(|| executor.tally().submitted > round * 20);
            executor.shutdown(round % 2 == 0, false);
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(taken.iter().all(|future| future.result(SOON).is_ok()));
        assert!(executor.submit(Square, 1).unwrap_err().is_shut_down());
        assert_eq!(executor.tally().succeeded, taken.len() as u64);
        finished(executor);
    }
}

fn shutdown_finishes() {
    for method in StartMethod::ALL {
        let executor = started(Config::new(2).start_method(method));
        let futures = submitted(&executor, || Work, vec![1_000; 20]);
        executor.shutdown(false, false);
        assert!(executor.submit(Square, 1).unwrap_err().is_shut_down());
        drop(executor);
        assert!(futures.iter().all(|future| future.result(SOON).unwrap() == 1_000));
        // Its manager and its workers go by themselves.
        until(|| std::fs::read_dir("/proc/self/task").unwrap().count() == 1);
        let children = format!("/proc/self/task/{}/children", std::process::id());
        until(|| std::fs::read_to_string(&children).unwrap().is_empty());
    }
}

/// In CPython `wait` never returns for them.
fn shutdown_cancels() {
    let executor = started(Config::new(1));
    let futures = submitted(&executor, || Work, vec![2_000; 50]);
    until(|| futures.iter().filter(|future| future.running()).count() == 3);
    executor.shutdown(true, true);
    assert_eq!(wait(&futures, Duration::ZERO, ReturnWhen::AllCompleted).not_done.len(), 0);
    let done = futures.iter().filter(|future| future.result(Duration::ZERO).is_ok()).count();
    let told = futures.iter().filter(|future| future.state() == State::CancelledAndNotified).count();
    assert!(done >= 3 && told > 0 && done + told == 50, "{done} done, {told} cancelled");
    finished(executor);
}

fn workers_terminated() {
    for (method, signal) in StartMethod::ALL.into_iter().zip([15, 9, 15]) {
        let executor = started(Config::new(2).start_method(method));
        let futures = submitted(&executor, || Endless, 0..9);
        until(|| executor.worker_pids().len() == 2 && futures.iter().filter(|future| future.running()).count() == 5);
        if signal == 9 {
            executor.kill_workers()
        } else {
            executor.terminate_workers()
        }
        assert_eq!(wait(&futures, SOON, ReturnWhen::AllCompleted).not_done.len(), 0);
        assert!(futures[5..].iter().all(Future::cancelled));
        for future in &futures[..5] {
            let error = future.exception(SOON).unwrap().unwrap();
            assert!(error.is_broken() && error.worker_status() == Some(Status::Signalled(signal)), "{error}");
        }
        assert!(executor.submit(Square, 1).is_err());
        let records = executor.finish(SOON).unwrap();
        assert!(records.len() == 2 && records.iter().all(|record| record.worker.status == Status::Signalled(signal)));
    }
}

/// A stopped process takes no SIGTERM, either.
fn stubborn_worker() {
    let executor = started(Config::new(2).grace(Duration::from_millis(50)));
    let futures = [End::Stop, End::Never].map(|end| executor.submit(Ending, end).unwrap());
    until(|| executor.worker_pids().iter().any(|pid| is_stopped(*pid)));
    executor.terminate_workers();
    assert_eq!(wait(&futures, SOON, ReturnWhen::AllCompleted).not_done.len(), 0);
    let records = executor.finish(SOON).unwrap();
    let statuses: Vec<_> = records.iter().map(|record| record.worker.status).collect();
    assert!(statuses.contains(&Status::Signalled(9)) && statuses.contains(&Status::Signalled(15)), "{statuses:?}");
}

/// The state of a process is the first field after its name (proc(5)).
fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
}

fn finish_has_a_limit() {
    let executor = started(Config::new(1));
    let futures = submitted(&executor, || Endless, 0..5);
    until(|| futures[0].running());
    assert!(executor.finish(Duration::from_millis(20)).unwrap_err().is_deadline());
    assert!(futures.iter().all(Future::done));
    assert!(futures[0].exception(Duration::ZERO).unwrap().unwrap().is_broken() && futures[4].cancelled());
}

/// The callback returns only after the executor is gone: a `finish` or a drop that waited for it would never return.
fn blocked_callback() {
    for finishes in [true, false] {
        let executor = started(Config::new(1).grace(Duration::ZERO));
        let (release, released) = channel::<()>();
        let (enter, entered) = channel();
        let future = executor.submit(Endless, 0).unwrap();
        until(|| future.running() && !executor.worker_pids().is_empty());
        // The manager calls it when the worker was killed.
        future.add_done_callback(move |_| {
            enter.send(()).unwrap();
            let _ = released.recv();
        });
        if finishes {
            let error = executor.finish(Duration::from_millis(20)).unwrap_err();
            assert!(error.is_deadline() && error.to_string().contains("left behind"), "{error}");
        } else {
            drop(executor);
        }
        entered.recv_timeout(SOON).unwrap();
        drop(release);
        until(|| std::fs::read_dir("/proc/self/task").unwrap().count() == 1);
        let children = format!("/proc/self/task/{}/children", std::process::id());
        until(|| std::fs::read_to_string(&children).unwrap().is_empty());
    }
}

fn dropped() {
    for method in StartMethod::ALL {
        drop(started(Config::new(2).start_method(method)));
        let executor = started(Config::new(2).start_method(method));
        let futures = submitted(&executor, || Endless, 0..9);
        until(|| executor.worker_pids().len() == 2);
        drop(executor);
        assert!(futures.iter().all(Future::done) && futures[8].cancelled());
    }
}

fn fifty_rounds() {
    for round in 0..50 {
        let executor = started(Config::new(2));
        works(&executor);
        match round % 3 {
            0 => drop(finished(executor)),
            1 => drop(executor),
            _ => {
                let future = executor.submit(Ending, End::Exit).unwrap();
                let error = future.result(SOON).unwrap_err();
                assert_eq!(error.worker_status(), Some(Status::Exited(3)), "{error}");
            }
        }
    }
}
