//! What goes wrong in the executor: it is broken by name, everybody is told, and nothing waits for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::executor::{Config, Executor, Future, ReturnWhen, State, wait};
use multiprocess::{Error, Status};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid as ProcessId;

use super::Case;
use super::executor::{finished, manager_held, started, submitted, works};
use super::functions::{Armed, Bomb, Bytes, Endless, Pid, Square};
use super::process::until;
use super::robust_faults::Dice;
use super::robust_functions::{Crossfire, End, Ending, Falter, Heavy, Tear, Work};
use super::robust_pool::SOON;

pub(super) const CASES: &[Case] = &[
    ("executor_a_death_fails_everything_by_name", death_fails_everything),
    ("executor_an_idle_worker_that_is_killed_breaks_it", idle_worker_killed),
    ("executor_a_torn_reply_is_named_with_fork", || torn_reply(Fork)),
    ("executor_a_torn_reply_is_named_with_forkserver", || torn_reply(ForkServer)),
    ("executor_a_torn_reply_is_named_with_spawn", || torn_reply(Spawn)),
    ("executor_a_failing_initializer_breaks_it_with_fork", || initializer_fails(Fork)),
    ("executor_a_failing_initializer_breaks_it_with_forkserver", || initializer_fails(ForkServer)),
    ("executor_a_failing_initializer_breaks_it_with_spawn", || initializer_fails(Spawn)),
    ("executor_shutdown_after_a_crash_does_not_wait", shutdown_deadlock),
    ("executor_shutdown_after_an_item_that_cannot_be_encoded_does_not_wait", shutdown_deadlock_pickle),
    ("executor_a_crash_while_large_data_is_on_its_way_is_named", crash_big_data),
    ("executor_thousands_of_tasks_while_the_manager_is_busy", manager_is_busy),
    ("executor_of_1_worker_survives_crossfire", || crossfire(1)),
    ("executor_of_2_workers_survives_crossfire", || crossfire(2)),
    ("executor_of_5_workers_survives_crossfire", || crossfire(5)),
    ("executor_of_13_workers_survives_crossfire", || crossfire(13)),
    ("executor_200_kills_at_random_times_are_200_broken_executors", kills_at_random_times),
    ("executor_cancelling_and_beginning_exclude_each_other", cancel_races),
];

