//! What every pool does alike, whoever its workers are: one suite, for processes by each start method and for threads.

use std::time::Duration;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::meter;
use multiprocess::pool::{Config, Flow, Pool, Threads, Workers};

use super::Case;
use super::functions::{Square, Unlucky};
use super::robust_functions::{End, Ending, Falter, Heavy, Recall, Remember, Work};
use super::robust_pool::{SOON, chosen};

pub(super) const CASES: &[Case] = &[
    ("robust_every_pool_does_the_same_with_fork", || processes(Fork)),
    ("robust_every_pool_does_the_same_with_forkserver", || processes(ForkServer)),
    ("robust_every_pool_does_the_same_with_spawn", || processes(Spawn)),
    ("robust_every_pool_does_the_same_with_threads", threads),
    ("robust_threads_encode_nothing", threads_encode_nothing),
    ("robust_a_thread_that_takes_too_long_fails_its_task_and_goes_on", thread_takes_too_long),
    ("robust_threads_give_up_a_failing_initializer", threads_give_up),
    ("robust_threads_that_are_dropped_call_off_what_was_not_begun", dropped_threads),
];

pub(super) fn processes(method: StartMethod) {
    let pool = Pool::start(chosen(Config::new(2).start_method(method))).unwrap();
    suite(&pool);
    pool.finish(SOON).unwrap();
    let pool = Pool::start_with(chosen(Config::new(2).start_method(method)), Remember).unwrap();
    remembers(&pool);
    pool.finish(SOON).unwrap();
}

fn threads() {
    let pool = Threads::start(Config::new(2)).unwrap();
    suite(&pool);
    pool.finish(SOON).unwrap();
    let pool = Threads::start_with(Config::new(2), Remember).unwrap();
    remembers(&pool);
    pool.finish(SOON).unwrap();
}

fn suite(pool: &impl Workers<State = ()>) {
    maps_in_order(pool);
    flows(pool);
    panics_cost_their_item(pool);
    submits(pool);
    let tally = pool.tally();
    assert_eq!((tally.open(), tally.lost, tally.resent), (0, 0, 0), "{tally:?}");
    assert_eq!(tally.submitted, tally.succeeded + tally.failed + tally.cancelled);
}

fn maps_in_order(pool: &impl Workers<State = ()>) {
    for (items, chunksize) in [(0, 0), (1, 0), (1, 5), (97, 1), (97, 7), (97, 1_000), (5_000, 1), (5_000, 0)] {
        let outputs = pool.map(Square, (0..items).collect(), chunksize).unwrap();
        assert_eq!(outputs, (0..items).map(|x| x * x).collect::<Vec<_>>());
    }
    assert_eq!(pool.map(Heavy((0..1_000).rev().collect()), vec![0, 999], 1).unwrap(), [999, 0]);
}

fn flows(pool: &impl Workers<State = ()>) {
    for (chunksize, prefetch) in [(0, 0), (1, 1), (1, 3), (7, 3), (7, 20), (1, 1_000)] {
        let flow = Flow { chunksize, prefetch };
        let ordered = pool.imap(Square, 0..500, flow).unwrap();
        let outputs: Vec<(u64, u64)> = ordered.map(|(number, outcome)| (number, outcome.unwrap())).collect();
        assert_eq!(outputs, (0..500).map(|x| (x, x * x)).collect::<Vec<_>>());
        let unordered = pool.imap_unordered(Square, 0..500, flow).unwrap();
        let mut outputs: Vec<(u64, u64)> = unordered.map(|(number, outcome)| (number, outcome.unwrap())).collect();
        outputs.sort_unstable();
        assert_eq!(outputs, (0..500).map(|x| (x, x * x)).collect::<Vec<_>>());
    }
    // A short task overtakes a long one, if one may.
    let items = std::iter::once(200_000).chain(std::iter::repeat_n(1, 20));
    let first = pool.imap_unordered(Work, items, Flow { chunksize: 1, prefetch: 21 }).unwrap().next().unwrap();
    assert_ne!(first.0, 0);
    // What was under way when it was dropped comes to its end.
    while pool.tally().open() > 0 {}
}

