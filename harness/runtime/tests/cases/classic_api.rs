//! The interface of CPython's pool: what each call returns, in which order, in how many tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::StartMethod::Fork;
use multiprocess::classic::{Callbacks, Chunksize, Config, Pool};
use multiprocess::{Function, Status, meter, register_function};

use super::Case;
use super::functions::{Endless, NoWay, Refusing, Square, Unlucky, function};
use super::pool::squares;
use super::process::{LONG, until};

pub(super) const CASES: &[Case] = &[
    ("starmap_takes_tuples", starmap_takes_tuples),
    ("imap_gives_out_in_order_and_imap_unordered_everything", imaps_give_everything),
    ("imap_is_cut_into_chunks_and_flattened", imap_is_flattened),
    ("imap_draws_ahead_without_a_bound", imap_draws_ahead),
    ("imap_of_nothing_ends_at_once", imap_of_nothing),
    ("an_imap_that_was_read_leaves_nothing_to_give_up", read_to_its_end),
    ("an_error_of_one_task_of_an_imap_does_not_end_it", imap_goes_on_after_an_error),
    ("an_iterator_that_fails_in_the_middle_fails_there", iterator_fails),
    ("apply_and_apply_async_return_one_output", apply_returns_one),
    ("an_async_result_is_ready_when_it_is", async_result_states),
    ("a_map_with_an_error_keeps_the_other_results", outcomes_are_kept),
    ("a_map_of_nothing_is_done_at_once", map_of_nothing),
    ("callbacks_run_before_the_waiter_wakes", callbacks_run),
    ("a_callback_that_panics_is_counted_and_the_next_task_ok", callback_panics),
    ("a_closed_pool_does_what_it_was_given", closed_pool_drains),
    ("closing_and_joining_costs_one_message_less_than_leaving_with", close_and_join_are_counted),
    ("a_terminated_pool_gives_up_and_ends_its_workers", terminated_pool),
    ("waiting_for_a_dropped_pool_is_an_error", dropped_pool),
    ("every_task_is_accounted_for", accounting),
    ("a_worker_needs_at_least_one_task", no_tasks_per_child),
];

function!(/** Adds its two arguments. */ Add, (), (u64, u64) => u64, |_this, _state, pair| pair.0 + pair.1);
register_function!(Add);

fn pool(workers: usize) -> Pool<()> {
    Pool::start(Config::new(workers).start_method(Fork).deadline(LONG)).unwrap()
}

fn starmap_takes_tuples() {
    let pool = pool(2);
    let pairs: Vec<(u64, u64)> = (0..100).map(|x| (x, 2 * x)).collect();
    let sums: Vec<u64> = (0..100).map(|x| 3 * x).collect();
    assert_eq!(pool.starmap(Add, pairs.clone(), Chunksize::Automatic).unwrap(), sums);
    let mut later = pool.starmap_async(Add, pairs, Chunksize::from(7), Callbacks::none()).unwrap();
    assert_eq!(later.get(LONG).unwrap(), sums);
    pool.finish().unwrap();
}

fn imaps_give_everything() {
    let pool = pool(3);
    let expected: Vec<u64> = (0..1_000).map(|x| x * x).collect();
    let outputs: Vec<u64> = pool.imap(Square, 0..1_000, Chunksize::Automatic).unwrap().map(Result::unwrap).collect();
    assert_eq!(outputs, expected);
    for chunksize in [1, 7] {
        let outputs = pool.imap_unordered(Square, 0..1_000, Chunksize::from(chunksize)).unwrap();
        let mut outputs: Vec<u64> = outputs.map(Result::unwrap).collect();
        outputs.sort_unstable();
        assert_eq!(outputs, expected);
    }
    pool.finish().unwrap();
}