fn sigkill(pid: u32) {
    kill(ProcessId::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}

/// Everything that was handed in fails alike, and so does what is handed in now; tells the error.
#[track_caller]
pub(super) fn broken<T: Clone>(executor: &Executor, futures: &[Future<T>], status: Status) -> Error {
    assert_eq!(wait(futures, SOON, ReturnWhen::AllCompleted).not_done.len(), 0);
    let error = futures[0].exception(SOON).unwrap().expect("it failed");
    assert!(error.is_broken() && error.worker_status() == Some(status), "{error}");
    for future in futures {
        let same = future.exception(SOON).unwrap().expect("all fail");
        assert_eq!(same.to_string(), error.to_string());
    }
    let later = executor.submit(Square, 1).unwrap_err();
    assert_eq!(later.to_string(), error.to_string());
    error
}

fn death_fails_everything() {
    for method in StartMethod::ALL {
        let executor = started(Config::new(2).start_method(method));
        works(&executor);
        let mut futures = submitted(&executor, || Endless, 0..1);
        futures.push(executor.submit(Ending, End::Kill).unwrap());
        let accepted = (0..50).map_while(|x| executor.submit(Endless, x).ok());
        futures.extend(accepted);
        let error = broken(&executor, &futures, Status::Signalled(9));
        let text = format!("worker {} was ended by SIGKILL in a task of 'cases::Ending'", error.worker_pid().unwrap());
        assert!(error.to_string().ends_with(&text), "{error}");
        let tally = executor.tally();
        assert_eq!((tally.failed, tally.open()), (futures.len() as u64, 0), "{tally:?}");
        let records = executor.finish(SOON).unwrap();
        // The other was told SIGTERM in the middle of its task.
        let statuses: BTreeSet<_> = records.iter().map(|record| format!("{:?}", record.worker.status)).collect();
        assert_eq!(statuses, ["Signalled(15)", "Signalled(9)"].map(str::to_owned).into());
        assert_eq!(records.len() as u64, tally.started);
    }
}

/// Row 2: broken as soon as the manager learns of the end, and on the next submit at the latest.
fn idle_worker_killed() {
    for workers in [1, 2, 4] {
        let executor = started(Config::new(workers).start_method(ForkServer));
        let busy = submitted(&executor, || Work, vec![20_000; workers]);
        wait(&busy, SOON, ReturnWhen::AllCompleted);
        let pids = executor.worker_pids();
        assert_eq!(pids.len(), workers);
        sigkill(pids[workers - 1]);
        let error = match executor.submit(Endless, 1) {
            Ok(future) => future.result(SOON).unwrap_err(),
            Err(refused) => refused,
        };
        assert!(error.is_broken() && error.worker_pid() == Some(pids[workers - 1]), "{error}");
        assert!(executor.submit(Square, 1).unwrap_err().is_broken());
        assert_eq!(executor.finish(SOON).unwrap().len(), workers);
    }
}

/// Row 11: where CPython hangs, and its `shutdown`, too.
fn torn_reply(method: StartMethod) {
    // Of 64 bytes, 24 of them the header.
    for cut in [1, 2, 3, 24, 25, 32, 63] {
        let executor = started(Config::new(1).start_method(method));
        let error = broken(&executor, &submitted(&executor, || Tear, [cut]), Status::Signalled(9));
        assert!(error.is_torn() && error.to_string().ends_with("'cases::Tear', in the middle of its reply"), "{error}");
        executor.shutdown(true, false);
    }
}

/// Row 6: n initializers run at most.
fn initializer_fails(method: StartMethod) {
    for (end, status) in
        [(End::Panic, Status::Exited(1)), (End::Exit, Status::Exited(3)), (End::Kill, Status::Signalled(9))]
    {
        let executor = Executor::with_initializer(Config::new(3).start_method(method), Falter(end)).unwrap();
        let futures: Vec<_> = (0..10).map_while(|x| executor.submit(Square, x).ok()).collect();
        let error = broken(&executor, &futures, status);
        assert!(error.to_string().contains("before it could work"), "{error}");
        assert_eq!(error.to_string().contains("a bad end"), end == End::Panic, "{error}");
        let records = executor.finish(SOON).unwrap();
        let calls: u64 = records.iter().filter_map(|record| record.worker.counts.marks.get("initialized")).sum();
        assert!((1..=3).contains(&calls), "{calls} calls");
    }
}

/// `test_shutdown_deadlock`.
fn shutdown_deadlock() {
    for method in StartMethod::ALL {
        let executor = started(Config::new(2).start_method(method));
        works(&executor);
        let future = executor.submit(Ending, End::Kill).unwrap();
        executor.shutdown(true, false);
        assert!(future.exception(Duration::ZERO).unwrap().unwrap().is_broken());
    }
}

/// `test_shutdown_deadlock_pickle`.
fn shutdown_deadlock_pickle() {
    for method in StartMethod::ALL {
        let executor = started(Config::new(2).start_method(method));
        works(&executor);
        let started = executor.tally().started;
        let future = executor.submit(Armed, Bomb).unwrap();
        executor.shutdown(false, false);
        let error = future.result(SOON).unwrap_err();
        assert!(error.is_encode() && error.to_string().contains("a bomb going out"), "{error}");
        assert_eq!(finished(executor).len() as u64, started);
    }
}

/// `test_crash_big_data`: a worker dies while an item, or an output, that no pipe takes whole is on its way.
fn crash_big_data() {
    let executor = started(Config::new(1));
    let pid = executor.submit(Pid, 1).unwrap().result(SOON).unwrap();
    kill(ProcessId::from_raw(pid.cast_signed()), Signal::SIGSTOP).unwrap();
    // It is stopped, and cannot take more than its socket holds.
    let future = executor.submit(Heavy(vec![1; 1_000_000]), 1).unwrap();
    until(|| future.running());
    sigkill(pid);
    let error = future.result(SOON).unwrap_err();
    assert!(error.is_broken() && error.worker_pid() == Some(pid) && !error.is_torn(), "{error}");
    executor.shutdown(true, false);

    // Or of its output: the kill falls wherever it falls.
    let executor = started(Config::new(1));
    let pid = executor.submit(Pid, 1).unwrap().result(SOON).unwrap();
    let hold = manager_held(&executor);
    let big = executor.submit(Bytes, 5_000_000).unwrap();
    drop(hold);
    let is_writing =
        || std::fs::read_to_string(format!("/proc/{pid}/wchan")).is_ok_and(|at| at.contains("sock_alloc_send"));
    while !big.done() && !is_writing() {}
    sigkill(pid);
    match big.result(SOON) {
        Ok(output) => assert_eq!(output.len(), 5_000_000),
        Err(error) => assert!(error.is_broken() && error.worker_pid() == Some(pid), "{error}"),
    }
    executor.shutdown(true, false);
}

/// gh-105829: CPython's wakeup pipe fills, and whoever submits waits for the manager, which waits for it.
fn manager_is_busy() {
    let executor = started(Config::new(2));
    let hold = manager_held(&executor);
    let before = executor.tally().succeeded;
    // From here on the manager is in the callback.
    let futures = submitted(&executor, || Square, 0..20_000);
    assert!(futures.iter().all(|future| future.state() == State::Pending));
    drop(hold);
    for (x, future) in (0..20_000).zip(&futures) {
        assert_eq!(future.result(SOON).unwrap(), x * x);
    }
    assert_eq!(executor.tally().succeeded, before + 20_000);
    finished(executor);
}

/// `test_crash_races` of loky: the workers shoot at each other, at random moments.
fn crossfire(workers: usize) {
    let executor = started(Config::new(workers));
    let futures = submitted(&executor, || Work, vec![20_000; workers]);
    until(|| executor.worker_pids().len() == workers || futures.iter().all(Future::done));
    wait(&futures, SOON, ReturnWhen::AllCompleted);
    let pids = executor.worker_pids();
    let mut dice = Dice(workers as u64);
    let shots: Vec<(u64, u32)> =
        (0..2 * workers).map(|_| (dice.below(300), pids[dice.below(pids.len() as u64) as usize])).collect();
    let outcomes: Vec<_> = executor.map(Crossfire, shots, 1, SOON).unwrap().collect();
    assert_eq!(outcomes.len(), 2 * workers);
    let mut named = BTreeSet::new();
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(error.is_broken() && error.worker_status() == Some(Status::Signalled(9)), "{error}");
        named.insert(error.worker_pid().unwrap());
    }
    // A shot may hit when everything is done.
    let refused = || executor.submit(Endless, 1).err();
    until(|| refused().is_some_and(|error| error.is_broken()));
    named.extend(refused().and_then(|error| error.worker_pid()));
    assert!(named.len() == 1 && pids.contains(named.first().unwrap()), "{named:?} of {pids:?}");
    until(|| executor.tally().open() == 0);
    let tally = executor.tally();
    assert_eq!(executor.finish(SOON).unwrap().len() as u64, tally.started);
}

