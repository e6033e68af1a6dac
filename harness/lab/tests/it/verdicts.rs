//! The verdicts of the committed reference runs, derived again from their rows by the code as it is.
//!
//! They stand in a file beside the runs, so that a change of a check, a band or a formula that turns a verdict is seen in review, and is
//! never a side effect. Each run is judged as its own code recorded it: that the code has changed since is no change of what the data say.

use std::path::Path;

use experiments::LESSONS;
use harness::Evidence;
use record::{Profile, Run, Verdict};
use serde::{Deserialize, Serialize};

use crate::house::checkout;

/// Set to anything, it has the file written anew in place of being compared.
const BLESS: &str = "BLESS";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Derived {
    run: String,
    profile: Profile,
    lesson: String,
    claim: String,
    verdict: Verdict,
}

fn derive(folder: &Path) -> Vec<Derived> {
    let ledger = experiments::ledger();
    let mut derived = Vec::new();
    for (_, run) in Run::read_all(folder).unwrap() {
        for lesson in LESSONS {
            let Some(plan) = run.plan(lesson.stem).filter(|_| run.subjects_of(lesson.stem).next().is_some()) else {
                continue;
            };
            let summary = harness::summary::summarise(&run, &lesson.info(), true, &plan.fingerprint).unwrap();
            let judgements = lesson.judge(&ledger, &Evidence { summary: &summary, run: &run });
            derived.extend(judgements.into_iter().map(|judgement| Derived {
                run: judgement.run,
                profile: judgement.profile,
                lesson: judgement.lesson,
                claim: judgement.claim,
                verdict: judgement.verdict,
            }));
        }
    }
    derived
}

/// One verdict on a line, so that a change is one line.
fn written(derived: &[Derived]) -> String {
    let lines: Vec<String> = derived.iter().map(|one| serde_json::to_string(one).unwrap()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

#[test]
fn the_verdicts_of_the_reference_runs_are_those_that_were_committed() {
    let folder = checkout().join("results/reference");
    let file = folder.join("verdicts.json");
    let derived = derive(&folder);
    assert!(derived.iter().all(|one| one.verdict != Verdict::Stale));
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&file, written(&derived)).unwrap();
    }
    let committed: Vec<Derived> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let lines = |these: &[Derived], those: &[Derived]| -> Vec<String> {
        these.iter().filter(|one| !those.contains(one)).map(|one| serde_json::to_string(one).unwrap()).collect()
    };
    let (gone, new) = (lines(&committed, &derived), lines(&derived, &committed));
    assert!(
        gone.is_empty() && new.is_empty() && committed == derived,
        "the committed runs no longer give the verdicts in {}.\ncommitted:\n  {}\nderived now:\n  {}\nIf that is meant, renew the file \
         with {BLESS}=1 cargo test -p lab --test it -- verdicts::, and say in the commit why they changed",
        file.display(),
        gone.join("\n  "),
        new.join("\n  "),
    );
}
