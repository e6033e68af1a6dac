//! Runs built by hand: what is counted, what is left out, and in which order.

use record::{
    Arm, BlockOrder, BlockPosition, End, Environment, Header, LessonInfo, LessonPlan, LessonSummary, Params, Profile,
    Program, Run, SCHEMA, Subject, VariantInfo, VariantResult,
};

use super::summarise;

const STEM: &str = "bound_method";

fn info(variants: &[&str]) -> LessonInfo {
    let variant = |name: &&str| VariantInfo { name: (*name).to_owned(), about: String::new(), demonstrates: None };
    LessonInfo {
        stem: STEM.to_owned(),
        title: String::new(),
        question: String::new(),
        baseline: "serial".to_owned(),
        variants: variants.iter().map(variant).collect(),
        parameters: Vec::new(),
        marks: Vec::new(),
        claims: Vec::new(),
    }
}

fn run(subjects: Vec<Subject>) -> Run {
    let plan = LessonPlan {
        lesson: STEM.to_owned(),
        params: Params::new(),
        shrunk: Params::new(),
        baseline: "serial".to_owned(),
        blocks: 2,
        fingerprint: "now".to_owned(),
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
        id: "a-run".to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
        profile: Profile::Quick,
        seed: 1,
        program,
        environment: Environment::default(),
        lessons: vec![plan],
        budget_s: None,
    };
    let end = End { finished: "2026-01-01T00:01:00Z".to_owned(), ..End::default() };
    Run { header, subjects, end: Some(end) }
}

/// The four subjects of a block that took these times, in the order they ran; 0 is a subject that failed.
fn block(variant: &str, number: u32, order: BlockOrder, times: [u64; 4]) -> Vec<Subject> {
    let arms = order.arms();
    (0..4).map(|place| subject(variant, number, order, place, arms[place as usize], times[place as usize])).collect()
}

fn subject(variant: &str, number: u32, order: BlockOrder, place: u32, arm: Arm, ns: u64) -> Subject {
    let name = if arm == Arm::A { "serial" } else { variant };
    let mut result = VariantResult::failed(name, "rust", "killed at its deadline");
    if ns > 0 {
        result = VariantResult { ok: true, elapsed_ns: Some(ns), iterations: 1, error: None, ..result };
    }
    let block = BlockPosition { variant: variant.to_owned(), number, order, place, arm, warm_up: false };
    Subject { lesson: STEM.to_owned(), block, at_ns: 0, result, usage: None }
}

fn warm_up(mut subjects: Vec<Subject>) -> Vec<Subject> {
    subjects.iter_mut().for_each(|subject| subject.block.warm_up = true);
    subjects
}

fn summary(subjects: Vec<Subject>) -> LessonSummary {
    summarise(&run(subjects), &info(&["serial", "pool"]), true, "now").expect("the run has a plan for the lesson")
}

#[track_caller]
fn check_samples(summary: &LessonSummary, name: &str, samples: &[u64], ratios: &[f64]) {
    let variant = summary.variant(name).expect("a row for every variant");
    assert_eq!(variant.samples_ns, samples, "samples of {name}");
    assert_eq!(variant.ratios, ratios, "ratios of {name}");
}

#[test]
fn two_whole_blocks_give_samples_ratios_and_intervals() {
    let summary = summary(
        [block("pool", 0, BlockOrder::Abba, [10, 40, 90, 10]), block("pool", 1, BlockOrder::Baab, [30, 10, 10, 120])]
            .concat(),
    );
    check_samples(&summary, "serial", &[10, 10, 10, 10], &[]);
    check_samples(&summary, "pool", &[40, 90, 30, 120], &[6.0, 6.0]);
    let pool = summary.variant("pool").unwrap();
    let ratio = pool.ratio.unwrap();
    assert!((ratio.mid - 6.0).abs() < 1e-12 && ratio.n == 2);
    let time = pool.time_ns.unwrap();
    assert!((time.mid - 60.0).abs() < 1e-9 && time.n == 2);
    assert_eq!(pool.median_ratio, None);
    assert!(summary.complete && summary.reference && summary.stale.is_none());
    assert_eq!((summary.run.as_str(), summary.profile), ("a-run", Profile::Quick));
}