fn panics_cost_their_item(pool: &impl Workers<State = ()>) {
    let before = pool.tally();
    let outcomes = pool.try_map(Unlucky, (0..30).collect(), 5).unwrap();
    for (item, outcome) in (0..).zip(outcomes) {
        match outcome {
            Ok(output) => assert_eq!(output, item),
            Err(error) => assert!(item == 13 && error.is_task_failed() && error.to_string().contains("thirteen")),
        }
    }
    assert_eq!((pool.tally().failed - before.failed, pool.tally().succeeded - before.succeeded), (1, 29));
    let error = pool.map(Ending, vec![End::Panic, End::Well], 1).unwrap_err();
    assert!(error.is_task_failed() && error.to_string().contains("a bad end"), "{error}");
}

fn submits(pool: &impl Workers<State = ()>) {
    let handed_in: Vec<_> = (0..200).map(|x| pool.submit(Square, x).unwrap()).collect();
    for (x, submitted) in (0..200).zip(handed_in) {
        submitted.wait(SOON).unwrap();
        assert!(submitted.is_done() && !submitted.cancel());
        assert_eq!(submitted.get(SOON).unwrap(), x * x);
    }
    let late = pool.submit(Work, 100_000).unwrap();
    assert!(late.wait(Duration::from_millis(1)).unwrap_err().is_deadline());
    assert_eq!(late.get(SOON).unwrap(), 100_000);
    assert!(pool.apply(Ending, End::Panic).unwrap_err().is_task_failed());
}

fn remembers(pool: &impl Workers<State = super::robust_functions::Memory>) {
    let outputs = pool.map(Recall, (0..300).map(|x| x % 10).collect(), 3).unwrap();
    let mut calls: Vec<u64> = outputs.iter().map(|(_, calls, _)| *calls).collect();
    assert!(outputs.iter().zip(0_u64..).all(|((square, _, known), x)| *square == (x % 10).pow(2) && *known <= 10));
    // Two workers have counted from 1, each by itself.
    calls.sort_unstable();
    let most = calls[299];
    let expected = (1..=most).flat_map(|count| std::iter::repeat_n(count, if count <= 300 - most { 2 } else { 1 }));
    assert_eq!(calls, expected.collect::<Vec<_>>());
}

fn threads_encode_nothing() {
    let before = meter::counts();
    let pool = Threads::start(Config::new(2)).unwrap();
    suite(&pool);
    pool.finish(SOON).unwrap();
    let counts = meter::counts().since(&before);
    assert_eq!((counts.dumps.calls, counts.loads.calls, counts.messages, counts.reads.calls), (0, 0, 0, 0));
}

fn thread_takes_too_long() {
    let pool = Threads::start(Config::new(2).task_limit(Duration::from_millis(100))).unwrap();
    let outcomes = pool.try_map(Work, vec![1, 400_000, 1, 1], 1).unwrap();
    for (item, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(output) => assert_eq!(output, 1),
            Err(error) => assert!(item == 1 && error.is_deadline() && error.to_string().contains("cannot be ended")),
        }
    }
    assert!(pool.apply(Square, 3).is_ok(), "another thread is free");
    let error = pool.finish(Duration::ZERO).unwrap_err();
    assert!(error.is_deadline() && error.to_string().contains("still at a task"), "{error}");
    // Nothing ends it but itself.
    while std::fs::read_dir("/proc/self/task").unwrap().count() > 1 {}
}

fn threads_give_up() {
    let pool = Threads::start_with(Config::new(2).failed_starts(4), Falter(End::Panic)).unwrap();
    let before = meter::counts();
    match pool.try_map(Square, (0..10).collect(), 1) {
        Ok(outcomes) => assert!(outcomes.into_iter().all(|outcome| outcome.unwrap_err().is_initializer_failed())),
        Err(error) => assert!(error.is_initializer_failed(), "{error}"),
    }
    pool.finish(SOON).unwrap();
    let calls = meter::counts().since(&before).marks.get("initialized").copied().unwrap_or_default();
    assert!(calls <= 2 + 4, "{calls} calls");
}

fn dropped_threads() {
    let pool = Threads::start(Config::new(1)).unwrap();
    let handed_in: Vec<_> = (0..100).map(|_| pool.submit(Work, 2_000).unwrap()).collect();
    drop(pool);
    let outcomes: Vec<_> = handed_in.into_iter().map(|submitted| submitted.get(SOON)).collect();
    assert!(outcomes.last().unwrap().is_err());
    assert!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() < 100);
}
