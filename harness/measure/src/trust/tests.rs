//! Runs built by hand, with hits and misses that are known, and binomial tails worked by hand.

use record::{
    BlockOrder, BlockPosition, Environment, Header, Interval, KnownRatio, LessonPlan, Params, Profile, Program, Run,
    SCHEMA, Subject, Tried, VariantResult,
};

use super::{Reckoning, in_words, known_ratios, reckoning, reckoning_of_tens};
use crate::instruments::calibration::CALIBRATION;

fn run(id: &str, started: &str, subjects: Vec<Subject>) -> Run {
    let plan = LessonPlan {
        lesson: CALIBRATION.stem.to_owned(),
        params: Params::new(),
        shrunk: Params::new(),
        baseline: CALIBRATION.baseline().name.to_owned(),
        blocks: 10,
        fingerprint: CALIBRATION.fingerprint.to_owned(),
    };
    let program = Program {
        version: "0.1.0".to_owned(),
        revision: None,
        dirty: None,
        rustc: "rustc".to_owned(),
        build: "release".to_owned(),
        binary_sha256: None,
    };
    let header = Header {
        schema: SCHEMA,
        id: id.to_owned(),
        started: started.to_owned(),
        profile: Profile::Quick,
        seed: 1,
        program,
        environment: Environment::default(),
        lessons: vec![plan],
        budget_s: None,
    };
    Run { header, subjects, end: None }
}

/// A block of `variant` whose baseline takes a million nanoseconds, and the variant `ratio` times as long.
fn block(variant: &str, number: u32, ratio: f64) -> Vec<Subject> {
    let order = if number.is_multiple_of(2) { BlockOrder::Abba } else { BlockOrder::Baab };
    let subject = |(place, arm)| {
        let (name, ns) = if arm == record::Arm::A { ("base", 1e6) } else { (variant, 1e6 * ratio) };
        let failed = VariantResult::failed(name, "rust", "");
        let result = VariantResult { ok: true, elapsed_ns: Some(ns as u64), iterations: 1, error: None, ..failed };
        let block = BlockPosition { variant: variant.to_owned(), number, order, place, arm, warm_up: false };
        Subject { lesson: CALIBRATION.stem.to_owned(), block, at_ns: 0, result, usage: None }
    };
    (0..).zip(order.arms()).map(subject).collect()
}

/// So many blocks whose ratios are by turns a little below and above `centre`.
fn blocks(variant: &str, numbers: std::ops::Range<u32>, centre: f64) -> Vec<Subject> {
    let ratio = |number: u32| centre * if number.is_multiple_of(2) { 0.99 } else { 1.01 };
    numbers.flat_map(|number| block(variant, number, ratio(number))).collect()
}

fn of<'a>(known: &'a [KnownRatio], variant: &str) -> &'a KnownRatio {
    known.iter().find(|ratio| ratio.variant == variant).unwrap()
}

#[test]
fn an_interval_that_holds_the_truth_is_a_hit_and_one_that_does_not_a_miss() {
    let subjects =
        [blocks("same", 0..10, 1.0), blocks("tenth_more", 0..10, 1.1), blocks("half_more", 0..10, 1.6)].concat();
    let known = known_ratios(&[run("one", "2026-01-01T00:00:00Z", subjects)]);
    assert_eq!((of(&known, "same").hits(), of(&known, "tenth_more").hits()), (1, 1));
    let missed = &of(&known, "half_more").runs[0];
    assert!(!missed.hit && missed.interval.low > 1.5 && missed.interval.n == 10, "{missed:?}");
    assert_eq!(missed.tens, []);
    assert_eq!((reckoning(&known).misses, reckoning(&known).tries), (1, 3));
}

#[test]
fn runs_come_the_oldest_first_and_those_without_the_instrument_not_at_all() {
    let newer = run("newer", "2026-02-01T00:00:00Z", blocks("same", 0..10, 1.0));
    let older = run("older", "2026-01-01T00:00:00Z", blocks("same", 0..10, 1.2));
    let without = run("without", "2026-01-15T00:00:00Z", Vec::new());
    let one_block = run("one_block", "2026-01-16T00:00:00Z", block("same", 0, 1.0));
    let known = known_ratios(&[newer, without, older, one_block]);
    let same = of(&known, "same");
    let runs: Vec<(&str, bool)> = same.runs.iter().map(|tried| (tried.run.as_str(), tried.hit)).collect();
    assert_eq!(runs, [("older", false), ("newer", true)]);
    assert!(of(&known, "half_more").runs.is_empty());
}

