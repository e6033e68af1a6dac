//! The pool to use, at work: order, chunks, streams, states, counts.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::pool::{Config, Flow, Pool, Record, Tally, Transport, Workers};
use multiprocess::{Status, meter};

use super::Case;
use super::functions::{Bytes, Pid, Square};
use super::robust_functions::{End, Ending, Heavy, Recall, Remember, Work};

pub(super) const CASES: &[Case] = &[
    ("robust_every_frame_and_byte_is_accounted_for_with_fork", || everything_is_accounted_for(Fork)),
    ("robust_every_frame_and_byte_is_accounted_for_with_forkserver", || everything_is_accounted_for(ForkServer)),
    ("robust_every_frame_and_byte_is_accounted_for_with_spawn", || everything_is_accounted_for(Spawn)),
    ("robust_a_function_crosses_once_for_each_job_and_worker", function_crosses_once),
    ("robust_frames_go_many_in_one_write", frames_go_many_in_one_write),
    ("robust_imap_takes_no_more_than_its_prefetch", imap_is_bounded),
    ("robust_an_imap_that_is_dropped_is_called_off", dropped_imap_is_called_off),
    ("robust_a_worker_remembers_between_its_tasks", worker_remembers),
    ("robust_an_item_can_be_called_off_until_it_is_sent", item_can_be_called_off),
    ("robust_outputs_can_be_had_after_the_end", outputs_after_the_end),
    ("robust_workers_are_replaced_after_their_tasks", workers_are_replaced),
    ("robust_threads_share_a_pool", threads_share_a_pool),
    ("robust_a_pool_can_be_ended_while_others_wait", ended_while_others_wait),
    ("robust_large_items_and_outputs_cross", large_ones_cross),
    ("robust_a_dropped_pool_leaves_nothing", || drop(started(Config::new(3)))),
    ("robust_a_pool_of_no_workers_is_refused", || assert!(Pool::start(Config::new(0)).is_err())),
];

/// A watchdog for what takes milliseconds.
pub(super) const SOON: Duration = Duration::from_secs(30);

/// Whether the pools of this process send by rings.
static BY_RING: AtomicBool = AtomicBool::new(false);

/// Runs a case with pools that send by rings.
pub(super) fn by_ring(case: fn()) {
    BY_RING.store(true, Relaxed);
    case();
}

/// The same configuration with the transport of this case.
pub(super) fn chosen(config: Config) -> Config {
    let transport = if BY_RING.load(Relaxed) { Transport::Ring } else { Transport::Stream };
    config.transport(transport)
}

pub(super) fn started(config: Config) -> Pool {
    Pool::start(chosen(config)).unwrap()
}

pub(super) fn squares(pool: &Pool, items: u64, chunksize: u64) {
    let outputs = pool.map(Square, (0..items).collect(), chunksize).unwrap();
    assert_eq!(outputs, (0..items).map(|x| x * x).collect::<Vec<_>>());
}

/// Finishes a pool and demands that everything it did is accounted for.
pub(super) fn finished<S: 'static>(pool: Pool<S>) -> Vec<Record> {
    let tally = pool.tally();
    assert_eq!(tally.open(), 0, "{tally:?}");
    let records = pool.finish(SOON).unwrap();
    accounted(tally, &records);
    records
}

#[track_caller]
fn accounted(tally: Tally, records: &[Record]) {
    let pids: BTreeSet<u32> = records.iter().map(|record| record.worker.pid).collect();
    assert_eq!(pids.len(), records.len(), "each worker is reported once");
    assert_eq!(records.len() as u64, tally.started, "{tally:?}");
    let answered: u64 = records.iter().map(|record| record.answered).sum();
    assert_eq!(tally.tasks, answered + tally.lost + tally.resent, "{tally:?}");
    assert_eq!(records.iter().filter(|record| record.lost).count() as u64, tally.lost);
    for record in records {
        let counts = &record.worker.counts;
        assert_ne!(record.worker.status, Status::Unknown);
        // A worker that is killed may have counted the end of a task and not yet kept its reply.
        assert!(counts.tasks == record.answered || record.lost && counts.tasks == record.answered + 1, "{record:?}");
        if record.worker.status == Status::Exited(0) {
            assert_eq!((counts.reads.calls, counts.reads.bytes), (record.sent.calls, record.sent.bytes));
            assert_eq!((counts.writes.calls, counts.writes.bytes), (record.received.calls, record.received.bytes));
        }
    }
}

