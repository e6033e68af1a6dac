//! Lesson `what_crosses`: what the compiler says, and what becomes of everything that it lets through.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use experiments::what_crosses::LESSON;
use record::{Profile, VariantResult, Verdict};
use serde_json::Value;

use crate::house::{House, checkout, quick_run};
use crate::lab::{Answered, turn};
use crate::rows::{judged, row};

/// The programs that the chapter shows.
const PROGRAMS: &str = "experiments/src/what_crosses/refusals";

fn run(variants: &[&str], settings: &[&str]) -> Answered {
    quick_run("what_crosses", variants, settings).of_one_answer()
}

/// The first error or warning that the compiler has for each program, with its code; none for one that it takes without a word.
///
/// A small crate that holds them all is checked, with the versions of this workspace, in a folder below `target` that stays: the
/// dependencies are compiled once.
fn said_by_the_compiler() -> BTreeMap<String, String> {
    let folder = checkout().join("target/refusals");
    let programs = folder.join("src/bin");
    fs::create_dir_all(&programs).unwrap();
    let manifest = format!(
        "[package]\nname = \"refusals\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nbincode = \"=2.0.1\"\n\
         multiprocess = {{ path = {:?} }}\n",
        checkout().join("harness/runtime")
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(checkout().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let mut said = BTreeMap::new();
    for (name, path) in files("rs") {
        // Written only if it changed, so that nothing is checked again without need; a warning is told again all the same.
        let (text, place) = (fs::read(&path).unwrap(), programs.join(format!("{name}.rs")));
        if fs::read(&place).ok().as_ref() != Some(&text) {
            fs::write(&place, text).unwrap();
        }
        said.insert(name, String::new());
    }
    let _turn = turn();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--keep-going", "--bins", "--message-format=json"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut is_of_ours = false;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let told: Value = serde_json::from_str(line).unwrap();
        let (message, target) = (&told["message"], told["target"]["name"].as_str().unwrap_or_default());
        let (Some(first), Some(headline)) = (said.get_mut(target), message["message"].as_str()) else { continue };
        is_of_ours = true;
        if let Some(code) = message["code"]["code"].as_str().filter(|_| first.is_empty()) {
            *first = format!("{}[{code}]: {headline}", message["level"].as_str().unwrap_or_default());
        }
    }
    assert!(is_of_ours, "{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn files(extension: &str) -> Vec<(String, std::path::PathBuf)> {
    let paths = fs::read_dir(checkout().join(PROGRAMS)).unwrap().map(|entry| entry.unwrap().path());
    let wanted = |path: &std::path::PathBuf| path.extension().is_some_and(|found| found == extension);
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = paths.filter(wanted).map(|path| (name(&path), path)).collect();
    files.sort();
    files
}

/// What the chapter shows is what the compiler says. Set BLESS=1 to accept what another compiler says, and read it before committing.
#[test]
fn the_compiler_says_what_the_chapter_shows() {
    let said = said_by_the_compiler();
    if std::env::var_os("BLESS").is_some() {
        for (name, words) in said.iter().filter(|(_, words)| !words.is_empty()) {
            fs::write(checkout().join(PROGRAMS).join(format!("{name}.txt")), format!("{words}\n")).unwrap();
        }
    }
    let shown: BTreeMap<String, String> = files("txt")
        .into_iter()
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap().trim_end().to_owned()))
        .collect();
    for (name, words) in &said {
        assert_eq!(shown.get(name).map_or("", String::as_str), words, "{name}");
    }
    assert!(shown.keys().all(|name| said.contains_key(name)), "{shown:?}");
    let refused = said.iter().filter(|(_, words)| words.starts_with("error[E0277]")).map(|(name, _)| name.as_str());
    assert_eq!(refused.collect::<Vec<_>>(), ["closure", "file", "inner_function", "lock", "socket"]);
    assert!(said["unused"].starts_with("warning[unused_must_use]"), "{}", said["unused"]);
    for silent in ["named", "mutex", "half_used"] {
        assert_eq!(said[silent], "", "{silent}");
    }
}

#[test]
fn every_variant_gives_one_answer_at_odd_sizes() {
    for settings in [
        ["workers=2", "items=97", "trials=1"],
        ["workers=1", "items=0", "trials=2"],
        ["workers=5", "items=1", "trials=1"],
    ] {
        assert_eq!(run(&[], &settings).variants.len(), LESSON.variants.len());
    }
}

#[test]
fn what_is_out_of_range_is_refused() {
    let ended = House::bare().lab(&["run", "what_crosses", "--set", "items=1000001"]).check(2);
    assert!(ended.stderr.contains("items=1000001 is out of range for lesson what_crosses"), "{}", ended.stderr);
    House::bare().lab(&["run", "what_crosses", "--set", "trials=0"]).check(2);
}

