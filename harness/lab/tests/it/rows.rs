//! Runs that were never measured: rows with given answers, times and facts, to see what the checks of claims make of them.

use std::path::{Path, PathBuf};

use harness::{Evidence, Lesson};
use record::{
    Arm, BlockOrder, BlockPosition, Environment, Header, Judgement, LessonPlan, Params, Profile, Program, Recorder,
    Run, SCHEMA, Subject, VariantResult,
};

/// Blocks per variant.
pub(crate) const BLOCKS: u32 = 10;

/// The header of a run of `lesson` on a machine with eight cores.
pub(crate) fn header(id: &str, lesson: &Lesson, params: Params) -> Header {
    let plan = LessonPlan {
        lesson: lesson.stem.to_owned(),
        params,
        shrunk: Params::new(),
        baseline: lesson.baseline().name.to_owned(),
        blocks: BLOCKS,
        fingerprint: lesson.fingerprint.to_owned(),
    };
    let program = Program {
        version: "0".to_owned(),
        revision: None,
        dirty: None,
        rustc: "rustc".to_owned(),
        build: "test".to_owned(),
        binary_sha256: None,
    };
    Header {
        schema: SCHEMA,
        id: id.to_owned(),
        started: "2023-03-02T12:00:00Z".to_owned(),
        profile: Profile::Quick,
        seed: 1,
        program,
        environment: Environment { cores: 8, usable_cores: 8, ..Environment::default() },
        lessons: vec![plan],
        budget_s: None,
    }
}

/// Records the run in this file again, changed and sealed anew.
pub(crate) fn change(path: &Path, change: impl FnOnce(&mut Run)) -> PathBuf {
    let mut run = Run::read(path).unwrap();
    change(&mut run);
    std::fs::remove_file(path).unwrap();
    let mut recorder = Recorder::create(path.parent().unwrap(), &run.header).unwrap();
    run.subjects.iter().for_each(|subject| recorder.subject(subject).unwrap());
    let path = recorder.path().to_owned();
    run.end.map_or(path, |end| recorder.end(&end).unwrap())
}

/// A subject of `name` that was right, and took so many milliseconds.
pub(crate) fn row(name: &str, ms: u64) -> VariantResult {
    VariantResult {
        ok: true,
        answer: Some("right".to_owned()),
        elapsed_ns: Some(ms * 1_000_000),
        iterations: 1,
        error: None,
        ..VariantResult::failed(name, "rust", "")
    }
}

/// The judgement on one claim from ten blocks of each of `rows` beside the first.
pub(crate) fn judged(lesson: &Lesson, params: Params, rows: &[VariantResult], claim: &str) -> Judgement {
    let mut subjects = Vec::new();
    for row in &rows[1..] {
        for number in 0..BLOCKS {
            let order = BlockOrder::Abba;
            for (place, arm) in (0..).zip(order.arms()) {
                let result = if arm == Arm::A { rows[0].clone() } else { row.clone() };
                let block = BlockPosition { variant: row.name.clone(), number, order, place, arm, warm_up: false };
                subjects.push(Subject { lesson: lesson.stem.to_owned(), block, at_ns: 0, result, usage: None });
            }
        }
    }
    let run = Run { header: header("a-run", lesson, params), subjects, end: None };
    let summary = harness::summary::summarise(&run, &lesson.info(), false, lesson.fingerprint).unwrap();
    let judgements = lesson.judge(&experiments::ledger(), &Evidence { summary: &summary, run: &run });
    judgements.into_iter().find(|judgement| judgement.claim == claim).unwrap()
}
