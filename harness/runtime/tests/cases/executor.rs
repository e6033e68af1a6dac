//! The executor at work: order, states, waits, callbacks, counts, ends that were asked for.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::time::Duration;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::executor::{Config, Executor, Future, ReturnWhen, State, as_completed, wait};
use multiprocess::pool::Record;
use multiprocess::{Function, Status};

use super::Case;
use super::functions::{Bytes, Endless, Pid, Square, Unlucky};
use super::process::until;
use super::robust_functions::{Recall, Remember, Work};
use super::robust_pool::SOON;

pub(super) const CASES: &[Case] = &[
    ("executor_everything_is_accounted_for_with_fork", || everything_is_accounted_for(Fork)),
    ("executor_everything_is_accounted_for_with_forkserver", || everything_is_accounted_for(ForkServer)),
    ("executor_everything_is_accounted_for_with_spawn", || everything_is_accounted_for(Spawn)),
    ("executor_workers_start_as_they_are_needed_with_fork", || workers_start_as_needed(Fork)),
    ("executor_workers_start_as_they_are_needed_with_forkserver", || workers_start_as_needed(ForkServer)),
    ("executor_workers_start_as_they_are_needed_with_spawn", || workers_start_as_needed(Spawn)),
    ("executor_workers_are_replaced_after_their_tasks_with_fork", || workers_are_replaced(Fork)),
    ("executor_workers_are_replaced_after_their_tasks_with_forkserver", || workers_are_replaced(ForkServer)),
    ("executor_workers_are_replaced_after_their_tasks_with_spawn", || workers_are_replaced(Spawn)),
    ("executor_what_stands_in_the_call_queue_is_running", call_queue_is_running),
    ("executor_a_future_gives_its_output_again_or_away", outputs_again_or_away),
    ("executor_an_initializer_leaves_a_state", initializer_leaves_a_state),
    ("executor_a_panic_is_delivered_and_the_worker_stays", panic_is_delivered),
    ("executor_waits_end_when_they_should", waits_end),
    ("executor_as_completed_gives_each_future_once", each_future_once),
    ("executor_a_map_ends_at_its_limit", map_ends_at_its_limit),
    ("executor_a_map_that_is_dropped_is_cancelled", dropped_map_is_cancelled),
    ("executor_callbacks_are_called_where_it_is_said", callbacks_are_called),
    ("executor_a_callback_that_panics_is_counted", callback_panics),
    ("executor_a_callback_may_use_its_executor", callback_uses_its_executor),
    ("executor_large_items_and_outputs_cross", large_ones_cross),
    ("executor_of_no_workers_is_refused", || assert!(Executor::new(Config::new(0)).is_err())),
    ("executor_is_not_forked_while_there_are_threads", fork_is_refused),
];

pub(super) fn started(config: Config) -> Executor {
    Executor::new(config).unwrap()
}

pub(super) fn submitted<F: Function<State = ()>>(
    executor: &Executor,
    function: impl Fn() -> F,
    items: impl IntoIterator<Item = F::Item>,
) -> Vec<Future<F::Output>> {
    items.into_iter().map(|item| executor.submit(function(), item).unwrap()).collect()
}

#[track_caller]
pub(super) fn works(executor: &Executor) {
    let outputs = executor.map(Square, 0..100, 7, SOON).unwrap();
    assert_eq!(outputs.map(Result::unwrap).collect::<Vec<_>>(), (0..100).map(|x| x * x).collect::<Vec<_>>());
}

/// Finishes an executor that nothing has happened to, and demands that everything it did is accounted for.
pub(super) fn finished<S: 'static>(executor: Executor<S>) -> Vec<Record> {
    let tally = executor.tally();
    assert_eq!(tally.open(), 0, "{tally:?}");
    let records = executor.finish(SOON).unwrap();
    let pids: BTreeSet<u32> = records.iter().map(|record| record.worker.pid).collect();
    assert_eq!((pids.len() as u64, records.len() as u64), (tally.started, tally.started), "{tally:?}");
    for record in &records {
        let counts = &record.worker.counts;
        assert_eq!((record.worker.status, record.lost), (Status::Exited(0), false), "{record:?}");
        assert_eq!(counts.tasks, record.answered);
        assert_eq!((counts.reads.calls, counts.reads.bytes), (record.sent.calls, record.sent.bytes));
        assert_eq!((counts.writes.calls, counts.writes.bytes), (record.received.calls, record.received.bytes));
    }
    records
}

fn tasks(records: &[Record]) -> u64 {
    records.iter().map(|record| record.worker.counts.tasks).sum()
}