fn kills_at_random_times() {
    let mut dice = Dice(7);
    for round in 0..200 {
        let executor = started(Config::new(2));
        let pid = executor.submit(Pid, 1).unwrap().result(SOON).unwrap();
        let delay = dice.below(2_000);
        let mapped = std::thread::scope(|scope| {
            scope.spawn(move || {
                let begin = std::time::Instant::now();
                while begin.elapsed() < Duration::from_micros(delay) {
                    std::hint::spin_loop();
                }
                sigkill(pid);
            });
            executor.map(Work, vec![100; 40], 1, SOON).map(Iterator::collect::<Vec<_>>)
        });
        // A kill that comes first has it all refused.
        let outcomes = mapped.unwrap_or_else(|error| vec![Err(error); 40]);
        assert_eq!(outcomes.len(), 40);
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert!(error.is_broken() && error.worker_pid() == Some(pid), "round {round}: {error}");
        }
        until(|| executor.submit(Square, 1).is_err_and(|error| error.is_broken()));
        let records = executor.finish(SOON).unwrap();
        assert_eq!(records.iter().filter(|record| record.worker.status == Status::Signalled(9)).count(), 1);
    }
}

/// Each future is cancelled or has its output, never both, and all are counted.
fn cancel_races() {
    let executor = started(Config::new(2));
    let mut cancelled = 0;
    for _ in 0..20 {
        let futures = submitted(&executor, || Square, 0..200);
        let won = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..2).map(|_| scope.spawn(|| futures.iter().rev().filter(|future| future.cancel()).count())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
        });
        assert_eq!(wait(&futures, SOON, ReturnWhen::AllCompleted).not_done.len(), 0);
        let lost = futures.iter().filter(|future| future.cancelled()).count();
        assert_eq!(won, lost, "who was told that it cancelled has");
        for (x, future) in (0..200).zip(&futures) {
            match future.result(Duration::ZERO) {
                Ok(output) => assert!(output == x * x && future.state() == State::Finished),
                Err(error) => assert!(error.is_cancelled() && future.state() == State::CancelledAndNotified),
            }
        }
        cancelled += lost as u64;
    }
    let tally = executor.tally();
    assert_eq!((tally.cancelled, tally.succeeded), (cancelled, 4_000 - cancelled));
    assert!(cancelled > 0);
    assert_eq!(finished(executor).iter().map(|record| record.answered).sum::<u64>(), 4_000 - cancelled);
}
