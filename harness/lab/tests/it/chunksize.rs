//! The lesson `chunksize`: where the items are cut decides the messages, exactly, and never the answer.

use record::{ProcessReport, VariantResult};

use crate::house::House;

/// How often `small_sweep` maps at each of its points.
const SMALL_ROUNDS: u64 = 9;

/// Every variant with small sizes and `settings` in place of them; each must answer with all the additions.
#[track_caller]
fn run(workers: u64, items: u64, inner: u64) -> Vec<VariantResult> {
    let settings = [format!("workers={workers}"), format!("items={items}"), format!("inner={inner}")];
    let mut arguments = vec!["run", "chunksize", "--json"];
    settings.iter().for_each(|setting| arguments.extend(["--set", setting]));
    let rows = House::bare().lab(&arguments).check(0).answered().variants;
    assert_eq!(rows.len(), 10);
    let all = (items * inner).to_string();
    for row in &rows {
        assert!(row.ok && row.answer.as_ref() == Some(&all), "{settings:?}: {row:?}");
        if row.name != "serial" {
            check_pool(row, workers);
        }
    }
    rows
}

/// Each task crosses once in each direction; after the timed part come the sentinels, as when any pool ends.
#[track_caller]
fn check_pool(row: &VariantResult, workers: u64) {
    let (parent, inside) = (&row.processes[0], ProcessReport::total(&row.processes[1..]));
    let name = row.name.as_str();
    assert_eq!(row.processes.len() as u64, workers + 1, "{name}");
    let tasks = row.counters.tasks;
    assert_eq!((parent.messages, parent.dumps.calls), (tasks + workers + 2, tasks + workers + 2), "{name}");
    assert_eq!(parent.loads.calls, tasks + 1, "{name}");
    assert_eq!((inside.messages, inside.dumps.calls), (tasks, tasks), "{name}");
    assert_eq!(inside.loads.calls, tasks + workers, "{name}");
    if name.ends_with("_sweep") {
        let rounds = if name == "small_sweep" { SMALL_ROUNDS } else { 1 };
        let at_points = row.facts.iter().filter(|(fact, _)| fact.starts_with("map_") && fact.ends_with("_tasks"));
        assert_eq!(tasks, rounds * at_points.map(|(_, tasks)| tasks).sum::<u64>(), "{name}");
    }
}

fn of<'a>(rows: &'a [VariantResult], name: &str) -> &'a VariantResult {
    rows.iter().find(|row| row.name == name).unwrap()
}

#[test]
fn the_chunksize_sets_the_number_of_tasks() {
    let rows = run(3, 97, 50);
    let tasks = |name| of(&rows, name).counters.tasks;
    assert_eq!(tasks("even_1"), 97);
    assert_eq!(tasks("even_auto"), 97_u64.div_ceil(9));
    assert_eq!(tasks("even_rule"), 97_u64.div_ceil(8));
    assert_eq!(of(&rows, "even_sweep").facts["map_20_tasks"], 5);
    assert_eq!(of(&rows, "even_sweep").facts["map_whole_tasks"], 1);
    assert_eq!(of(&rows, "linear_sweep").facts["map_large_tasks"], 3);
}

#[test]
fn batches_by_hand_are_the_same_messages() {
    let rows = run(3, 97, 50);
    let (by_hand, rule) = (of(&rows, "even_by_hand"), of(&rows, "even_rule"));
    assert_eq!(by_hand.counters.tasks, rule.counters.tasks);
    assert_eq!(by_hand.counters.messages, rule.counters.messages);
}

/// The post on CPU-bound work states 62 for 1000 items on 4 workers.
#[test]
fn the_post_s_rule_comes_out() {
    let rows = run(4, 1_000, 10);
    assert_eq!(of(&rows, "even_sweep").facts["chunk_rule_items"], 62);
    assert_eq!(of(&rows, "even_auto").counters.tasks, 16);
}

#[test]
fn every_worker_has_its_idle_time_at_every_point() {
    let rows = run(3, 97, 2_000);
    for row in rows.iter().filter(|row| row.name.ends_with("_sweep")) {
        let idle: Vec<_> = row.series.iter().filter(|(name, _)| name.starts_with("idle_")).collect();
        let points = row.facts.keys().filter(|name| name.starts_with("map_") && name.ends_with("_ns")).count();
        assert_eq!(idle.len(), points, "{}", row.name);
        assert!(idle.iter().all(|(_, workers)| workers.len() == 3 && workers.is_sorted()), "{}", row.name);
    }
}

#[test]
fn no_items_are_no_tasks() {
    let rows = run(3, 0, 50);
    assert!(rows.iter().all(|row| row.counters.tasks == 0));
}

#[test]
fn items_that_cost_nothing_are_still_mapped() {
    assert_eq!(of(&run(2, 7, 0), "even_1").counters.tasks, 7);
}

#[test]
fn one_item_is_one_task_however_it_is_cut() {
    let rows = run(2, 1, 50);
    for name in ["even_1", "even_auto", "even_rule", "even_by_hand"] {
        assert_eq!(of(&rows, name).counters.tasks, 1, "{name}");
    }
}

#[test]
fn more_workers_than_items() {
    assert_eq!(of(&run(9, 4, 50), "even_auto").counters.tasks, 4);
}

#[test]
fn a_prime_number_of_items_for_one_worker() {
    assert_eq!(of(&run(1, 1_009, 3), "even_auto").counters.tasks, 4);
}

#[test]
fn more_items_than_the_small_setting_has() {
    run(2, 1_501, 1_007);
}

#[test]
fn what_is_out_of_range_is_refused() {
    for setting in ["items=1000001", "workers=0", "workers=257", "inner=1000000001"] {
        House::bare().lab(&["run", "chunksize", "--set", setting]).check(2);
    }
}
