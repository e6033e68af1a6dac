//! The lesson `big_queue` at small sizes: what crosses is counted exactly, and every size that is allowed gives the oracle's answer.

use experiments::big_queue::LESSON;
use record::{Judgement, ProcessReport, Profile, VariantResult, Verdict};

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{judged, row};

const VARIANTS: [&str; 7] =
    ["small_each", "big_each", "small_once", "big_once", "shared_each", "shared_copy_each", "file_each"];

fn run(settings: &[&str]) -> Answered {
    let small = ["workers=2", "iterations=3", "matrix=7", "item_rows=5", "item_cols=11"];
    let mut arguments = vec!["run", "big_queue", "--json"];
    small.iter().chain(settings).for_each(|setting| arguments.extend(["--set", setting]));
    House::bare().lab(&arguments).check(0).check_nothing_left().answered()
}

/// Runs every variant and demands the oracle's answer, and the counts of as many items as there should be.
#[track_caller]
fn check(settings: &[&str], workers: u64, iterations: u64) {
    let answered = run(settings);
    let names: Vec<&str> = answered.variants.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, VARIANTS);
    for row in &answered.variants {
        assert!(row.ok && row.answer.is_some() && row.answer == answered.variants[0].answer, "{settings:?}: {row:?}");
        check_counts(row, workers, if row.name.ends_with("_once") { 1 } else { iterations });
    }
}

/// One dump, one frame and one load for each item, and every byte that leaves a worker arrives.
#[track_caller]
fn check_counts(row: &VariantResult, workers: u64, puts: u64) {
    let (parent, inside) = (&row.processes[0], ProcessReport::total(&row.processes[1..]));
    let (name, items) = (row.name.as_str(), workers * puts);
    assert_eq!(row.facts["items"], items, "{name}");
    assert_eq!(row.processes.len() as u64, workers + 1, "{name}");
    for worker in &row.processes[1..] {
        assert_eq!(
            [worker.dumps.calls, worker.messages, worker.loads.calls, worker.tasks],
            [puts, puts, 0, 0],
            "{name}"
        );
    }
    assert_eq!(
        [parent.loads.calls, parent.reads.calls, parent.dumps.calls, parent.messages],
        [items, items, 0, 0],
        "{name}"
    );
    assert_eq!((inside.dumps.bytes, inside.writes.bytes), (parent.loads.bytes, parent.reads.bytes), "{name}");
    // A header of four bytes before each; more only beyond 2 GiB.
    assert_eq!(inside.writes.bytes, inside.dumps.bytes + 4 * items, "{name}");
}

#[test]
fn the_usual_way() {
    check(&[], 2, 3);
}

#[test]
fn an_array_crosses_whole_or_as_a_few_bytes() {
    for row in &run(&["item_rows=100", "item_cols=100"]).variants {
        let array = 100 * 100 * 3 * 8;
        let frame = row.facts["item_bytes"];
        let whole = row.name.starts_with("big_");
        assert!(if whole { (array..array + 16).contains(&frame) } else { frame < 64 }, "{}: {frame}", row.name);
    }
}

#[test]
fn no_products_at_all() {
    check(&["iterations=0"], 2, 0);
}

#[test]
fn one_worker_one_product_one_number() {
    check(&["workers=1", "iterations=1", "matrix=1", "item_rows=1", "item_cols=1"], 1, 1);
}

#[test]
fn a_queue_of_one_slot() {
    check(&["queue_bound=1", "iterations=13"], 2, 13);
}

#[test]
fn a_queue_without_a_bound() {
    check(&["queue_bound=0", "iterations=13"], 2, 13);
}

#[test]
fn more_workers_than_items_or_slots() {
    check(&["workers=23", "iterations=1", "queue_bound=2"], 23, 1);
}

#[test]
fn arrays_larger_than_a_pipe() {
    check(&["item_rows=67", "item_cols=101", "iterations=7"], 2, 7);
}

#[test]
fn every_look_at_the_workers_counts_each_at_most_once() {
    for row in &run(&["matrix=150", "iterations=20"]).variants {
        let series = ["states_running", "states_sleeping", "states_disk"].map(|name| &row.series[name]);
        assert!(series.iter().all(|other| other.len() == series[0].len() && other.len() <= 200), "{}", row.name);
        for sample in 0..series[0].len() {
            // Two workers, one millisecond: neighbours are added up when there are too many.
            let merged = row.facts["states_period_ns"] / 1_000_000;
            assert!(series.iter().map(|states| states[sample]).sum::<u64>() <= 2 * merged, "{}", row.name);
        }
    }
}

#[test]
fn sizes_out_of_range_are_refused() {
    for setting in ["workers=0", "workers=257", "matrix=0", "item_rows=0", "item_cols=8193", "queue_bound=1000001"] {
        let ended = House::bare().lab(&["run", "big_queue", "--set", setting]).check(2);
        assert!(ended.stderr.contains("out of range"), "{setting}: {}", ended.stderr);
    }
}

/// The judgement on `claim` in a run that the arrays make 25 times as long, by 96 ms for all `items` together.
fn judgement(profile: Profile, items: u64, claim: &str) -> Judgement {
    let states = |running: u64, sleeping: u64| {
        [("states_running", running), ("states_sleeping", sleeping), ("states_disk", 0)]
            .map(|(name, count)| (name.to_owned(), vec![count; 10]))
    };
    let times = [("encode_ns", 10), ("lock_wait_ns", 80), ("write_ns", 9), ("read_ns", 9), ("decode_ns", 1)];
    let facts = times.into_iter().chain([("items", items)]).map(|(name, value)| (name.to_owned(), value)).collect();
    let small = VariantResult { series: states(2, 0).into(), ..row("small_each", 4) };
    let big = VariantResult { series: states(0, 2).into(), facts, ..row("big_each", 100) };
    let rows = [small, big, row("shared_each", 4)];
    judged(&LESSON, LESSON.params(profile, &[]).unwrap(), &rows, claim)
}

#[test]
fn small_arrays_are_not_what_the_claims_are_about() {
    for claim in LESSON.checks.iter().map(|check| check.claim) {
        let large = judgement(Profile::Post, 1, claim);
        assert_eq!(large.verdict, Verdict::Reproduced, "{claim}: {}", large.because);
        let small = judgement(Profile::Quick, 1, claim);
        assert_eq!(small.verdict, Verdict::NotTestableHere, "{claim}: {}", small.because);
        assert!(small.because.starts_with("the arrays of this run are 1.0 MB"), "{claim}: {}", small.because);
    }
}

#[test]
fn the_posts_figures_fit_a_reading_only_if_an_item_takes_about_as_long_here() {
    let because = |items| {
        let mut found = judgement(Profile::Post, items, "queues.big-array-slowdown").because;
        found.split_off(found.rfind(": ").unwrap())
    };
    assert_eq!(because(1), ": its figures fit the first reading");
    assert_eq!(because(10), ": the first is within reach of a copy and a pipe, the second is not");
}