#[test]
fn six_blocks_have_a_median_interval_and_stay_in_the_order_of_their_numbers() {
    let blocks =
        (0..6).rev().map(|n| block("pool", n, BlockOrder::Abba, [10, 10 + u64::from(n), 10 + u64::from(n), 10]));
    let summary = summary(blocks.flatten().collect());
    let pool = summary.variant("pool").unwrap();
    assert_eq!(pool.ratios, [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]);
    let median = pool.median_ratio.unwrap();
    assert_eq!((median.low, median.mid, median.high, median.n), (1.0, 1.25, 1.5, 6));
}

/// By hand: the ratios grow with every block, so their rank correlation is 1, and 2 of the 720 orders of six are perfect. The baseline took
/// 10 and then 11 in A B B A, and 11 and then 10 in B A A B: steps of 1.1 and 1 / 1.1 by turns, 1 on average.
#[test]
fn what_moves_and_what_sticks_out_is_told() {
    let ratios = [2, 3, 4, 5, 6, 700];
    let blocks = (0..6).zip(ratios).map(|(number, ratio)| {
        let ns = 110 * ratio;
        match number % 2 {
            0 => block("pool", number, BlockOrder::Abba, [100, ns, ns, 110]),
            _ => block("pool", number, BlockOrder::Baab, [ns, 110, 100, ns]),
        }
    });
    let summary = summary(blocks.flatten().collect());
    let pool = summary.variant("pool").unwrap();
    let drift = pool.drift.unwrap();
    assert_eq!((drift.statistic, drift.n), (1.0, 6));
    assert!((drift.p - 2.0 / 720.0).abs() < 1e-12 && drift.is_shown());
    assert_eq!((pool.ratio_outliers.extreme.as_slice(), pool.ratio_outliers.n), ([5].as_slice(), 6));
    assert_eq!(pool.outliers.extreme, [10, 11]);
    assert_eq!(pool.samples_ns.len(), 12, "outliers are told and stay");
    let steps = pool.baseline_steps.unwrap();
    assert!((steps.mid - 1.0).abs() < 1e-12 && steps.n == 6 && steps.high > 1.1, "{steps:?}");
    let serial = summary.variant("serial").unwrap();
    assert_eq!(serial.baseline_steps, pool.baseline_steps, "there is no other variant's block");
    assert_eq!((serial.drift, serial.ratio_outliers.n, serial.outliers.count()), (None, 0, 0));
    // Logarithms of 100 and 110, six of each: half their distance from the mean, and 12 / 11 for the sample.
    let spread = ((1.1_f64.ln() / 2.0).powi(2) * 12.0 / 11.0).sqrt().exp();
    assert!((serial.spread.unwrap() - spread).abs() < 1e-12);
}

#[test]
fn the_baseline_s_steps_are_those_of_every_variant_s_blocks() {
    let summary = summary(
        [
            block("pool", 0, BlockOrder::Abba, [10, 40, 40, 20]),
            block("pool", 1, BlockOrder::Abba, [10, 40, 40, 20]),
            block("other", 0, BlockOrder::Baab, [40, 10, 80, 40]),
            block("other", 1, BlockOrder::Baab, [40, 10, 80, 0]),
        ]
        .concat(),
    );
    let steps = |name: &str| summary.variant(name).unwrap().baseline_steps;
    // 2, 2 and 8, whose geometric mean is the third root of 32; the block that broke off tells nothing.
    let baseline = steps("serial").unwrap();
    assert!((baseline.mid - 32.0_f64.cbrt()).abs() < 1e-9 && baseline.n == 3, "{baseline:?}");
    assert_eq!((steps("pool").unwrap().mid, steps("other")), (2.0, None));
}

#[test]
fn one_block_gives_a_ratio_and_no_interval() {
    let summary = summary(block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]));
    check_samples(&summary, "pool", &[20, 20], &[2.0]);
    let pool = summary.variant("pool").unwrap();
    assert!(pool.ratio.is_none() && pool.median_ratio.is_none() && pool.time_ns.is_none());
}

