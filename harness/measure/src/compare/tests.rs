//! Runs built by hand, so that every ratio, count and difference is known.

use record::{
    Arm, BlockOrder, BlockPosition, End, Environment, Header, LessonPlan, Params, Profile, Program, Run, SCHEMA,
    Subject, VariantResult,
};
use serde_json::json;

use super::{Comparison, Shown, compare};

/// A run of lesson `sums`: for each block the times of A B B A, in ns.
fn run(id: &str, blocks: &[[u64; 4]]) -> Run {
    let plan = LessonPlan {
        lesson: "sums".to_owned(),
        params: Params::from([("items".to_owned(), 100)]),
        shrunk: Params::new(),
        baseline: "serial".to_owned(),
        blocks: 3,
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
        id: id.to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
        profile: Profile::Quick,
        seed: 1,
        program,
        environment: Environment { cpu: "a cpu".to_owned(), cores: 2, ..Environment::default() },
        lessons: vec![plan],
        budget_s: None,
    };
    let subjects = (0..).zip(blocks).flat_map(|(number, times)| block("sums", "pool", number, *times)).collect();
    let end = End { finished: "2026-01-01T00:01:00Z".to_owned(), ..End::default() };
    Run { header, subjects, end: Some(end) }
}

fn block(lesson: &str, variant: &str, number: u32, times: [u64; 4]) -> Vec<Subject> {
    let row = |((place, arm), ns): ((u32, Arm), u64)| {
        let name = if arm == Arm::A { "serial" } else { variant };
        let mut result = VariantResult::failed(name, record::RUST_LANE, "");
        (result.ok, result.error, result.elapsed_ns) = (true, None, Some(ns));
        result.answer = Some("1".to_owned());
        let variant = variant.to_owned();
        let block = BlockPosition { variant, number, order: BlockOrder::Abba, place, arm, warm_up: false };
        Subject { lesson: lesson.to_owned(), block, at_ns: 0, result, usage: None }
    };
    (0..).zip(BlockOrder::Abba.arms()).zip(times).map(row).collect()
}

fn count(run: &mut Run, variant: &str, set: impl Fn(&mut record::Counters, u64)) {
    let rows = run.subjects.iter_mut().filter(|row| row.result.name == variant);
    (0..).zip(rows).for_each(|(number, row)| set(&mut row.result.counters, number));
}

fn old() -> Run {
    run("old", &[[100, 300, 330, 110], [100, 310, 320, 100], [105, 300, 300, 100]])
}

/// Everything takes half as long, and the pool a third of it.
fn new() -> Run {
    run("new", &[[50, 100, 110, 55], [50, 103, 107, 50], [52, 100, 100, 50]])
}

fn names(comparison: &Comparison) -> Vec<&str> {
    comparison.lessons[0].variants.iter().map(|variant| variant.variant.as_str()).collect()
}

#[test]
fn times_and_ratios_are_compared_over_blocks() {
    let comparison = compare(&old(), &new());
    assert_eq!(names(&comparison), ["serial", "pool"]);
    let [serial, pool] = &comparison.lessons[0].variants[..] else { panic!("two variants") };
    // Six subjects in three blocks are three values.
    assert_eq!((serial.time_ns.a.unwrap().n, serial.time_ns.b_by_a.unwrap().n), (3, 6));
    assert!((serial.time_ns.b_by_a.unwrap().mid - 0.5).abs() < 0.01, "{serial:?}");
    assert!((pool.time_ns.b_by_a.unwrap().mid - 1.0 / 3.0).abs() < 0.01, "{pool:?}");
    assert_eq!((serial.time_ns.shown, pool.time_ns.shown), (Shown::Less, Shown::Less));
    assert_eq!(serial.ratio, None, "the baseline has no ratio to itself");
    let ratio = pool.ratio.as_ref().unwrap();
    assert!((ratio.b_by_a.unwrap().mid - 2.0 / 3.0).abs() < 0.01 && ratio.shown == Shown::Less, "{ratio:?}");
    assert_eq!((comparison.intervals, comparison.excluding_1), (3, 3));
    assert!((comparison.excluding_1_by_chance - 0.15).abs() < 1e-12);
}

#[test]
fn the_other_way_round_everything_is_inverse() {
    let (there, back) = (compare(&old(), &new()), compare(&new(), &old()));
    for (there, back) in there.lessons[0].variants.iter().zip(&back.lessons[0].variants) {
        let (there, back) = (there.time_ns.b_by_a.unwrap(), back.time_ns.b_by_a.unwrap());
        assert!((there.mid * back.mid - 1.0).abs() < 1e-12 && (there.low * back.high - 1.0).abs() < 1e-12);
    }
    assert_eq!(back.lessons[0].variants[1].time_ns.shown, Shown::More);
}

