//! Blocks of real subjects of lessons of their own: of one whose blocks are so few that Criterion does not drive them, and of one that it
//! drives.
//!
//! The subjects are this binary executed again, so it has a `main` of its own, and the cases run on its first thread.

#![expect(clippy::unwrap_used, reason = "a case says that something failed by panicking, as a test does")]

use std::convert::Infallible;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::bench::{self, Benched, Plan, Progress};
use harness::{Design, Lesson, Measured, Outcome, Variant};
use libtest_mimic::{Arguments, Trial};
use record::{Arm, BlockOrder, Fault, Params, Profile, Run};

const LESSON: Lesson = Lesson {
    stem: "a_lesson",
    title: "A lesson",
    question: "Does it work?",
    parameters: &[],
    variants: &[
        variant("serial", None, |_| counted("7", None)),
        variant("same", None, |_| counted("7", None)),
        variant("shown", Some(Fault::WrongAnswer), |_| counted("8", Some(1))),
        variant("unseen", Some(Fault::Hang), |_| counted("7", Some(0))),
    ],
    marks: &[],
    blocks: [2; 3],
    design: Design::Blocks,
    shrinks: &[],
    checks: &[],
    fingerprint: "now",
};

type RunVariant = fn(&Params) -> Result<Outcome, Box<dyn Error + Send + Sync>>;

const fn variant(name: &'static str, demonstrates: Option<Fault>, run: RunVariant) -> Variant {
    Variant { name, about: "It counts.", demonstrates, memory_bytes: |_| 0, run }
}

/// Some real work, and this answer.
fn counted(answer: &str, faults: Option<u64>) -> Result<Outcome, Box<dyn Error + Send + Sync>> {
    let work = || Ok::<_, Infallible>(((0..100_000_u64).map(std::hint::black_box).sum::<u64>(), Vec::new()));
    let outcome = Measured::take(work)?.answer(|_| answer.to_owned());
    Ok(match faults {
        Some(faults) => outcome.fault_seen(faults, 1),
        None => outcome,
    })
}

/// Enough blocks for Criterion; its last variant answers wrongly.
const DRIVEN: Lesson = Lesson {
    stem: "a_driven_lesson",
    variants: &[
        variant("serial", None, |_| counted("7", None)),
        variant("one", None, |_| counted("7", None)),
        variant("two", None, |_| counted("7", None)),
        variant("three", None, |_| counted("7", None)),
        variant("wrong", None, |_| counted("8", None)),
    ],
    blocks: [12; 3],
    ..LESSON
};

struct Silent;

impl Progress for Silent {
    fn more(&self, _subjects: u64) {}

    fn subject(&self, _lesson: &str, _variant: &str, _done: u32, _total: u32) {}

    fn quietly(&self, work: &mut dyn FnMut()) -> Vec<u8> {
        work();
        Vec::new()
    }

    fn say(&self, _said: &[u8]) {}
}