#[test]
fn a_failed_arm_costs_its_block_and_keeps_the_other_samples() {
    let summary = summary(
        [block("pool", 0, BlockOrder::Abba, [10, 20, 0, 11]), block("pool", 1, BlockOrder::Abba, [10, 30, 30, 10])]
            .concat(),
    );
    check_samples(&summary, "serial", &[10, 11, 10, 10], &[]);
    check_samples(&summary, "pool", &[20, 30, 30], &[3.0]);
    assert_eq!(summary.variant("pool").unwrap().failures, [("killed at its deadline".to_owned(), 1)]);
    assert_eq!(summary.variant("serial").unwrap().failures, []);
}

#[test]
fn a_failed_baseline_is_the_baselines_failure() {
    let summary = summary(block("pool", 0, BlockOrder::Abba, [0, 20, 20, 10]));
    check_samples(&summary, "pool", &[20, 20], &[]);
    assert_eq!(summary.variant("serial").unwrap().failures.len(), 1);
    assert_eq!(summary.variant("pool").unwrap().failures, []);
}

#[test]
fn missing_arms_leave_the_block_out() {
    let mut subjects = block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]);
    subjects.truncate(3);
    let summary = summary(subjects);
    check_samples(&summary, "serial", &[10], &[]);
    check_samples(&summary, "pool", &[20, 20], &[]);
}

#[test]
fn an_interrupted_run_is_not_complete_and_shows_the_variant_it_never_reached() {
    let mut run = run(block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]));
    run.end = None;
    let summary = summarise(&run, &info(&["serial", "pool", "threads"]), false, "now").unwrap();
    assert!(!summary.complete && !summary.reference);
    check_samples(&summary, "threads", &[], &[]);
    let threads = summary.variant("threads").unwrap();
    assert!(threads.typical.is_none() && threads.counters_agree && threads.lane == "rust");
}

#[test]
fn a_subject_that_is_not_ok_is_no_sample_even_with_a_time() {
    let mut subjects = block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]);
    subjects[1].result.ok = false;
    subjects[1].result.error = Some("wrong answer".to_owned());
    let summary = summary(subjects);
    check_samples(&summary, "pool", &[20], &[]);
    assert_eq!(summary.variant("pool").unwrap().failures, [("wrong answer".to_owned(), 1)]);
}

#[test]
fn warm_ups_count_only_as_failures() {
    let mut subjects = warm_up(block("pool", 0, BlockOrder::Abba, [7, 7, 0, 7]));
    subjects[0].result.counters.tasks = 99;
    subjects.extend(warm_up(block("pool", 1, BlockOrder::Abba, [7, 7, 7, 7])));
    subjects.extend(block("pool", 0, BlockOrder::Abba, [10, 20, 0, 10]));
    let summary = summary(subjects);
    check_samples(&summary, "serial", &[10, 10], &[]);
    check_samples(&summary, "pool", &[20], &[]);
    assert_eq!(summary.variant("pool").unwrap().failures, [("killed at its deadline".to_owned(), 2)]);
    assert!(summary.variant("serial").unwrap().counters_agree);
}

#[test]
fn failures_are_counted_by_their_text_in_the_order_they_came() {
    let mut subjects = block("pool", 0, BlockOrder::Abba, [10, 0, 0, 10]);
    subjects.extend(block("pool", 1, BlockOrder::Abba, [10, 0, 0, 10]));
    subjects[1].result.error = Some("wrong answer".to_owned());
    subjects[5].result.error = None;
    let expected = [("wrong answer", 1), ("killed at its deadline", 2), ("it gave no reason", 1)];
    let expected = expected.map(|(text, count)| (text.to_owned(), count));
    assert_eq!(summary(subjects).variant("pool").unwrap().failures, expected);
}

#[test]
fn a_variant_without_any_time_still_tells_why() {
    let mut row = subject("pool", 0, BlockOrder::Abba, 0, Arm::B, 7);
    row.result.elapsed_ns = None;
    row.result.notes.insert("not_here".to_owned(), "needs two cores".to_owned());
    let summary = summary(vec![row]);
    let pool = summary.variant("pool").unwrap();
    assert!(pool.samples_ns.is_empty() && pool.failures.is_empty() && pool.time_ns.is_none());
    assert_eq!(pool.typical.as_ref().unwrap().notes["not_here"], "needs two cores");
}

