//! How often data crosses: with every task, once per worker, or never.

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::{self, WorkerReport};

use super::Case;
use super::functions::{Leave, Lookup, Luggage, Offset};

pub(super) const CASES: &[Case] = &[
    ("a_bound_method_crosses_with_every_task_with_fork", || bound_method_crosses_with_every_task(Fork)),
    ("a_bound_method_crosses_with_every_task_with_spawn", || bound_method_crosses_with_every_task(Spawn)),
    ("an_initializer_crosses_once_per_worker_with_spawn", || initializer_crosses(Spawn, 3)),
    ("an_initializer_crosses_once_per_worker_with_forkserver", || initializer_crosses(ForkServer, 3)),
    ("an_initializer_is_inherited_with_fork", || initializer_crosses(Fork, 0)),
];

fn luggage_dumps() -> u64 {
    meter::counts().marks.get("luggage_dumps").copied().unwrap_or(0)
}

fn luggage_loads(reports: &[WorkerReport]) -> u64 {
    reports.iter().filter_map(|report| report.counts.marks.get("luggage_loads")).sum()
}

fn bound_method_crosses_with_every_task(method: StartMethod) {
    let before = luggage_dumps();
    let pool = Pool::start(Config::new(3).start_method(method)).unwrap();
    let outputs = pool.map(Offset(Luggage(vec![5; 50_000])), (0..1_000).collect(), Chunksize::from(60)).unwrap();
    let reports = pool.finish().unwrap();
    assert_eq!(outputs, (5..1_005).collect::<Vec<_>>());
    let tasks = 1_000_u64.div_ceil(60);
    assert_eq!(luggage_dumps() - before, tasks);
    assert_eq!(luggage_loads(&reports), tasks);
}

fn initializer_crosses(method: StartMethod, times: u64) {
    let before = luggage_dumps();
    let luggage = Luggage((0..50_000).rev().collect());
    let pool = Pool::start_with(Config::new(3).start_method(method), Leave(luggage.clone())).unwrap();
    let outputs = pool.map(Lookup, (0..50_000).collect(), Chunksize::Automatic).unwrap();
    let reports = pool.finish().unwrap();
    assert_eq!(outputs, luggage.0);
    assert_eq!(luggage_dumps() - before, times);
    assert_eq!(luggage_loads(&reports), times);
}