fn everything_is_accounted_for(method: StartMethod) {
    let executor = started(Config::new(3).start_method(method));
    for (items, chunksize) in [(2_000, 1), (2_000, 7), (97, 100), (0, 1), (5, 0)] {
        let outputs: Vec<u64> = executor.map(Square, 0..items, chunksize, SOON).unwrap().map(Result::unwrap).collect();
        assert_eq!(outputs, (0..items).map(|x| x * x).collect::<Vec<_>>());
    }
    let futures = submitted(&executor, || Square, 0..500);
    for (x, future) in (0..500).zip(&futures) {
        assert_eq!(future.result(SOON).unwrap(), x * x);
        assert_eq!(future.state(), State::Finished);
    }
    let tally = executor.tally();
    let expected = 2_000 + 286 + 1 + 5 + 500;
    assert_eq!((tally.submitted, tally.succeeded, tally.failed, tally.cancelled), (expected, expected, 0, 0));
    assert!((1..=3).contains(&tally.started), "{tally:?}");
    assert_eq!(tasks(&finished(executor)), expected);
}

/// A worker that is idle again takes the next task: nobody else is started for it.
fn workers_start_as_needed(method: StartMethod) {
    let executor = started(Config::new(3).start_method(method));
    assert_eq!((executor.tally().started, executor.worker_pids().len()), (0, 0));
    let pids: BTreeSet<u32> = (0..20).map(|x| executor.submit(Pid, x).unwrap().result(SOON).unwrap()).collect();
    assert_eq!((pids.len(), executor.tally().started), (1, 1));
    assert_eq!(executor.worker_pids(), pids.into_iter().collect::<Vec<_>>());
    let futures = submitted(&executor, || Endless, 0..10);
    until(|| executor.worker_pids().len() == 3);
    until(|| futures.iter().filter(|future| future.running()).count() == 7);
    assert_eq!(executor.tally().started, 3);
    executor.kill_workers();
    executor.shutdown(true, false);
}

/// CPython refuses this with `fork`.
fn workers_are_replaced(method: StartMethod) {
    let executor = started(Config::new(2).start_method(method).max_tasks_per_child(1));
    let futures = submitted(&executor, || Pid, 0..6);
    let pids: BTreeSet<u32> = futures.iter().map(|future| future.result(SOON).unwrap()).collect();
    assert_eq!(pids.len(), 6);
    let records = finished(executor);
    let worked: BTreeSet<u32> = records.iter().map(|record| record.worker.pid).collect();
    assert_eq!((worked, records.len()), (pids, 6), "and no worker was started for nothing");
    let executor = started(Config::new(2).start_method(method).max_tasks_per_child(3));
    submitted(&executor, || Pid, 0..10);
    executor.shutdown(false, false);
    let records = executor.finish(SOON).unwrap();
    assert_eq!(tasks(&records), 10);
    assert!(records.iter().all(|record| record.worker.counts.tasks <= 3));
}

/// n are carried out, n + 1 wait in the call queue; none of them can be cancelled, all others can.
fn call_queue_is_running() {
    for workers in [1, 2, 4] {
        let executor = started(Config::new(workers));
        let futures = submitted(&executor, || Endless, 0..20);
        let running = || futures.iter().filter(|future| future.running()).count();
        until(|| running() == 2 * workers + 1);
        let (first, rest) = futures.split_at(2 * workers + 1);
        assert!(first.iter().all(|future| future.state() == State::Running && !future.cancel() && !future.done()));
        assert!(rest.iter().all(|future| future.state() == State::Pending));
        assert!(rest.iter().all(|future| future.cancel() && future.cancel() && future.cancelled() && future.done()));
        assert!(rest.iter().all(|future| future.result(SOON).unwrap_err().is_cancelled()));
        // Nobody has come to them yet.
        assert!(rest.iter().all(|future| future.state() == State::Cancelled));
        assert_eq!(wait(rest, Duration::ZERO, ReturnWhen::FirstCompleted).done.len(), 0);
        assert!(first[0].result(Duration::ZERO).unwrap_err().is_deadline());
        executor.kill_workers();
        assert_eq!(wait(&futures, SOON, ReturnWhen::AllCompleted).not_done.len(), 0);
        assert!(rest.iter().all(|future| future.state() == State::CancelledAndNotified));
        let pids = first.iter().map(|future| future.exception(SOON).unwrap().unwrap());
        let pids: BTreeSet<Option<u32>> = pids
            .inspect(|error| {
                assert!(error.is_broken() && error.worker_status() == Some(Status::Signalled(9)), "{error}")
            })
            .map(|error| error.worker_pid())
            .collect();
        assert!(pids.len() == 1 && !pids.contains(&None), "all name the same worker: {pids:?}");
        let (tally, open) = (executor.tally(), 2 * workers as u64 + 1);
        assert_eq!((tally.submitted, tally.failed, tally.cancelled), (20, open, 20 - open));
        assert_eq!(executor.finish(SOON).unwrap().len(), workers);
    }
}