#[test]
fn the_typical_subject_has_the_lower_median_time() {
    let blocks =
        [block("pool", 0, BlockOrder::Abba, [10, 50, 20, 10]), block("pool", 1, BlockOrder::Abba, [10, 40, 30, 10])];
    let summary = summary(blocks.concat());
    assert_eq!(summary.variant("pool").unwrap().typical.as_ref().unwrap().elapsed_ns, Some(30));
}

#[test]
fn counters_agree_when_all_but_times_and_pipe_traffic_are_equal() {
    let mut subjects = block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]);
    for (number, place) in [(5, 1), (6, 2)] {
        let counters = &mut subjects[place].result.counters;
        counters.tasks = 32;
        counters.dumps.bytes = 1000;
        counters.dumps.ns = number;
        counters.loads.ns = number;
        counters.work_ns = number;
        counters.reads.calls = number;
        counters.writes.bytes = number;
        counters.marks.insert("cache_dumps".to_owned(), 32);
    }
    let agree = |subjects: &[Subject]| summary(subjects.to_vec()).variant("pool").unwrap().counters_agree;
    assert!(agree(&subjects));
    let changes: [fn(&mut record::Counters); 7] = [
        |counters| counters.tasks += 1,
        |counters| counters.messages += 1,
        |counters| counters.dumps.calls += 1,
        |counters| counters.dumps.bytes += 1,
        |counters| counters.loads.calls += 1,
        |counters| counters.loads.bytes += 1,
        |counters| counters.marks.clear(),
    ];
    for change in changes {
        let mut changed = subjects.clone();
        change(&mut changed[2].result.counters);
        assert!(!agree(&changed));
        changed[2].result.ok = false;
        assert!(agree(&changed), "a subject that failed has no say");
    }
}

#[test]
fn the_baseline_comes_first_and_unknown_variants_last() {
    let blocks = [
        block("forgotten", 0, BlockOrder::Abba, [10, 20, 20, 10]),
        block("threads", 0, BlockOrder::Abba, [10, 20, 20, 10]),
        block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]),
    ];
    let summary = summarise(&run(blocks.concat()), &info(&["pool", "serial", "threads"]), false, "now").unwrap();
    let names: Vec<_> = summary.variants.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["serial", "pool", "threads", "forgotten"]);
}

/// An A/A block compares the baseline with itself: its ratio belongs to the baseline, and all four times are samples of it.
#[test]
fn the_baseline_against_itself_is_a_ratio_of_the_baseline() {
    let summary = summary(block("serial", 0, BlockOrder::Abba, [10, 12, 12, 10]));
    check_samples(&summary, "serial", &[10, 12, 12, 10], &[1.2]);
}

#[test]
fn places_that_no_block_has_and_times_of_zero_leave_no_ratio() {
    let mut subjects = block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]);
    subjects[3].block.place = 4;
    assert!(summary(subjects.clone()).variant("pool").unwrap().ratios.is_empty());
    subjects[3].block.place = 3;
    subjects[3].result.elapsed_ns = Some(0);
    assert!(summary(subjects.clone()).variant("pool").unwrap().ratios.is_empty());
    subjects[3].result.elapsed_ns = Some(10);
    subjects[3].block.arm = Arm::B;
    assert!(summary(subjects).variant("pool").unwrap().ratios.is_empty());
}

#[test]
fn other_code_makes_the_summary_stale_and_another_lesson_has_none() {
    let run = run(block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]));
    let stale = summarise(&run, &info(&["serial"]), false, "later").unwrap().stale;
    assert_eq!(stale.as_deref(), Some("the code of the lesson or the runtime changed since this run"));
    let other = LessonInfo { stem: "chunksize".to_owned(), ..info(&["serial"]) };
    assert!(summarise(&run, &other, false, "now").is_none());
}

#[test]
fn subjects_of_another_lesson_are_not_counted() {
    let mut subjects = block("pool", 0, BlockOrder::Abba, [10, 20, 20, 10]);
    subjects.extend(block("pool", 1, BlockOrder::Abba, [1, 1, 1, 1]));
    subjects[4..].iter_mut().for_each(|subject| subject.lesson = "chunksize".to_owned());
    let summary = summary(subjects);
    check_samples(&summary, "pool", &[20, 20], &[2.0]);
}
