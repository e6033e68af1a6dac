//! The lesson `chunksize`: where the items are cut decides the messages, exactly, and never the answer.

use experiments::chunksize::LESSON;
use record::{Judgement, ProcessReport, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::rows::{judged, row};

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

/// Rounded up or down, it is the same where the items divide: a sweep needs no point for each.
#[test]
fn the_automatic_chunksize_is_the_rule_where_the_items_divide() {
    let rows = run(2, 64, 50);
    assert_eq!(of(&rows, "even_sweep").facts["chunk_rule_items"], 8);
    assert_eq!((of(&rows, "even_auto").counters.tasks, of(&rows, "even_rule").counters.tasks), (8, 8));
}

#[test]
fn the_sweeps_have_the_cuts_that_the_chapter_lists() {
    let rows = run(2, 64, 50);
    let cuts = |name| {
        let facts = of(&rows, name).facts.keys();
        let mut cuts: Vec<&str> = facts.filter_map(|fact| fact.strip_prefix("map_")?.strip_suffix("_ns")).collect();
        cuts.sort_unstable();
        cuts
    };
    assert_eq!(cuts("even_sweep"), ["1", "100", "20", "5", "500", "by_hand", "guided", "large", "rule", "whole"]);
    for name in ["linear_sweep", "bimodal_sweep", "heavy_sweep"] {
        assert_eq!(cuts(name), ["1", "100", "20", "5", "500", "guided", "large", "rule"], "{name}");
    }
    assert_eq!(cuts("small_sweep"), ["1", "10", "100", "2", "20", "250", "5", "62"]);
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

/// A subject of `name` that took so many nanoseconds at each of these points.
fn swept(name: &str, times: &[(&str, u64)]) -> VariantResult {
    let facts = times.iter().map(|(point, ns)| (format!("map_{point}_ns"), *ns)).collect();
    VariantResult { facts, ..row(name, 10) }
}

/// The judgement on `claim` in a run of these subjects.
fn judgement(rows: &[VariantResult], claim: &str) -> Judgement {
    judged(&LESSON, LESSON.params(Profile::Quick, &[]).unwrap(), rows, claim)
}

/// The verdict on batches by hand that make so many tasks beside the rule's 8, in so many per cent of its time.
#[track_caller]
fn check_by_hand(tasks: u64, percent: u64, expected: Verdict) {
    let crossing = |name: &str, tasks: u64| {
        let mut result = row(name, 10);
        result.counters.tasks = tasks;
        result.counters.messages = 2 * tasks + 4;
        result
    };
    let sweep = swept("even_sweep", &[("rule", 100), ("by_hand", percent)]);
    let rows = [row("serial", 10), crossing("even_by_hand", tasks), crossing("even_rule", 8), sweep];
    let found = judgement(&rows, "tuning.manual-batching");
    assert_eq!(found.verdict, expected, "{}", found.because);
}

#[test]
fn the_same_batches_in_the_same_time_control_nothing_more() {
    check_by_hand(8, 101, Verdict::Contradicted);
    check_by_hand(8, 130, Verdict::Inconclusive);
    check_by_hand(9, 101, Verdict::Inconclusive);
}

#[test]
fn batches_that_no_chunksize_makes_are_not_among_the_best() {
    let times = [("1", 200), ("rule", 100), ("by_hand", 50), ("guided", 50)];
    let names = ["serial", "even_sweep", "linear_sweep", "bimodal_sweep", "heavy_sweep"];
    let found = judgement(&names.map(|name| swept(name, &times)), "cpu.chunksize-rule");
    assert_eq!(found.verdict, Verdict::Reproduced, "{}", found.because);
    for part in
        ["even items: 1.00 (1.00 to 1.00) times the best, which is the rule's", "even items 0.50 (0.50 to 0.50)"]
    {
        assert!(found.because.contains(part), "{}", found.because);
    }
}

#[test]
fn an_item_that_costs_less_than_the_post_s_tells_nothing_of_its_setting() {
    let small = |inner: u64| {
        let params = LESSON.params(Profile::Quick, &[("inner".to_owned(), inner)]).unwrap();
        let rows = [row("serial", 10), swept("small_sweep", &[("1", 300), ("100", 100)])];
        let found = judged(&LESSON, params, &rows, "cpu.chunksize-100-beats-1");
        assert!(found.because.contains("on 2 workers (the post has 4)"), "{}", found.because);
        found.verdict
    };
    assert_eq!((small(1_000), small(999)), (Verdict::Reproduced, Verdict::NotTestableHere));
}