/// By hand: the logs of B's block means are those of A, shifted by ln 1.01, far inside the scatter.
#[test]
fn a_small_difference_in_much_scatter_is_none_that_was_shown() {
    let a = run("a", &[[100, 300, 300, 100], [120, 330, 330, 120], [90, 280, 280, 90]]);
    let b = run("b", &[[101, 303, 303, 101], [121, 333, 333, 121], [91, 283, 283, 91]]);
    let comparison = compare(&a, &b);
    assert!(comparison.lessons[0].variants.iter().all(|variant| variant.time_ns.shown == Shown::NoDifference));
    assert_eq!((comparison.intervals, comparison.excluding_1), (3, 0));
}

#[test]
fn two_runs_of_the_same_times_differ_in_nothing() {
    let (a, mut b) = (old(), old());
    b.header.id = "again".to_owned();
    b.header.environment.load = Some(2.0);
    b.header.seed = 9;
    let comparison = compare(&a, &b);
    assert_eq!(comparison.differences, []);
    assert!(comparison.lessons[0].same_code && comparison.lessons[0].differences.is_empty());
    for variant in &comparison.lessons[0].variants {
        assert!((variant.time_ns.b_by_a.unwrap().mid - 1.0).abs() < 1e-12 && variant.counters.is_empty());
    }
}

#[test]
fn one_block_is_too_few_and_is_not_counted_as_an_interval() {
    let comparison = compare(&run("a", &[[100, 300, 330, 110]]), &new());
    assert!(comparison.lessons[0].variants.iter().all(|variant| variant.time_ns.shown == Shown::TooFew));
    assert_eq!((comparison.intervals, comparison.excluding_1), (0, 0));
}

#[test]
fn failures_and_warm_ups_do_not_count() {
    let mut b = new();
    b.subjects.extend(block("sums", "pool", 0, [9_999, 1, 1, 9_999]).into_iter().map(|mut row| {
        row.block.warm_up = true;
        row
    }));
    b.subjects.extend(block("sums", "pool", 3, [9_999, 1, 1, 9_999]).into_iter().map(|mut row| {
        row.result.ok = false;
        row
    }));
    assert_eq!(compare(&old(), &b).lessons, compare(&old(), &new()).lessons);
}

#[test]
fn what_the_runs_were_measured_with_is_told_apart() {
    let (a, mut b) = (old(), new());
    b.header.profile = Profile::Post;
    b.header.program.dirty = Some(true);
    b.header.program.rustc = "rustc 2".to_owned();
    b.header.environment.kernel = "7.0".to_owned();
    b.header.environment.cores = 4;
    let comparison = compare(&a, &b);
    let what: Vec<&str> = comparison.differences.iter().map(|difference| difference.what.as_str()).collect();
    let expected = ["profile", "machine", "program.dirty", "program.rustc", "environment.cores", "environment.kernel"];
    assert_eq!(what, expected);
    assert_eq!((&comparison.differences[2].a, &comparison.differences[2].b), (&json!(null), &json!(true)));
    assert_ne!(comparison.a.machine, comparison.b.machine);
}

#[test]
fn a_lesson_with_other_parameters_is_not_comparable_and_says_which() {
    let (a, mut b) = (old(), new());
    b.header.lessons[0].params = Params::from([("items".to_owned(), 200), ("workers".to_owned(), 2)]);
    let lesson = &compare(&a, &b).lessons[0];
    let named: Vec<_> = lesson.differences.iter().map(|it| (it.what.as_str(), it.a.clone(), it.b.clone())).collect();
    assert_eq!(named, [("params.items", json!(100), json!(200)), ("params.workers", json!(null), json!(2))]);
    assert!(lesson.variants.is_empty() && lesson.only_a.is_empty() && lesson.only_b.is_empty());
    let mut b = new();
    b.header.lessons[0].baseline = "pool".to_owned();
    assert_eq!(compare(&a, &b).lessons[0].differences[0].what, "baseline");
}

#[test]
fn other_code_is_said_and_compared_all_the_same() {
    let (a, mut b) = (old(), new());
    b.header.lessons[0].fingerprint = "later".to_owned();
    let lesson = &compare(&a, &b).lessons[0];
    assert!(!lesson.same_code && lesson.variants.len() == 2);
}