#[test]
fn a_broken_block_and_a_warm_up_are_no_blocks() {
    let mut subjects = blocks("same", 0..12, 1.0);
    subjects[0].result.ok = false;
    subjects[4..8].iter_mut().for_each(|subject| subject.block.warm_up = true);
    let known = known_ratios(&[run("one", "2026-01-01T00:00:00Z", subjects)]);
    assert_eq!(of(&known, "same").runs[0].interval.n, 10);
}

/// Of 35 blocks there are three whole tens; the second of them is off, and the interval of all holds the truth nevertheless.
#[test]
fn a_long_run_is_tried_in_tens_too() {
    let subjects = [blocks("same", 0..10, 1.0), blocks("same", 10..20, 1.02), blocks("same", 20..35, 0.99)].concat();
    let known = known_ratios(&[run("long", "2026-01-01T00:00:00Z", subjects)]);
    let same = of(&known, "same");
    assert_eq!((same.runs[0].interval.n, same.hits()), (35, 1));
    assert_eq!(same.runs[0].tens.iter().map(|interval| interval.n).collect::<Vec<_>>(), [10; 3]);
    assert_eq!(same.hits_of_tens(), (1, 3));
    let nineteen = known_ratios(&[run("short", "2026-01-01T00:00:00Z", blocks("same", 0..19, 1.0))]);
    assert_eq!(of(&nineteen, "same").hits_of_tens(), (0, 0));
}

/// By hand: 1 - 0.95^3 = 0.142625 for one or more of three; of twenty, three or more have 1 - 0.35849 - 0.37735 - 0.18868 = 0.07548, and
/// four or more 0.01590 (printed in any table of the binomial distribution).
#[test]
fn surprise_is_the_upper_tail_of_the_binomial_distribution() {
    let check = |hits: usize, tries: usize, p: f64, surprising: bool| {
        let found = Reckoning::of(hits, tries);
        assert!((found.p - p).abs() < 1e-5, "{hits} of {tries}: {found:?}");
        assert_eq!(found.is_surprising(), surprising);
    };
    check(2, 3, 0.142_625, false);
    check(17, 20, 0.075_48, false);
    check(16, 20, 0.015_90, true);
    check(20, 20, 1.0, false);
    check(0, 0, 1.0, false);
}

fn known(variant: &str, truth: f64, hits: usize, tries: usize) -> KnownRatio {
    let interval = Interval { low: 0.9 * truth, mid: truth, high: 1.1 * truth, n: 10 };
    let tried = |at: usize| Tried { run: at.to_string(), interval, hit: at < hits, tens: Vec::new() };
    KnownRatio { variant: variant.to_owned(), truth, runs: (0..tries).map(tried).collect() }
}

#[test]
fn the_record_is_told_in_words() {
    let record = [known("same", 1.0, 9, 9), known("tenth_more", 1.1, 8, 9), known("half_more", 1.5, 9, 9)];
    // One or more of 27 miss in 1 - 0.95^27 = 0.7497 of cases.
    assert_eq!(
        in_words(&record),
        [
            "A/A 1.00: 9 of 9 intervals hold the truth; 1.10: 8 of 9; 1.50: 9 of 9",
            "1 of 27 miss, 1.4 expected at 95 %: no surprise (by chance as many or more in 75.0 % of cases)",
        ]
    );
}

#[test]
fn too_many_misses_are_called_a_surprise() {
    let said = in_words(&[known("same", 1.0, 16, 20)]);
    assert_eq!(said[0], "A/A 1.00: 16 of 20 intervals hold the truth");
    assert!(said[1].contains("4 of 20 miss, 1.0 expected at 95 %: a surprise"), "{}", said[1]);
    assert!(said[1].contains("in 1.6 % of cases"), "{}", said[1]);
}

#[test]
fn tens_are_told_beside_whole_runs() {
    let mut record = [known("same", 1.0, 1, 1)];
    let off = Interval { low: 1.1, mid: 1.2, high: 1.3, n: 10 };
    record[0].runs[0].tens = vec![record[0].runs[0].interval, off];
    let said = in_words(&record);
    assert_eq!(said.len(), 5);
    assert_eq!(said[3], "A/A 1.00: 1 of 2 intervals hold the truth");
    assert_eq!(reckoning_of_tens(&record).misses, 1);
    assert_eq!(in_words(&[known("same", 1.0, 0, 0)]).len(), 1);
}