#[test]
fn a_function_crosses_as_its_name_and_what_it_carries() {
    let answered = run(&["serial", "by_name", "by_name_spawned", "with_data"], &["items=80", "workers=2"]);
    let dumps = |name: &str| answered.variant(name).processes[0].dumps;
    let [forked, spawned, with_data] = ["by_name", "by_name_spawned", "with_data"].map(dumps);
    // Eight tasks. The longer name costs a byte each, and so does the field of the other.
    assert_eq!(answered.variant("by_name").counters.tasks, 8);
    assert_eq!(
        (with_data.calls, with_data.bytes),
        (forked.calls, forked.bytes + 8 * ("Times".len() as u64 + 1) - 8 * "Triple".len() as u64)
    );
    assert!(spawned.calls >= forked.calls && spawned.bytes >= forked.bytes, "{spawned:?} {forked:?}");
    assert!(forked.bytes > 8 * "what_crosses::Triple".len() as u64);
}

#[test]
fn panics_and_errors_come_back_in_their_own_words_and_cost_no_worker() {
    let answered = run(&["serial", "panics", "errors"], &["items=101", "workers=2"]);
    for name in ["panics", "errors"] {
        let facts = &answered.variant(name).facts;
        let found = ["went_wrong", "came_back", "in_its_own_words", "workers_lost"].map(|fact| facts[fact]);
        assert_eq!(found, [11, 11, 11, 0], "{name}");
    }
}

#[test]
fn what_is_refused_at_run_time_is_refused_item_by_item() {
    let facts = run(&["refused"], &["items=10"]).variant("refused").facts.clone();
    assert_eq!((facts["of_each"], facts["workers_lost"]), (4, 0));
    for name in ["unregistered", "item_not_encoded", "item_not_decoded", "output_not_encoded", "output_not_decoded"] {
        assert_eq!(facts[name], 4, "{name}");
    }
}

#[test]
fn nobody_hears_of_a_failure_whose_result_is_not_asked_for() {
    let facts = run(&["unread"], &["trials=3"]).variant("unread").facts.clone();
    for way in ["map_async", "imap", "submit"] {
        assert_eq!((facts[&format!("{way}_failed")], facts[&format!("{way}_told")]), (3, 0), "{way}");
    }
}

#[test]
fn without_the_guard_every_child_is_refused_and_starts_nothing() {
    let answered = run(&["no_guard"], &["trials=3", "workers=2"]);
    let row = answered.variant("no_guard");
    let found = ["trials", "grandchildren", "told"].map(|name| row.facts[name]);
    assert_eq!(found, [3, 0, 3], "{:?}", row.facts);
    // The first refusal ends its pool, and with it a worker that is not there yet.
    let (children, refused) = (row.facts["children"], row.facts["refused"]);
    assert!((3..=6).contains(&children) && (3..=children).contains(&refused), "{:?}", row.facts);
    assert!(row.notes["refusal"].contains("without it each worker would start workers of its own"), "{:?}", row.notes);
}

/// The verdict on a claim from rows that were never measured, and why.
fn verdict(claim: &str, name: &str, facts: &[(&str, u64)]) -> (Verdict, String) {
    let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    let params = LESSON.params(Profile::Post, &[]).unwrap();
    let judgement = judged(&LESSON, params, &[row("serial", 1), VariantResult { facts, ..row(name, 5) }], claim);
    (judgement.verdict, judgement.because)
}

#[test]
fn a_mutex_that_crosses_makes_the_claim_on_locks_too_strong() {
    let kinds = ["lambda_crosses", "inner_function_crosses", "file_crosses", "socket_crosses", "lock_crosses"];
    let lambdas = |lambda, mutex| {
        let mut facts = kinds.map(|kind| (kind, 0)).to_vec();
        facts[0].1 = lambda;
        facts.extend([("mutex_crosses", mutex), ("named_function_crosses", 1)]);
        verdict("cpu.lambdas-cannot-cross", "by_name", &facts).0
    };
    assert_eq!(lambdas(0, 0), Verdict::Reproduced);
    assert_eq!(lambdas(0, 1), Verdict::DirectionOnlyWeaker);
    assert_eq!(lambdas(1, 0), Verdict::Contradicted);
}

#[test]
fn children_without_children_contradict() {
    let guard = |trials, grandchildren| {
        let facts =
            [("trials", trials), ("children", 10), ("refused", 10), ("grandchildren", grandchildren), ("told", trials)];
        verdict("cpu.main-guard", "no_guard", &facts).0
    };
    assert_eq!(guard(5, 0), Verdict::Contradicted);
    assert_eq!(guard(5, 5), Verdict::Reproduced);
    assert_eq!(guard(5, 3), Verdict::DirectionOnlyWeaker);
    assert_eq!(guard(4, 0), Verdict::Inconclusive, "20 subjects of four trials");
}

#[test]
fn a_failure_is_lost_unless_the_end_of_the_pool_tells_of_it() {
    let unread =
        |told| verdict("cpu.swallowed-exceptions", "unread", &[("map_async_failed", 5), ("map_async_told", told)]);
    let (found, because) = unread(0);
    assert!(found == Verdict::Reproduced && because.contains("100 of 100 by map async"), "{because}");
    assert_eq!(unread(5).0, Verdict::Contradicted);
}
