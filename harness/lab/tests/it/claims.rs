//! Verdicts from recorded runs: whole, interrupted, damaged, and from the future. Nothing is measured at length here: the rows
//! are real answers of small subjects, put into blocks with times that are given.

use std::path::PathBuf;

use record::{Arm, BlockOrder, BlockPosition, End, Header, Recorder, SCHEMA, Subject};
use serde_json::Value;

use crate::house::House;
use crate::lab::Answered;
use crate::rows::{self, BLOCKS};

/// A run with the post's own ratio of the bound method; every other pool takes half the loop's time. An interrupted one is
/// a day newer.
pub(crate) fn write_run(house: &House, name: &str, answered: &Answered, complete: bool) -> PathBuf {
    let lesson = &experiments::bound_method::LESSON;
    let header = Header {
        started: if complete { "2023-03-02T12:00:00Z" } else { "2023-03-03T12:00:00Z" }.to_owned(),
        environment: harness::environment::read(),
        ..rows::header(name, lesson, answered.params.clone())
    };
    let mut recorder = Recorder::create(&house.path().join("results/local"), &header).unwrap();
    // An interrupted run never reached the later variants.
    let reached = if complete { answered.variants.len() } else { 3 };
    for variant in &answered.variants[1..reached] {
        for number in 0..BLOCKS {
            for ((place, arm), at_ns) in (0..).zip(BlockOrder::Abba.arms()).zip(1..) {
                let mut result = if arm == Arm::A { answered.variants[0].clone() } else { variant.clone() };
                // A little scatter, the same for both arms of a place, so that the intervals have a width.
                let scatter = 1.0 + f64::from(number % 3) / 100.0;
                let times = match (arm, variant.name.as_str()) {
                    (Arm::A, _) => 1.0,
                    (Arm::B, "pool_bound_method" | "pool_bound_method_spawn") => 6.5 * scatter,
                    (Arm::B, _) => 0.5 * scatter,
                };
                result.elapsed_ns = Some((times * 1e6) as u64);
                let order = BlockOrder::Abba;
                let block = BlockPosition { variant: variant.name.clone(), number, order, place, arm, warm_up: false };
                recorder
                    .subject(&Subject { lesson: lesson.stem.to_owned(), block, at_ns, result, usage: None })
                    .unwrap();
            }
        }
    }
    let path = recorder.path().to_owned();
    if complete {
        let end = End { finished: "2023-03-02T12:01:00Z".to_owned(), ..End::default() };
        recorder.end(&end).unwrap();
    }
    path
}

pub(crate) fn small_answers() -> Answered {
    let settings = ["--set", "workers=8", "--set", "items=1000", "--set", "cache_entries=64"];
    House::bare().lab(&[&["run", "bound_method", "--json"], &settings[..]].concat()).check(0).answered()
}

/// The verdict on each of the nine claims, in their order, and the run they rest on.
pub(crate) fn verdicts(house: &House, arguments: &[&str]) -> Vec<(String, String)> {
    let printed: Value =
        serde_json::from_str(&house.lab(&[&["claims", "--json"], arguments].concat()).check(0).stdout).unwrap();
    let judgements = printed["judgements"].as_array().unwrap().clone();
    let text = |judgement: &Value, key: &str| judgement[key].as_str().unwrap().to_owned();
    judgements.iter().map(|judgement| (text(judgement, "verdict"), text(judgement, "run"))).collect()
}

#[test]
fn a_recorded_run_is_judged_again_at_any_time() {
    let house = House::bare();
    let path = write_run(&house, "a-whole-run", &small_answers(), true);
    let whole = verdicts(&house, &[]);
    let words: Vec<&str> = whole.iter().map(|(verdict, _)| verdict.as_str()).collect();
    assert_eq!(words.len(), 9);
    assert!(whole.iter().all(|(_, run)| run == "a-whole-run"));
    // Order of the ledger: the same work, the slowdown, once per task, not four times.
    assert_eq!(words[..4], ["reproduced", "reproduced", "reproduced", "contradicted"]);
    assert_eq!(whole, verdicts(&house, &["--run", "a-whole-run"]));
    // From anywhere else, too.
    let elsewhere = house.path().join("moved.jsonl");
    std::fs::rename(path, &elsewhere).unwrap();
    assert_eq!(verdicts(&house, &[]), []);
    assert_eq!(whole, verdicts(&house, &["--run", elsewhere.to_str().unwrap()]));
}