/// By default an item is a task; a chunk is one task, and its outputs come one by one.
/// Whoever has the last output may end the pool at once: every worker then ends by its sentinel, none by a signal.
fn read_to_its_end() {
    for trial in 0..100 {
        let pool = Pool::start(Config::new(2).deadline(LONG)).unwrap();
        let outputs = match trial % 2 {
            0 => pool.imap(Square, 0..3, Chunksize::Automatic),
            _ => pool.imap_unordered(Square, 0..3, Chunksize::Automatic),
        };
        assert_eq!(outputs.unwrap().map(Result::unwrap).sum::<u64>(), 5);
        let reports = pool.finish().unwrap();
        assert!(reports.iter().all(|report| report.status == Status::Exited(0)), "{reports:?}");
    }
}

fn imap_is_flattened() {
    for (chunksize, tasks) in [(0, 100), (1, 100), (7, 15), (1_000, 1)] {
        let pool = pool(2);
        let outputs = pool.imap(Square, 0..100, Chunksize::from(chunksize)).unwrap();
        assert_eq!(outputs.map(Result::unwrap).collect::<Vec<u64>>(), (0..100).map(|x| x * x).collect::<Vec<_>>());
        let reports = pool.finish().unwrap();
        assert_eq!(reports.iter().map(|report| report.counts.tasks).sum::<u64>(), tasks);
    }
}

/// Nobody asks for a result, and all thousand items are drawn and done: CPython 3.14 and before.
fn imap_draws_ahead() {
    let pool = pool(2);
    let drawn = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&drawn);
    let items = (0..1_000).inspect(move |_| {
        counted.fetch_add(1, Relaxed);
    });
    let outputs = pool.imap(Square, items, Chunksize::from(1)).unwrap();
    until(|| outputs.most_waiting() == 1_000);
    assert_eq!(drawn.load(Relaxed), 1_000);
    assert_eq!(outputs.count(), 1_000);
    pool.finish().unwrap();
}

fn imap_of_nothing() {
    let pool = pool(2);
    assert_eq!(pool.imap(Square, 0..0, Chunksize::Automatic).unwrap().count(), 0);
    assert_eq!(pool.imap_unordered(Square, 0..0, Chunksize::from(5)).unwrap().count(), 0);
    pool.finish().unwrap();
}

fn imap_goes_on_after_an_error() {
    let pool = pool(2);
    let outputs: Vec<_> = pool.imap(Unlucky, 10..20, Chunksize::from(1)).unwrap().collect();
    assert_eq!(outputs.len(), 10);
    for (item, output) in (10..20).zip(outputs) {
        match output {
            Ok(output) => assert_eq!(output, item),
            Err(error) => assert!(item == 13 && error.is_task_failed(), "{item}: {error}"),
        }
    }
    pool.finish().unwrap();
}

/// `test_imap_handle_iterable_exception`: the results before come, the error stands where the item would, and the pool goes on.
fn iterator_fails() {
    let pool = pool(2);
    for when in [0_u64, 1, 3, 13] {
        for chunksize in [1, 4] {
            let items = move || (0..20).inspect(move |x| assert!(*x != when, "say when"));
            let mut ordered = pool.imap(Square, items(), Chunksize::from(chunksize)).unwrap();
            // What was drawn for the chunk that fails is lost, as in CPython.
            for x in 0..when / chunksize * chunksize {
                assert_eq!(ordered.next().unwrap().unwrap(), x * x);
            }
            let error = ordered.next().unwrap().unwrap_err();
            assert!(error.is_items_failed() && error.to_string().contains("say when"), "{error}");
            assert!(ordered.next().is_none());
            let unordered = pool.imap_unordered(Square, items(), Chunksize::from(chunksize)).unwrap();
            let (good, bad): (Vec<_>, Vec<_>) = unordered.partition(Result::is_ok);
            assert_eq!((good.len() as u64, bad.len()), (when / chunksize * chunksize, 1));
        }
    }
    squares(&pool, 100, 0);
    pool.finish().unwrap();
}

fn apply_returns_one() {
    let pool = pool(2);
    assert_eq!(pool.apply(Square, 7).unwrap(), 49);
    let mut results: Vec<_> = (0..50).map(|x| pool.apply_async(Square, x, Callbacks::none()).unwrap()).collect();
    for (x, result) in (0_u64..).zip(&mut results) {
        assert_eq!(result.get(LONG).unwrap(), x * x);
    }
    assert!(pool.apply(Unlucky, 13).unwrap_err().is_task_failed());
    let error = pool.apply(Refusing, NoWay).unwrap_err();
    assert!(error.is_encode() && error.to_string().contains("no way"), "{error}");
    pool.finish().unwrap();
}

