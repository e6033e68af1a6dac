//! The mechanism, proved by exact counts: what crosses, how often, and that every byte that leaves arrives.

use record::{Counters, ProcessReport, VariantResult};

use crate::house::House;
use crate::lab::Answered;

fn run(workers: u64, items: u64) -> Answered {
    let settings = [format!("workers={workers}"), format!("items={items}"), "cache_entries=64".to_owned()];
    let mut arguments = vec!["run", "bound_method", "--profile", "quick", "--json"];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    House::bare().lab(&arguments).check(0).answered()
}

/// How often the cache crosses in a variant.
fn crossings(variant: &str, workers: u64, tasks: u64) -> u64 {
    match variant {
        "pool_bound_method" | "pool_bound_method_spawn" => tasks,
        "pool_initializer_global_spawn" => workers,
        _ => 0,
    }
}

/// The parent, and the sum over the workers.
fn sides(row: &VariantResult) -> (&ProcessReport, Counters) {
    (&row.processes[0], ProcessReport::total(&row.processes[1..]))
}

/// Everything that must hold between two sides of a pool.
#[track_caller]
fn check_pool(row: &VariantResult, workers: u64, tasks: u64) {
    let (parent, inside) = sides(row);
    let name = row.name.as_str();
    let spawned = if name.ends_with("_spawn") { workers } else { 0 };
    assert_eq!(row.processes.len() as u64, workers + 1, "{name}");
    assert_eq!((row.counters.tasks, inside.tasks, parent.tasks), (tasks, tasks, 0), "{name}");
    // The cache leaves the parent and is unpacked by workers, never the other way.
    let cache = crossings(name, workers, tasks);
    let mark = |counters: &Counters, mark: &str| counters.mark(mark);
    assert_eq!((mark(&parent.counters(), "cache_dumps"), mark(&inside, "cache_loads")), (cache, cache), "{name}");
    assert_eq!((mark(&parent.counters(), "cache_loads"), mark(&inside, "cache_dumps")), (0, 0), "{name}");
    // Out: the tasks, a sentinel for each worker, two for the result handler, a preparation for each spawned worker.
    assert_eq!(parent.dumps.calls, tasks + workers + 2 + spawned, "{name}");
    assert_eq!(parent.messages, parent.dumps.calls, "{name}");
    assert_eq!(inside.loads.calls, tasks + workers + spawned, "{name}");
    // Back: a reply for each task. The parent also reads the first of its own two sentinels.
    assert_eq!((inside.dumps.calls, inside.messages), (tasks, tasks), "{name}");
    assert_eq!(parent.loads.calls, tasks + 1, "{name}");
    // Every byte that leaves arrives; a sentinel is one byte, and the second one for the result handler is never read.
    assert_eq!(parent.dumps.bytes, inside.loads.bytes + 2, "{name}");
    assert_eq!(inside.dumps.bytes + 1, parent.loads.bytes, "{name}");
    assert_eq!(row.counters, ProcessReport::total(&row.processes), "{name}");
}

#[track_caller]
fn check_all(workers: u64, items: u64, tasks: u64) {
    let answered = run(workers, items);
    assert_eq!(answered.variants.len(), 10);
    for row in &answered.variants {
        if row.name.starts_with("pool_") {
            check_pool(row, workers, tasks);
        } else {
            assert_eq!((row.processes.len(), &row.counters), (1, &Counters::default()), "{}", row.name);
        }
    }
}

#[test]
fn odd_sizes_are_counted_exactly_in_every_variant() {
    let chunksize = 997_u64.div_ceil(4 * 3);
    check_all(3, 997, 997_u64.div_ceil(chunksize));
}

#[test]
fn a_single_worker_is_counted_exactly() {
    check_all(1, 97, 4);
}

#[test]
fn no_items_are_no_tasks_and_the_sentinels_still_cross() {
    check_all(3, 0, 0);
}

/// The post "Multiprocessing.Pool() - Stuck in a Pickle" counts 42 dumps and 33 loads in the parent of 8 workers.
#[test]
fn the_post_s_own_counts_come_out() {
    let answered = run(8, 1_000);
    let (parent, _) = sides(answered.variant("pool_bound_method"));
    assert_eq!((parent.dumps.calls, parent.loads.calls), (42, 33));
    assert_eq!(parent.counters().mark("cache_dumps"), 32);
}

/// The free function's messages are the same but for the function's name and the cache.
#[test]
fn each_task_of_the_bound_method_is_larger_by_the_whole_cache() {
    let answered = run(3, 997);
    let cache = answered.variant("serial").facts["cache_serialised_bytes"];
    let names = ["bound_method::Converter", "bound_method::ConvertAlone"].map(|name| name.len() as u64);
    let (bound, _) = sides(answered.variant("pool_bound_method"));
    let (free, _) = sides(answered.variant("pool_free_function"));
    assert_eq!(bound.dumps.bytes - free.dumps.bytes, 12 * (cache + names[0] - names[1]));
}

#[test]
fn the_exact_counts_repeat() {
    let untimed = |mut row: VariantResult| {
        for traffic in
            [&mut row.counters.dumps, &mut row.counters.loads, &mut row.counters.writes, &mut row.counters.reads]
        {
            traffic.ns = 0;
        }
        let counters = row.counters;
        (row.name, row.answer, counters.tasks, counters.messages, counters.dumps, counters.loads, counters.marks)
    };
    let counts = || run(3, 997).variants.into_iter().map(untimed).collect::<Vec<_>>();
    assert_eq!(counts(), counts());
}