#[test]
fn lessons_and_variants_of_one_run_alone_are_listed() {
    let (mut a, mut b) = (old(), new());
    a.subjects.extend(block("sums", "threads", 0, [100, 50, 50, 100]));
    b.subjects.extend(block("sums", "fork", 0, [100, 50, 50, 100]));
    let mut other = a.header.lessons[0].clone();
    other.lesson = "products".to_owned();
    b.header.lessons.push(other);
    let comparison = compare(&a, &b);
    assert_eq!((comparison.only_a, comparison.only_b), (vec![], vec!["products".to_owned()]));
    let lesson = &comparison.lessons[0];
    assert_eq!((&lesson.only_a, &lesson.only_b), (&vec!["threads".to_owned()], &vec!["fork".to_owned()]));
}

#[test]
fn a_variant_of_another_lane_is_another_variant() {
    let (a, mut b) = (old(), new());
    for row in b.subjects.iter_mut().filter(|row| row.result.name == "pool") {
        row.result.lane = "cpython-3.11".to_owned();
    }
    let lesson = &compare(&a, &b).lessons[0];
    assert_eq!((lesson.only_a[0].as_str(), lesson.only_b[0].as_str()), ("pool", "pool (cpython-3.11)"));
}

#[test]
fn counters_that_differ_are_told_and_those_that_vary_are_not() {
    let (mut a, mut b) = (old(), new());
    count(&mut a, "pool", |counters, number| {
        (counters.tasks, counters.dumps.calls, counters.messages) = (8, 16, 20 + number);
        counters.dumps.ns = 1_000;
    });
    count(&mut b, "pool", |counters, number| {
        (counters.tasks, counters.dumps.calls, counters.messages) = (8, 8, 22 + number);
        counters.dumps.ns = 9_000;
        counters.marks.insert("cache_dumps".to_owned(), 8);
    });
    let comparison = compare(&a, &b);
    let told: Vec<_> = comparison.lessons[0].variants[1].counters.iter().collect();
    let told: Vec<_> = told.iter().map(|it| (it.counter.as_str(), it.a, it.b)).collect();
    assert_eq!(told, [("dumps.calls", (16, 16), (8, 8)), ("marks.cache_dumps", (0, 0), (8, 8))]);
    assert_eq!(comparison.lessons[0].variants[0].counters, []);
}

/// A run whose blocks share a disturbance as large as that of each subject: what our own runs show.
fn disturbed(noise: &mut crate::Random, blocks: u32) -> Run {
    let mut normal = || {
        let mut even = || (noise.next().unwrap() >> 11) as f64 / (1_u64 << 53) as f64;
        (-2.0 * (1.0 - even()).ln()).sqrt() * (std::f64::consts::TAU * even()).cos()
    };
    let times: Vec<[u64; 4]> = (0..blocks)
        .map(|_| {
            let of_block = 0.05 * normal();
            [(); 4].map(|()| (1e9 * (of_block + 0.05 * normal()).exp()) as u64)
        })
        .collect();
    run("disturbed", &times)
}

/// Two runs of one truth, a thousand times over: the interval over blocks holds 1 in 95 % of them, and the one over subjects, which takes
/// two subjects of a block for independent, does not.
#[test]
fn the_interval_over_blocks_holds_the_truth_as_often_as_it_says() {
    const PAIRS: u32 = 1_000;
    let mut noise = crate::Random::seeded(20_261_121);
    let (mut by_blocks, mut by_subjects) = (0, 0);
    for _ in 0..PAIRS {
        let (a, b) = (disturbed(&mut noise, 10), disturbed(&mut noise, 10));
        by_blocks += u32::from(compare(&a, &b).lessons[0].variants[1].time_ns.shown == Shown::NoDifference);
        let times = |run: &Run| -> Vec<f64> {
            let pool = run.subjects.iter().filter(|row| row.result.name == "pool");
            pool.filter_map(|row| row.result.elapsed_ns).map(|ns| ns as f64).collect()
        };
        let interval = crate::statistics::ratio_interval(&times(&b), &times(&a)).unwrap();
        by_subjects += u32::from(interval.low <= 1.0 && 1.0 <= interval.high);
    }
    println!("of {PAIRS} intervals {by_blocks} over blocks and {by_subjects} over subjects hold the truth");
    assert!((935..=965).contains(&by_blocks) && by_subjects < 920, "{by_blocks} and {by_subjects}");
}