fn async_result_states() {
    let pool = pool(1);
    let mut never = pool.apply_async(Endless, 1, Callbacks::none()).unwrap();
    assert!(!never.ready() && !never.wait(Duration::ZERO));
    assert_eq!(never.successful(), None);
    assert!(never.get(Duration::from_millis(10)).unwrap_err().is_deadline());
    assert!(never.get(Duration::ZERO).unwrap_err().is_deadline(), "it can be asked again");
    drop(pool);
    let pool = self::pool(1);
    for (item, success) in [(1, true), (13, false)] {
        let mut result = pool.apply_async(Unlucky, item, Callbacks::none()).unwrap();
        assert!(result.wait(LONG) && result.ready());
        assert_eq!(result.successful(), Some(success));
        assert_eq!(result.get(LONG).is_ok(), success);
        assert!(result.get(LONG).unwrap_err().to_string().contains("taken before"));
    }
    pool.finish().unwrap();
}

/// `test_map_no_failfast`: the job is done only when every task is. The first error wins; the rest can be had.
fn outcomes_are_kept() {
    let pool = pool(2);
    let map = |chunksize| pool.map_async(Unlucky, (0..20).collect(), Chunksize::from(chunksize), Callbacks::none());
    assert!(map(1).unwrap().get(LONG).unwrap_err().is_task_failed());
    let all = map(1).unwrap().outcomes(LONG).unwrap();
    assert_eq!(all.outputs.iter().flatten().count() + all.failures.len(), 20);
    assert!(all.outputs[13].is_none() && all.outputs[12] == Some(12) && all.outputs[14] == Some(14));
    assert_eq!((all.failures[0].task, all.failures[0].items.clone()), (13, 13..14));
    let all = map(8).unwrap().outcomes(LONG).unwrap();
    assert_eq!(all.outputs.len(), 20);
    assert_eq!((all.failures[0].task, all.failures[0].items.clone()), (1, 8..16));
    assert_eq!(all.outputs.iter().flatten().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19]);
    pool.finish().unwrap();
}

fn map_of_nothing() {
    let pool = pool(2);
    let mut result = pool.map_async(Square, Vec::new(), Chunksize::Automatic, Callbacks::none()).unwrap();
    assert!(result.ready());
    assert_eq!(result.successful(), Some(true));
    assert_eq!(result.get(Duration::ZERO).unwrap(), []);
    assert_eq!(pool.task_counts().submitted, 0);
    pool.finish().unwrap();
}

fn callbacks_run() {
    let pool = pool(2);
    let called = Arc::new([const { AtomicU64::new(0) }; 2]);
    for item in [1, 13] {
        let (success, failure) = (Arc::clone(&called), Arc::clone(&called));
        let callbacks = Callbacks::none()
            .on_success(move |outputs: &[u64]| {
                assert_eq!(std::thread::current().name(), Some("result-handler"));
                success[0].fetch_add(outputs.iter().sum(), Relaxed);
            })
            .on_error(move |error| {
                assert!(error.is_task_failed());
                failure[1].fetch_add(1, Relaxed);
            });
        let result = pool.map_async(Unlucky, vec![item, 5], Chunksize::from(1), callbacks).unwrap();
        assert!(result.wait(LONG));
    }
    assert_eq!((called[0].load(Relaxed), called[1].load(Relaxed)), (6, 1));
    assert_eq!(pool.callback_panics(), 0);
    pool.finish().unwrap();
}

/// Row 29. In CPython the result handler is gone after that.
fn callback_panics() {
    let pool = pool(2);
    for round in 1..=20 {
        let callbacks = Callbacks::none().on_success(|_: &[u64]| panic!("a callback panics, on purpose"));
        let mut result = pool.apply_async(Square, 3, callbacks).unwrap();
        assert_eq!(result.get(LONG).unwrap(), 9);
        assert_eq!(pool.callback_panics(), round);
        squares(&pool, 10, 1);
    }
    pool.finish().unwrap();
}