pub(super) fn everything_is_accounted_for(method: StartMethod) {
    let before = meter::counts();
    let pool = started(Config::new(3).start_method(method));
    for (items, chunksize) in [(10_000, 1), (10_000, 7), (10_000, 0), (1, 0), (0, 0), (5, 1_000), (97, 0)] {
        squares(&pool, items, chunksize);
    }
    let tally = pool.tally();
    assert_eq!((tally.submitted, tally.succeeded), (30_103, 30_103));
    assert_eq!(tally.tasks, 10_000 + 1_429 + 12 + 1 + 1 + 11);
    let records = finished(pool);
    assert!(records.iter().all(|record| record.worker.status == Status::Exited(0)), "{records:?}");
    let sum = |what: fn(&meter::Counts) -> u64| records.iter().map(|record| what(&record.worker.counts)).sum::<u64>();
    let here = meter::counts().since(&before);
    // What is dumped on one side is loaded on the other; the preparation is dumped once, and loaded by every worker that is not forked.
    let preparations = if method == Fork { 0 } else { 3 };
    assert_eq!(
        (sum(|counts| counts.dumps.calls), sum(|counts| counts.dumps.bytes)),
        (here.loads.calls, here.loads.bytes)
    );
    assert_eq!(sum(|counts| counts.loads.calls), here.dumps.calls - 1 + preparations);
    assert_eq!(sum(|counts| counts.loads.bytes), here.dumps.bytes - 1 + preparations);
}

pub(super) fn function_crosses_once() {
    let pool = started(Config::new(2));
    let heavy: Vec<u64> = (0..100_000).collect();
    assert_eq!(pool.map(Heavy(heavy.clone()), (0..1_000).collect(), 1).unwrap(), heavy[..1_000]);
    assert_eq!(pool.tally().functions, 2, "and not 1,000");
    assert_eq!(pool.map(Heavy(heavy.clone()), vec![5], 1).unwrap(), [5]);
    assert_eq!(pool.tally().functions, 3);
    finished(pool);
}

pub(super) fn frames_go_many_in_one_write() {
    let pool = started(Config::new(1));
    squares(&pool, 20_000, 1);
    let tally = pool.tally();
    assert!(tally.tasks >= 20_000 && tally.writes < 20_000 / 4, "{tally:?}");
    let record = finished(pool).remove(0);
    assert!(record.received.calls >= 20_000 && tally.reads < 20_000 / 4, "{tally:?}");
}

pub(super) fn imap_is_bounded() {
    let pool = started(Config::new(2).credits(64));
    for (chunksize, prefetch) in [(1, 1), (1, 2), (1, 7), (3, 10), (5, 1), (1, 0)] {
        let taken = AtomicU64::new(0);
        let source = (0..1_000_u64).inspect(|_| _ = taken.fetch_add(1, Relaxed));
        let bound = if prefetch == 0 { 2 * 64 * 2 } else { prefetch.max(chunksize) as u64 };
        let flow = Flow { chunksize, prefetch };
        for (given, (number, outcome)) in pool.imap(Square, source, flow).unwrap().enumerate() {
            assert_eq!((number, outcome.unwrap()), (given as u64, number * number));
            assert!(
                taken.load(Relaxed) <= given as u64 + bound,
                "{flow:?}: {} taken after {given}",
                taken.load(Relaxed)
            );
        }
        assert_eq!(taken.load(Relaxed), 1_000);
        let mut numbers: Vec<u64> = pool
            .imap_unordered(Square, 0..1_000, flow)
            .unwrap()
            .map(|(number, outcome)| outcome.unwrap().min(number))
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..1_000).collect::<Vec<u64>>());
    }
    assert_eq!(pool.imap(Square, [], Flow::default()).unwrap().count(), 0);
    // An endless source: nothing takes it whole.
    assert_eq!(pool.imap(Square, 0.., Flow::default()).unwrap().take(10_000).count(), 10_000);
    squares(&pool, 100, 1);
    while pool.tally().open() > 0 {}
    finished(pool);
}

pub(super) fn dropped_imap_is_called_off() {
    let pool = started(Config::new(1).credits(1));
    drop(pool.imap(Work, vec![1_000; 100], Flow { chunksize: 1, prefetch: 100 }).unwrap().next());
    squares(&pool, 10, 1);
    let tally = pool.tally();
    assert!(tally.cancelled > 0 && tally.succeeded < 110, "{tally:?}");
    finished(pool);
}

pub(super) fn worker_remembers() {
    let pool = Pool::start_with(chosen(Config::new(1).tasks_per_worker(150)), Remember).unwrap();
    let outputs = pool.map(Recall, (0..300).map(|x| x % 10).collect(), 1).unwrap();
    for (place, (square, calls, known)) in outputs.into_iter().enumerate() {
        let (place, x) = (place as u64, place as u64 % 10);
        // The second worker begins anew.
        let calls_so_far = place % 150 + 1;
        assert_eq!((square, calls, known), (x * x, calls_so_far, calls_so_far.min(10)));
    }
    let initialized = |record: &Record| record.worker.counts.marks["initialized"];
    assert!(finished(pool).iter().all(|record| initialized(record) == 1));
}