fn outputs_again_or_away() {
    let executor = started(Config::new(1));
    let future = executor.submit(Square, 9).unwrap();
    assert_eq!((future.result(SOON).unwrap(), future.clone().result(SOON).unwrap()), (81, 81));
    assert!(future.exception(SOON).unwrap().is_none() && future.is(&future.clone()));
    assert_eq!(future.take(SOON).unwrap(), 81);
    assert!(future.result(SOON).unwrap_err().to_string().contains("was taken"));
    let future = executor.submit(Unlucky, 13).unwrap();
    for _ in 0..3 {
        assert!(future.take(SOON).unwrap_err().is_task_failed() && future.result(SOON).unwrap_err().is_task_failed());
    }
    finished(executor);
}

fn initializer_leaves_a_state() {
    for method in StartMethod::ALL {
        let executor = Executor::with_initializer(Config::new(1).start_method(method), Remember).unwrap();
        for calls in 1..=10 {
            let output = executor.submit(Recall, 3).unwrap().result(SOON).unwrap();
            assert_eq!(output, (9, calls, 1));
        }
        assert_eq!(finished(executor)[0].worker.counts.marks["initialized"], 1);
    }
}

fn panic_is_delivered() {
    let executor = started(Config::new(1));
    let pid = executor.submit(Pid, 0).unwrap().result(SOON).unwrap();
    for _ in 0..100 {
        let error = executor.submit(Unlucky, 13).unwrap().result(SOON).unwrap_err();
        assert!(error.is_task_failed() && error.to_string().contains("thirteen"), "{error}");
    }
    // In a chunk it costs its item, and not the chunk.
    let outcomes: Vec<_> = executor.map(Unlucky, 10..20, 10, SOON).unwrap().collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1);
    assert!(outcomes[3].is_err());
    assert_eq!(executor.submit(Pid, 0).unwrap().result(SOON).unwrap(), pid);
    assert_eq!(executor.tally().failed, 100);
    finished(executor);
}

fn waits_end() {
    let executor = started(Config::new(3));
    let good = executor.submit(Square, 1).unwrap();
    let bad = executor.submit(Unlucky, 13).unwrap();
    wait(&[good.clone(), bad.clone()], SOON, ReturnWhen::AllCompleted);
    let never = executor.submit(Endless, 1).unwrap();
    let futures = [good.clone(), never.clone(), good.clone()];
    let waited = wait(&futures, SOON, ReturnWhen::FirstCompleted);
    assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1), "each counts once");
    assert!(waited.done[0].is(&good) && waited.not_done[0].is(&never));
    for until in [ReturnWhen::FirstException, ReturnWhen::AllCompleted] {
        let waited = wait(&futures, Duration::from_millis(1), until);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
    }
    let waited = wait(&[never.clone(), bad, good], SOON, ReturnWhen::FirstException);
    assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
    assert_eq!(wait(&[never], Duration::ZERO, ReturnWhen::FirstCompleted).not_done.len(), 1);
    assert_eq!(wait::<u64>(&[], SOON, ReturnWhen::FirstCompleted).done.len(), 0);
    executor.kill_workers();
    executor.shutdown(true, true);
}

fn each_future_once() {
    let executor = started(Config::new(2));
    let futures = submitted(&executor, || Square, 0..200);
    let twice: Vec<_> = futures.iter().chain(&futures).cloned().collect();
    let mut outputs: Vec<u64> =
        as_completed(&twice, SOON).map(|future| future.unwrap().result(Duration::ZERO).unwrap()).collect();
    outputs.sort_unstable();
    assert_eq!(outputs, (0..200).map(|x| x * x).collect::<Vec<_>>());
    let never = executor.submit(Endless, 1).unwrap();
    let mut completed = as_completed(&[never, futures[3].clone()], Duration::from_millis(1));
    assert_eq!(completed.next().unwrap().unwrap().result(SOON).unwrap(), 9);
    assert!(completed.next().unwrap().unwrap_err().is_deadline() && completed.next().is_none());
    assert!(as_completed::<u64>(&[], SOON).next().is_none());
}

fn map_ends_at_its_limit() {
    let executor = started(Config::new(2));
    let mut outcomes = executor.map(Work, [0, 0, 60_000_000], 1, Duration::from_millis(300)).unwrap();
    assert_eq!((outcomes.next().unwrap().unwrap(), outcomes.next().unwrap().unwrap()), (0, 0));
    assert!(outcomes.next().unwrap().unwrap_err().is_deadline());
    assert!(outcomes.next().is_none());
    // What it had begun goes on, as in CPython; the other worker is free.
    works(&executor);
    assert_eq!(executor.tally().open(), 1);
    executor.kill_workers();
}