fn closed_pool_drains() {
    let pool = pool(2);
    let mut map = pool.map_async(Square, (0..500).collect(), Chunksize::from(1), Callbacks::none()).unwrap();
    let imap = pool.imap(Square, 0..500, Chunksize::from(1)).unwrap();
    let ended = pool.close().join().unwrap();
    assert!(map.ready(), "a join waits for every job");
    assert_eq!(map.get(Duration::ZERO).unwrap().len(), 500);
    assert_eq!(imap.map(Result::unwrap).count(), 500);
    assert!(ended.hangs.is_empty());
    assert_eq!(ended.workers.iter().map(|worker| worker.counts.tasks).sum::<u64>(), 1_000);
    assert!(ended.workers.iter().all(|worker| worker.status == Status::Exited(0)));
}

/// `with Pool(8)` puts a second sentinel on the out-queue: 42 messages; without it, 41.
fn close_and_join_are_counted() {
    let before = meter::counts();
    let pool = pool(8);
    squares(&pool, 1_000, 0);
    let ended = pool.close().join().unwrap();
    let counted = meter::counts().since(&before);
    assert_eq!((counted.dumps.calls, counted.messages, counted.loads.calls), (41, 41, 33));
    assert_eq!(ended.workers.iter().map(|worker| worker.counts.loads.calls).sum::<u64>(), 40);
}

fn terminated_pool() {
    let pool = pool(2);
    let mut never = pool.map_async(Endless, vec![1, 2, 3], Chunksize::from(1), Callbacks::none()).unwrap();
    let mut pids = pool.worker_pids();
    let ended = pool.terminate().unwrap();
    assert!(never.ready() && never.get(Duration::ZERO).is_err());
    let mut reaped: Vec<u32> = ended.workers.iter().map(|worker| worker.pid).collect();
    pids.sort_unstable();
    reaped.sort_unstable();
    assert_eq!(pids, reaped);
    assert!(ended.workers.iter().all(|worker| worker.status == Status::Signalled(15)), "{ended:?}");
    let closed = self::pool(1);
    let _never = closed.apply_async(Endless, 1, Callbacks::none()).unwrap();
    assert_eq!(closed.close().terminate().unwrap().workers.len(), 1);
}

fn dropped_pool() {
    let pool = pool(1);
    let mut never = pool.apply_async(Endless, 1, Callbacks::none()).unwrap();
    let mut ahead = pool.imap(Endless, 0..10, Chunksize::from(1)).unwrap();
    drop(pool);
    assert!(never.get(Duration::ZERO).is_err());
    assert!(ahead.next().unwrap().is_err());
}

/// Submitted is succeeded and failed; what the workers did is what was asked for; what was reaped is what was there.
fn accounting() {
    let pool = pool(3);
    let pids = pool.worker_pids();
    squares(&pool, 97, 5);
    pool.map(Unlucky, (0..20).collect(), Chunksize::from(1)).unwrap_err();
    pool.map(Refusing, vec![NoWay, NoWay], Chunksize::from(1)).unwrap_err();
    assert_eq!(pool.imap(Square, 0..33, Chunksize::from(2)).unwrap().count(), 33);
    let counts = pool.task_counts();
    assert_eq!(counts.submitted, 20 + 20 + 2 + 17);
    assert_eq!((counts.succeeded, counts.failed), (20 + 19 + 17, 1 + 2));
    let reports = pool.finish().unwrap();
    assert_eq!(reports.iter().map(|report| report.counts.tasks).sum::<u64>(), counts.submitted - 2);
    assert_eq!(reports.iter().map(|report| report.pid).collect::<Vec<_>>(), pids);
}

fn no_tasks_per_child() {
    let error = Pool::start(Config::new(2).max_tasks_per_child(0)).unwrap_err();
    assert!(error.to_string().contains("at least one task"), "{error}");
}