#[test]
fn verdicts_for_people_name_their_run_and_how_it_stands() {
    let house = House::bare();
    let answers = small_answers();
    write_run(&house, "a-whole-run", &answers, true);
    write_run(&house, "an-interrupted-run", &answers, false);
    let said = |name: &str| house.lab(&["claims", "--run", name]).check(0).stdout;
    let whole = said("a-whole-run");
    assert!(whole.starts_with("bound_method at profile quick, from a run of this machine: a-whole-run\n"), "{whole}");
    assert_eq!(whole.lines().filter(|line| line.starts_with("  pickle.")).count(), 9, "{whole}");
    let interrupted = said("an-interrupted-run");
    assert!(interrupted.lines().next().unwrap().contains("interrupted: an-interrupted-run"), "{interrupted}");
    assert_eq!(interrupted.lines().filter(|line| line.starts_with("  pickle.")).count(), 9, "{interrupted}");
}

#[test]
fn an_interrupted_run_is_judged_as_far_as_it_goes() {
    let house = House::bare();
    write_run(&house, "an-interrupted-run", &small_answers(), false);
    let judged = verdicts(&house, &[]);
    let words: Vec<&str> = judged.iter().map(|(verdict, _)| verdict.as_str()).collect();
    assert_eq!(words.len(), 9);
    assert_eq!(words[1], "reproduced", "what was measured is judged: {words:?}");
    assert!(words[6..].iter().all(|word| *word != "reproduced"), "what was not measured is not: {words:?}");
}

#[test]
fn a_whole_run_speaks_before_a_newer_one_that_was_interrupted() {
    let house = House::bare();
    let answers = small_answers();
    write_run(&house, "a-whole-run", &answers, true);
    write_run(&house, "an-interrupted-run", &answers, false);
    assert!(verdicts(&house, &[]).iter().all(|(_, run)| run == "a-whole-run"));
}

#[test]
fn a_run_of_other_code_is_stale_and_says_what_it_said() {
    let house = House::bare();
    let path = write_run(&house, "an-old-run", &small_answers(), true);
    rows::change(&path, |run| run.header.lessons[0].fingerprint = "of other code".to_owned());
    assert!(verdicts(&house, &[]).iter().all(|(verdict, _)| verdict == "stale"));
    let said = house.lab(&["claims"]).check(0).stdout;
    assert!(said.contains("changed since this run; it was 'reproduced'"), "{said}");
}

#[test]
fn without_a_run_nothing_is_judged_and_the_whole_ledger_is_there() {
    let house = House::bare();
    assert_eq!(verdicts(&house, &[]), []);
    let said = house.lab(&["claims"]).check(0).stdout;
    assert!(said.starts_with("0 claims judged; 70 "), "{said}");
}

#[track_caller]
fn check_refused(change: impl Fn(&mut Vec<String>), line: usize, reason: &str) {
    let house = House::bare();
    let path = write_run(&house, "a-run", &small_answers(), true);
    let mut lines: Vec<String> = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let file = path.to_str().unwrap();
    // Named, found by its name, and found in the folder: each time the file and the line are named.
    let calls: [&[&str]; 3] = [&["claims", "--run", file], &["claims", "--run", "a-run", "--json"], &["claims"]];
    for call in calls {
        let ended = house.lab(call).check(1);
        let place = format!("a-run.jsonl:{line}: ");
        assert!(ended.stderr.contains(&place) && ended.stderr.contains(reason), "{call:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{call:?}");
    }
}

#[test]
fn a_damaged_line_is_named_with_its_file_and_number() {
    check_refused(|lines| lines[7].truncate(100), 8, "not a row of a run");
}

#[test]
fn an_unknown_field_is_named_with_its_file_and_line() {
    check_refused(|lines| lines[4] = lines[4].replacen('{', "{\"surprise\":1,", 1), 5, "unknown field `surprise`");
}

#[test]
fn a_row_that_was_edited_later_is_found_by_the_hash() {
    let edit = |lines: &mut Vec<String>| lines[4] = lines[4].replacen("\"elapsed_ns\":", "\"elapsed_ns\":1", 1);
    let end = 1 + 4 * BLOCKS as usize * (crate::contract::VARIANTS.len() - 1) + 1;
    check_refused(edit, end, "the lines above were changed after the run was sealed");
}

#[test]
fn a_newer_schema_is_told_from_damage() {
    let newer = |lines: &mut Vec<String>| {
        lines[0] = lines[0].replacen(&format!("\"schema\":{SCHEMA}"), &format!("\"schema\":{}", SCHEMA + 1), 1);
    };
    check_refused(newer, 1, &format!("schema {} is newer than schema {SCHEMA}", SCHEMA + 1));
}

#[test]
fn a_committed_reference_is_one_whether_it_is_named_by_its_name_or_by_its_path() {
    let house = House::with_book();
    let entries = std::fs::read_dir(house.path().join("results/reference")).unwrap().map(|entry| entry.unwrap().path());
    let file = entries.filter(|path| path.extension().is_some_and(|found| found == "jsonl")).max().unwrap();
    for run in [file.to_str().unwrap(), file.file_stem().unwrap().to_str().unwrap()] {
        let said = house.lab(&["claims", "--run", run]).check(0).stdout;
        assert!(said.contains("from a committed reference"), "{run}: {said}");
    }
}
