//! Blocks of real subjects of a lesson of its own: one whose blocks are so few that Criterion does not drive them.
//!
//! The subjects are this binary executed again, so it has a `main` of its own, and the cases run on its first thread.

#![expect(clippy::unwrap_used, reason = "a case says that something failed by panicking, as a test does")]

use std::convert::Infallible;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use harness::bench::{self, Benched, Plan, Progress};
use harness::{Lesson, Measured, Outcome, Variant};
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

struct Silent;

impl Progress for Silent {
    fn subject(&self, _lesson: &str, _variant: &str, _done: u32, _total: u32) {}

    fn quietly(&self, work: &mut dyn FnMut()) {
        work();
    }
}

/// Measures the lesson in a folder of its own, and reads the record back.
fn benched(name: &str) -> (Benched, Run) {
    let folder = std::env::temp_dir().join(format!("unpickled-{name}-{}", std::process::id()));
    let mut plan = Plan::new(&[&LESSON], Profile::Quick, 7, "0", Path::new(env!("CARGO_MANIFEST_DIR")));
    plan.folder = Some(folder.join("results"));
    let benched = bench::run_in(&folder.join("criterion"), &plan, &Silent).unwrap();
    let path: &PathBuf = benched.path.as_ref().unwrap();
    let run = Run::read(path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    (benched, run)
}

fn few_blocks_are_whole_balanced_and_without_a_warm_up() {
    let (_, run) = benched("few");
    let same: Vec<_> = run.subjects.iter().filter(|row| row.block.variant == "same").collect();
    assert_eq!(same.len(), 8);
    assert!(same.iter().all(|row| row.result.ok && !row.block.warm_up && row.result.elapsed_ns.is_some()));
    assert_eq!(same.iter().filter(|row| row.block.arm == Arm::A).count(), 4);
    // Nothing could be compared with the oracle before it ran.
    assert_eq!((same[0].block.order, same[0].result.name.as_str()), (BlockOrder::Abba, "serial"));
    assert_eq!(run.plan("a_lesson").unwrap().blocks, 2);
}

fn a_demonstration_is_fine_only_if_its_fault_was_seen() {
    let (benched, run) = benched("demonstration");
    let of = |name: &str| {
        run.subjects.iter().filter(|row| row.result.name == name).map(|row| &row.result).collect::<Vec<_>>()
    };
    assert!(of("shown").iter().all(|result| result.ok && result.demonstrates == Some(Fault::WrongAnswer)));
    // Given up after three failures, each of them a row.
    assert_eq!(of("unseen").len(), 3);
    assert!(of("unseen").iter().all(|result| !result.ok && result.error.as_ref().unwrap().contains("did not show")));
    assert_eq!(benched.failures.len(), 3, "{:?}", benched.failures);
}

fn main() -> ExitCode {
    multiprocess::init();
    if let Some(code) = harness::subject::serve(&[&LESSON]) {
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
        case("demonstration", a_demonstration_is_fine_only_if_its_fault_was_seen),
    ];
    libtest_mimic::run(&arguments, cases).exit_code()
}
