//! A pool that works: order, chunks, counts, sizes.

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter;

use super::Case;
use super::functions::{Bytes, Pid, Square};

pub(super) const CASES: &[Case] = &[
    ("map_keeps_the_order_with_fork", || map_keeps_the_order(Fork)),
    ("map_keeps_the_order_with_spawn", || map_keeps_the_order(Spawn)),
    ("map_keeps_the_order_with_forkserver", || map_keeps_the_order(ForkServer)),
    ("odd_counts_of_items_and_chunks_all_come_back", odd_counts_come_back),
    ("no_items_need_no_task", no_items_need_no_task),
    ("a_pool_of_no_workers_is_refused", || assert!(Pool::start(Config::new(0)).is_err())),
    ("messages_are_counted_as_in_the_post", messages_are_counted_as_in_the_post),
    ("large_arguments_and_results_cross", large_results_cross),
    ("two_pools_live_side_by_side", two_pools_live_side_by_side),
    ("fork_is_refused_while_there_are_threads", fork_is_refused_while_there_are_threads),
    ("every_worker_reports_its_counts", every_worker_reports),
    ("workers_can_be_read_while_the_pool_lives", workers_can_be_read),
];

pub(super) fn squares(pool: &Pool<()>, items: u64, chunksize: u64) {
    let outputs = pool.map(Square, (0..items).collect(), Chunksize::from(chunksize)).unwrap();
    assert_eq!(outputs, (0..items).map(|x| x * x).collect::<Vec<_>>());
}

fn map_keeps_the_order(method: StartMethod) {
    let pool = Pool::start(Config::new(3).start_method(method)).unwrap();
    squares(&pool, 10_000, 7);
    squares(&pool, 10_000, 0);
    pool.finish().unwrap();
}

fn odd_counts_come_back() {
    for (items, chunksize, workers) in [(1, 0, 5), (7, 3, 2), (97, 1, 3), (97, 1_000, 3), (4, 0, 9), (10, u64::MAX, 2)]
    {
        let pool = Pool::start(Config::new(workers)).unwrap();
        squares(&pool, items, chunksize);
        pool.finish().unwrap();
    }
}

fn no_items_need_no_task() {
    let pool = Pool::start(Config::new(2)).unwrap();
    assert_eq!(pool.map(Square, Vec::new(), Chunksize::Automatic).unwrap(), []);
    let tasks: u64 = pool.finish().unwrap().iter().map(|worker| worker.counts.tasks).sum();
    assert_eq!(tasks, 0);
}

/// The post "Multiprocessing.Pool() - Stuck in a Pickle" counts 42 dumps and 33 loads in the parent of 8 workers: 32 tasks, 8
/// sentinels for workers and 2 for the result handler; 32 replies and 1 sentinel.
fn messages_are_counted_as_in_the_post() {
    let before = meter::counts();
    let pool = Pool::start(Config::new(8)).unwrap();
    squares(&pool, 1_000, 0);
    let workers = pool.finish().unwrap();
    let after = meter::counts();
    assert_eq!(after.dumps.calls - before.dumps.calls, 42);
    assert_eq!(after.messages - before.messages, 42);
    assert_eq!(after.loads.calls - before.loads.calls, 33);
    let sum = |what: fn(&meter::Counts) -> u64| workers.iter().map(|worker| what(&worker.counts)).sum::<u64>();
    assert_eq!(sum(|counts| counts.tasks), 32);
    assert_eq!(sum(|counts| counts.dumps.calls), 32);
    assert_eq!(sum(|counts| counts.loads.calls), 32 + 8);
    // Every byte that was dumped on one side was loaded on the other; the sentinel that `terminate` adds is never read.
    let out = after.dumps.bytes - before.dumps.bytes;
    assert_eq!(out, sum(|counts| counts.loads.bytes) + 2);
    assert_eq!(sum(|counts| counts.dumps.bytes) + 1, after.loads.bytes - before.loads.bytes);
}

fn large_results_cross() {
    let pool = Pool::start(Config::new(2)).unwrap();
    for size in [65_531, 65_532, 65_533, 20_000_000] {
        let outputs = pool.map(Bytes, vec![size; 3], Chunksize::from(1)).unwrap();
        assert!(outputs.iter().all(|output| output.len() == size as usize));
    }
    pool.finish().unwrap();
}

fn two_pools_live_side_by_side() {
    let first = Pool::start(Config::new(2)).unwrap();
    // The first pool's handler threads exist, so the second may not fork.
    let second = Pool::start(Config::new(2).start_method(Spawn)).unwrap();
    squares(&first, 100, 0);
    squares(&second, 100, 0);
    second.finish().unwrap();
    squares(&first, 100, 0);
    first.finish().unwrap();
}

fn fork_is_refused_while_there_are_threads() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || held.recv());
    let error = Pool::start(Config::new(1)).unwrap_err();
    assert!(error.is_fork_refused() && error.to_string().contains("2 threads"), "{error}");
    drop(hold);
    thread.join().unwrap().unwrap_err();
}

fn every_worker_reports() {
    let pool = Pool::start(Config::new(4)).unwrap();
    let pids: std::collections::BTreeSet<u32> = pool.worker_pids().into_iter().collect();
    let used = pool.map(Pid, (0..100).collect(), Chunksize::from(1)).unwrap();
    let reports = pool.finish().unwrap();
    assert_eq!(reports.iter().map(|report| report.pid).collect::<std::collections::BTreeSet<_>>(), pids);
    assert_eq!(reports.len(), 4);
    for report in &reports {
        let tasks = used.iter().filter(|pid| **pid == report.pid).count() as u64;
        assert_eq!(report.counts.tasks, tasks);
        assert!(report.usage.max_rss_bytes > 0);
    }
}

/// After a map everything but the last writes is counted.
fn workers_can_be_read() {
    let pool = Pool::start(Config::new(3)).unwrap();
    let tasks = |pool: &Pool<()>| {
        pool.worker_counts().iter().map(|counts| (counts.tasks, counts.dumps.calls)).collect::<Vec<_>>()
    };
    assert_eq!(tasks(&pool), [(0, 0); 3]);
    squares(&pool, 97, 5);
    let counted = tasks(&pool);
    assert_eq!(counted.iter().map(|(tasks, _)| tasks).sum::<u64>(), 20);
    assert!(counted.iter().all(|(tasks, dumps)| tasks == dumps));
    let reported: Vec<u64> = pool.finish().unwrap().iter().map(|worker| worker.counts.tasks).collect();
    assert_eq!(reported, counted.iter().map(|(tasks, _)| *tasks).collect::<Vec<_>>());
}
