//! Lesson `pool_anatomy`: the parts and the stations of every task, the order of results, and the processes, all counted exactly.

use experiments::pool_anatomy::LESSON;
use record::{Profile, VariantResult, Verdict};

use crate::house::{House, quick_run};
use crate::lab::Answered;
use crate::rows::{judged, row};

fn run(variants: &[&str], settings: &[&str]) -> Answered {
    quick_run("pool_anatomy", variants, settings).of_one_answer()
}

const SMALL: [&str; 4] = ["items=97", "numbers=101", "inner=100", "trials=2"];

#[test]
fn every_variant_gives_one_answer_at_odd_sizes() {
    for settings in [
        ["workers=2", "items=97", "numbers=101", "inner=0", "trials=1"],
        ["workers=1", "items=0", "numbers=1", "inner=1", "trials=1"],
        ["workers=5", "items=1", "numbers=0", "inner=7", "trials=2"],
    ] {
        assert_eq!(run(&[], &settings).variants.len(), LESSON.variants.len());
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    for (setting, range) in [("items=1000001", "0 to 1000000"), ("trials=0", "1 to 1000"), ("workers=257", "1 to 256")]
    {
        let ended = House::bare().lab(&["run", "pool_anatomy", "--set", setting]).check(2);
        let expected = format!("{setting} is out of range for lesson pool_anatomy; allowed: {range}");
        assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
    }
}

#[test]
fn a_pool_has_three_handlers_two_shared_pipes_and_a_whole_way_for_each_task() {
    for workers in [1, 3] {
        let settings = [format!("workers={workers}"), "inner=20000".to_owned()];
        let answered = run(&["traced"], &settings.each_ref().map(String::as_str));
        let facts = &answered.variant("traced").facts;
        assert_eq!((facts["handler_threads"], facts["other_threads"], facts["shared_pipes"]), (3, 0, 2), "{facts:?}");
        assert_eq!((facts["traced_tasks"], facts["whole_ways"]), (5 * workers, 5 * workers), "{facts:?}");
    }
}

#[test]
fn the_timeline_has_a_lane_for_each_handler_and_each_worker() {
    let answered = run(&["traced"], &["workers=2", "inner=100000"]);
    let series = &answered.variant("traced").series;
    for (lane, kinds) in [
        ("task handler", &["dumps", "write"][..]),
        ("result handler", &["wait", "read", "loads"]),
        ("worker 1", &["wait", "read", "loads", "work", "dumps", "write"]),
        ("worker 2", &["wait"]),
    ] {
        for kind in kinds {
            let name = format!("{lane}/{kind}");
            let times = series.iter().find(|(series, _)| series.ends_with(&name)).unwrap_or_else(|| panic!("{name}")).1;
            assert!(times.len() % 2 == 0 && !times.is_empty(), "{name}: {times:?}");
        }
    }
}

#[test]
fn a_tiny_item_is_a_task_and_three_messages_of_the_pool_are_sentinels() {
    let answered = run(&["serial", "tiny_classic", "tiny_chunks", "tiny_pool", "tiny_executor"], &SMALL);
    // Each task crosses and comes back; then a sentinel for each worker, and two for the result handler.
    let classic = answered.variant("tiny_classic");
    assert_eq!((classic.counters.tasks, classic.counters.messages), (97, 2 * 97 + 2 + 2));
    let chunks = answered.variant("tiny_chunks");
    assert_eq!((chunks.counters.tasks, chunks.counters.messages), (8, 2 * 8 + 2 + 2));
    for name in ["tiny_pool", "tiny_executor"] {
        // And one task for each worker, in which they met.
        assert_eq!(answered.variant(name).counters.tasks, 97 + 2, "{name}");
    }
    assert_eq!(answered.variant("serial").counters.messages, 0);
}

#[test]
fn roots_cross_in_both_directions_and_ranges_hardly() {
    let answered = run(&["serial_roots", "roots_pool", "roots_ranges"], &SMALL);
    let roots = answered.variant("roots_pool").counters.dumps;
    let ranges = answered.variant("roots_ranges").counters.dumps;
    assert_eq!(roots.calls, ranges.calls);
    // At least a byte for each number, and eight for each root.
    assert!(roots.bytes > 101 * 9 && ranges.bytes < roots.bytes / 2, "{roots:?} {ranges:?}");
}

#[test]
fn results_come_as_submitted_or_as_they_are_ready_and_never_otherwise() {
    let facts = run(&["order"], &["workers=3", "inner=1000", "trials=4"]).variant("order").facts.clone();
    for way in ["map", "imap", "executor_map"] {
        assert_eq!((facts[&format!("{way}_as_submitted")], facts[&format!("{way}_slowest_last")]), (4, 0), "{way}");
    }
    for way in ["imap_unordered", "as_completed"] {
        assert_eq!((facts[&format!("{way}_as_submitted")], facts[&format!("{way}_slowest_last")]), (0, 4), "{way}");
    }
}

#[test]
fn a_pool_starts_its_workers_up_front_and_an_executor_as_they_are_needed() {
    let facts = run(&["starts"], &["workers=3", "trials=2"]).variant("starts").facts.clone();
    let found = ["pool_at_first", "pool_at_last", "executor_at_first", "executor_one", "executor_one_by_one"];
    assert_eq!(found.map(|name| facts[name]), [6, 6, 0, 2, 2], "{facts:?}");
    assert_eq!(["executor_at_once", "executor_at_last", "executor_seen"].map(|name| facts[name]), [6, 6, 6]);
}

#[test]
fn every_length_has_its_times() {
    let answered = run(&["lengths"], &["workers=2"]);
    let series = &answered.variant("lengths").series;
    let lengths = series["additions"].len();
    assert!(series.values().all(|values| values.len() == lengths), "{series:?}");
    assert!(series["map_ns"].iter().chain(&series["work_ns"]).all(|ns| *ns > 0), "{series:?}");
}

/// The verdict on a claim from rows that were never measured, and why.
fn verdict(claim: &str, workers: u64, rows: &[VariantResult]) -> (Verdict, String) {
    let params = LESSON.params(Profile::Post, &[("workers".to_owned(), workers)]).unwrap();
    let mut all = vec![row("serial", 1)];
    all.extend_from_slice(rows);
    let judgement = judged(&LESSON, params, &all, claim);
    (judgement.verdict, judgement.because)
}

fn with_facts(name: &str, facts: &[(&str, u64)]) -> VariantResult {
    let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    VariantResult { facts, ..row(name, 5) }
}

#[test]
fn an_executor_that_starts_nothing_before_its_first_task_contradicts_and_one_that_starts_all_does_not() {
    let starts = |at_first| {
        let rows = [with_facts("starts", &[("trials", 3), ("executor_at_first", at_first), ("pool_at_first", 12)])];
        verdict("cpu.workers-up-front", 4, &rows)
    };
    assert_eq!(starts(12).0, Verdict::Reproduced);
    let (found, because) = starts(0);
    assert!(found == Verdict::Contradicted && because.contains("CPython's pool has 4 before"), "{because}");
}

#[test]
fn the_order_is_judged_over_a_hundred_trials_of_two_workers() {
    let order = |workers, trials, last| {
        let facts = [
            ("trials", trials),
            ("map_as_submitted", trials),
            ("imap_as_submitted", trials),
            ("executor_map_as_submitted", trials),
            ("imap_unordered_slowest_last", trials),
            ("as_completed_slowest_last", last),
        ];
        verdict("cpu.map-order", workers, &[with_facts("order", &facts)]).0
    };
    assert_eq!(order(2, 5, 5), Verdict::Reproduced);
    assert_eq!(order(2, 4, 4), Verdict::Inconclusive, "20 subjects of four trials");
    assert_eq!(order(2, 5, 4), Verdict::Contradicted);
    assert_eq!(order(1, 5, 5), Verdict::NotTestableHere);
}

#[test]
fn the_costlier_way_to_map_is_judged() {
    let added = |map, executor| {
        let facts =
            [("map_added_ns", map), ("executor_added_ns", executor), ("apply_added_ns", 30_000), ("item_ns", 1_000)];
        verdict("cpu.overhead-100x", 2, &[with_facts("lengths", &facts)]).0
    };
    assert_eq!(added(2_000, 110_000), Verdict::Reproduced);
    assert_eq!(added(2_000, 20_000), Verdict::DirectionOnlyWeaker);
    assert_eq!(added(100, 200), Verdict::Contradicted);
}

#[test]
fn parts_that_are_missing_contradict() {
    let traced = |pipes, whole| {
        let facts = [("handler_threads", 3), ("shared_pipes", pipes), ("traced_tasks", 10), ("whole_ways", whole)];
        verdict("pickle.three-queues-three-threads", 2, &[with_facts("traced", &facts)]).0
    };
    assert_eq!(traced(2, 10), Verdict::Reproduced);
    assert_eq!(traced(3, 10), Verdict::Contradicted);
    assert_eq!(traced(2, 9), Verdict::Contradicted);
}