/// Keeps the manager in a callback until what this returns is dropped.
pub(super) fn manager_held(executor: &Executor) -> std::sync::mpsc::Sender<()> {
    loop {
        let (hold, held) = channel::<()>();
        let (tell, told) = channel();
        executor.submit(Work, 5_000).unwrap().add_done_callback(move |_| {
            // If the task was faster, this is the thread that would have to let it go.
            let is_manager = std::thread::current().name() == Some("executor-manager");
            tell.send(is_manager).unwrap();
            if is_manager {
                held.recv().unwrap_err();
            }
        });
        if told.recv_timeout(SOON).unwrap() {
            return hold;
        }
    }
}

fn dropped_map_is_cancelled() {
    let executor = started(Config::new(1));
    let hold = manager_held(&executor);
    let before = executor.tally().succeeded;
    drop(executor.map(Work, vec![1_000; 100], 1, SOON).unwrap());
    drop(hold);
    works(&executor);
    until(|| executor.tally().open() == 0);
    let tally = executor.tally();
    assert_eq!((tally.cancelled, tally.succeeded), (100, before + 15), "{tally:?}");
    finished(executor);
}

fn callbacks_are_called() {
    let executor = started(Config::new(1));
    let (tell, told) = channel();
    let telling = || {
        let tell = tell.clone();
        move |future: &Future<u64>| {
            let thread = std::thread::current();
            tell.send((thread.id(), thread.name().map(str::to_owned), future.state())).unwrap();
        }
    };
    let busy = executor.submit(Work, 300_000).unwrap();
    busy.add_done_callback(telling());
    assert_eq!(busy.result(SOON).unwrap(), 300_000);
    let (id, name, state) = told.recv_timeout(SOON).unwrap();
    assert_ne!(id, std::thread::current().id());
    assert_eq!((name.as_deref(), state), (Some("executor-manager"), State::Finished));
    busy.add_done_callback(telling());
    let (id, _, state) = told.try_recv().unwrap();
    assert_eq!((id, state), (std::thread::current().id(), State::Finished), "it was done: here and now");
    let futures = submitted(&executor, || Endless, 0..4);
    futures[3].add_done_callback(telling());
    assert!(futures[3].cancel());
    let (id, _, state) = told.try_recv().unwrap();
    assert_eq!((id, state), (std::thread::current().id(), State::Cancelled), "on the thread that cancels");
    executor.kill_workers();
}

/// Row 29: CPython's handler thread dies of it in a pool; its executor logs it, as this one does.
fn callback_panics() {
    let executor = started(Config::new(2));
    for round in 1..=5 {
        let future = executor.submit(Work, 1_000).unwrap();
        future.add_done_callback(|_| panic!("a callback stumbles"));
        assert_eq!(future.result(SOON).unwrap(), 1_000);
        works(&executor);
        until(|| executor.tally().callbacks_panicked == round);
    }
    finished(executor);
}

/// A callback hands in the next task, and the last one shuts the executor down and does not wait for itself.
fn callback_uses_its_executor() {
    let executor = std::sync::Arc::new(started(Config::new(1)));
    let (tell, told) = channel();
    fn next(executor: &std::sync::Arc<Executor>, left: u64, tell: std::sync::mpsc::Sender<u64>) {
        let again = std::sync::Arc::clone(executor);
        executor.submit(Square, left).unwrap().add_done_callback(move |future| {
            tell.send(future.result(Duration::ZERO).unwrap()).unwrap();
            if left > 0 { next(&again, left - 1, tell) } else { again.shutdown(true, false) }
        });
    }
    next(&executor, 9, tell);
    let outputs: Vec<u64> = (0..10).map(|_| told.recv_timeout(SOON).unwrap()).collect();
    assert_eq!(outputs, (0..10).rev().map(|x| x * x).collect::<Vec<u64>>());
    executor.shutdown(true, false);
    assert!(executor.submit(Square, 1).unwrap_err().is_shut_down());
}

fn large_ones_cross() {
    let executor = started(Config::new(2));
    for size in [65_000, 65_536, 70_000, 20_000_000] {
        let outputs = executor.map(Bytes, vec![size; 3], 1, SOON).unwrap();
        assert!(outputs.map(Result::unwrap).all(|output| output.len() == size as usize));
    }
    finished(executor);
}

fn fork_is_refused() {
    let first = started(Config::new(1));
    assert!(Executor::new(Config::new(1)).unwrap_err().is_fork_refused(), "there is a manager thread by now");
    let second = started(Config::new(1).start_method(Spawn));
    works(&first);
    works(&second);
    finished(second);
    finished(first);
}