pub(super) fn item_can_be_called_off() {
    let pool = started(Config::new(1).credits(1));
    // It is sent at once, and stays with the worker until we look.
    let busy = pool.submit(Work, 20_000).unwrap();
    assert!(!busy.cancel());
    let waiting = pool.submit(Square, 9).unwrap();
    assert!(!waiting.is_done() && waiting.cancel() && waiting.is_done() && !waiting.cancel());
    assert!(waiting.get(SOON).unwrap_err().is_cancelled());
    let patient = pool.submit(Square, 11).unwrap();
    assert!(patient.wait(Duration::ZERO).unwrap_err().is_deadline());
    assert_eq!((patient.get(SOON).unwrap(), busy.get(SOON).unwrap()), (121, 20_000));
    let tally = pool.tally();
    assert_eq!((tally.submitted, tally.succeeded, tally.cancelled, tally.tasks), (3, 2, 1, 2));
    finished(pool);
}

pub(super) fn outputs_after_the_end() {
    let pool = started(Config::new(2));
    let handed_in: Vec<_> = (0..100).map(|x| pool.submit(Square, x).unwrap()).collect();
    pool.finish(SOON).unwrap();
    for (x, submitted) in (0..100).zip(handed_in) {
        assert_eq!(submitted.get(SOON).unwrap(), x * x);
    }
}

/// Six tasks, one for each worker, of a pool that is closing: six pids, six results.
pub(super) fn workers_are_replaced() {
    let pool = started(Config::new(2).tasks_per_worker(1));
    let handed_in: Vec<_> = (0..6).map(|x| pool.submit(Pid, x).unwrap()).collect();
    let records = pool.finish(SOON).unwrap();
    let pids: BTreeSet<u32> = handed_in.into_iter().map(|submitted| submitted.get(SOON).unwrap()).collect();
    assert_eq!(pids.len(), 6);
    let worked = records.iter().filter(|record| record.worker.counts.tasks == 1);
    assert_eq!(worked.map(|record| record.worker.pid).collect::<BTreeSet<_>>(), pids);
    assert!(records.iter().all(|record| record.worker.counts.tasks <= 1 && record.worker.status == Status::Exited(0)));
}

pub(super) fn threads_share_a_pool() {
    let pool = started(Config::new(3));
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..50 {
                    let items: Vec<u64> = (0..50).map(|x| x * thread + round).collect();
                    let expected: Vec<u64> = items.iter().map(|x| x * x).collect();
                    match thread {
                        0 => assert_eq!(pool.map(Square, items, 1).unwrap(), expected),
                        1 => assert_eq!(pool.map(Square, items, 7).unwrap(), expected),
                        2 => {
                            let outcomes = pool.imap(Square, items, Flow { chunksize: 1, prefetch: 5 }).unwrap();
                            assert_eq!(outcomes.map(|(_, outcome)| outcome.unwrap()).collect::<Vec<_>>(), expected);
                        }
                        _ => assert_eq!(pool.apply(Square, round).unwrap(), round * round),
                    }
                }
            });
        }
    });
    assert_eq!(pool.tally().succeeded, 3 * 50 * 50 + 50);
    finished(pool);
}

pub(super) fn ended_while_others_wait() {
    let pool = started(Config::new(2));
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| pool.try_map(Ending, vec![End::Never; 4], 1))).collect();
        while pool.tally().tasks < 2 {}
        pool.terminate();
        for thread in waiting {
            // Those that came too late are refused as a whole.
            if let Ok(outcomes) = thread.join().unwrap() {
                assert!(outcomes.len() == 4 && outcomes.iter().all(Result::is_err));
            }
        }
    });
    assert!(pool.map(Square, vec![1], 1).is_err() && pool.worker_pids().is_empty());
    assert_eq!((pool.records().len(), pool.tally().open()), (2, 0));
}

pub(super) fn large_ones_cross() {
    let pool = started(Config::new(2));
    for size in [65_000, 65_536, 70_000, 300_000, 20_000_000] {
        let outputs = pool.map(Bytes, vec![size; 3], 1).unwrap();
        assert!(outputs.iter().all(|output| output.len() == size as usize));
        let heavy = Heavy(vec![3; size as usize / 8]);
        assert_eq!(pool.map(heavy, vec![size / 8 - 1], 1).unwrap(), [3]);
    }
    finished(pool);
}