/// Measures the lesson in a folder of its own, and reads the record back.
fn benched(name: &str, lesson: &Lesson, seed: u64) -> (Benched, Run) {
    let folder = std::env::temp_dir().join(format!("unpickled-{name}-{}", std::process::id()));
    let mut plan = Plan::new(&[lesson], Profile::Quick, seed, "0", Path::new(env!("CARGO_MANIFEST_DIR")));
    plan.folder = Some(folder.join("results"));
    // They have tests of their own, and a variant that is called as one of ours.
    plan.instruments.clear();
    let benched = bench::run_in(&folder.join("criterion"), &plan, &Silent).unwrap();
    let path: &PathBuf = benched.path.as_ref().unwrap();
    let run = Run::read(path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    (benched, run)
}

fn few_blocks_are_whole_balanced_and_without_a_warm_up() {
    let (_, run) = benched("few", &LESSON, 7);
    let same: Vec<_> = run.subjects.iter().filter(|row| row.block.variant == "same").collect();
    assert_eq!(same.len(), 8);
    assert!(same.iter().all(|row| row.result.ok && !row.block.warm_up && row.result.elapsed_ns.is_some()));
    assert_eq!(same.iter().filter(|row| row.block.arm == Arm::A).count(), 4);
    // Nothing could be compared with the oracle before it ran.
    let first = &run.subjects[0];
    assert_eq!((first.block.order, first.result.name.as_str()), (BlockOrder::Abba, "serial"));
    assert_eq!(run.plan("a_lesson").unwrap().blocks, 2);
}

fn a_demonstration_is_fine_only_if_its_fault_was_seen() {
    let (benched, run) = benched("demonstration", &LESSON, 7);
    let of = |name: &str| {
        run.subjects.iter().filter(|row| row.result.name == name).map(|row| &row.result).collect::<Vec<_>>()
    };
    assert!(of("shown").iter().all(|result| result.ok && result.demonstrates == Some(Fault::WrongAnswer)));
    // Given up after three failures, each of them a row.
    assert_eq!(of("unseen").len(), 3);
    assert!(of("unseen").iter().all(|result| !result.ok && result.error.as_ref().unwrap().contains("did not show")));
    assert_eq!(benched.failures.len(), 3, "{:?}", benched.failures);
}

/// The variants in the order of their blocks, and the order within each block; the rows of a block stand together.
fn schedule(run: &Run) -> Vec<(String, BlockOrder)> {
    let rows: Vec<_> = run.subjects_of("a_driven_lesson").filter(|row| !row.block.warm_up && row.result.ok).collect();
    rows.chunks(4)
        .map(|block| {
            let first = &block[0].block;
            for (place, row) in block.iter().enumerate() {
                assert_eq!(
                    (row.block.place as usize, &row.block.variant, row.block.number),
                    (place, &first.variant, first.number)
                );
                assert_eq!(row.block.arm, first.order.arms()[place]);
            }
            (first.variant.clone(), first.order)
        })
        .collect()
}

fn blocks_of_all_variants_are_interleaved_in_rounds_that_the_seed_draws() {
    let (benched, run) = benched("driven", &DRIVEN, 7);
    // One subject of each variant warms the machine up, the baseline first: it is the oracle.
    let warm_up: Vec<&str> = run
        .subjects_of("a_driven_lesson")
        .take_while(|row| row.block.warm_up)
        .map(|row| row.result.name.as_str())
        .collect();
    assert_eq!(warm_up, ["serial", "one", "two", "three", "wrong"]);
    // What is wrong is given up: three failures, each a row, and the warm-up was the first.
    let wrong = run.subjects_of("a_driven_lesson").filter(|row| row.result.name == "wrong" && !row.result.ok).count();
    assert_eq!((wrong, benched.failures.len()), (3, 3), "{:?}", benched.failures);
    let rows: Vec<&record::Subject> = run
        .subjects_of("a_driven_lesson")
        .filter(|row| row.block.variant == "wrong" && row.block.arm == Arm::A)
        .collect();
    assert!(rows.iter().all(|row| row.result.ok));
    let honest = Run {
        subjects: run.subjects.iter().filter(|row| row.block.variant != "wrong").cloned().collect(),
        ..run.clone()
    };
    let blocks = schedule(&honest);
    assert_eq!(blocks.len(), 3 * 12);
    let rounds: Vec<Vec<&str>> =
        blocks.chunks(3).map(|round| round.iter().map(|(name, _)| name.as_str()).collect()).collect();
    for round in &rounds {
        let mut sorted = round.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ["one", "three", "two"], "every variant has one block in a round");
    }
    assert!(rounds.iter().any(|round| *round != rounds[0]), "rounds have orders of their own");
    assert!(
        blocks.iter().any(|(_, order)| *order == BlockOrder::Abba)
            && blocks.iter().any(|(_, order)| *order == BlockOrder::Baab)
    );
    assert!(run.subjects.iter().map(|row| row.at_ns).is_sorted());
    // Exactly what the tree used, as the kernel says, in every row.
    assert!(run.subjects.iter().all(|row| row.usage.is_some_and(|usage| usage.max_rss_bytes > 0 && usage.wall_ns > 0)));
    let again = self::benched("driven-again", &DRIVEN, 7).1;
    let again = Run {
        subjects: again.subjects.iter().filter(|row| row.block.variant != "wrong").cloned().collect(),
        ..again.clone()
    };
    assert_eq!(schedule(&again), blocks, "the seed decides");
    let other = self::benched("driven-otherwise", &DRIVEN, 8).1;
    let other = Run {
        subjects: other.subjects.iter().filter(|row| row.block.variant != "wrong").cloned().collect(),
        ..other.clone()
    };
    assert_ne!(schedule(&other), blocks, "the seed decides");
}

fn main() -> ExitCode {
    multiprocess::init();
    if let Some(code) = harness::subject::serve(&[&LESSON, &DRIVEN]) {
        return code;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let case = |name: &str, run: fn()| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    };
    let cases = vec![
        case("few_blocks", few_blocks_are_whole_balanced_and_without_a_warm_up),
        case("driven", blocks_of_all_variants_are_interleaved_in_rounds_that_the_seed_draws),
        case("demonstration", a_demonstration_is_fine_only_if_its_fault_was_seen),
    ];
    libtest_mimic::run(&arguments, cases).exit_code()
}
