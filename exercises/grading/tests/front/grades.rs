//! Grades of real submissions in every format, and what is remembered of them.

use std::fs;

use serde_json::Value;

use crate::{House, NAME, schema, source};

fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|fault| panic!("{fault}: {text}"))
}

#[test]
fn a_skeleton_is_graded_in_every_format_and_each_keeps_to_its_schema() {
    let house = House::with(&source().skeleton());
    let grade = |format: &str| {
        let ended = house.grade(&["--format", format]);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        ended.stdout
    };
    assert_eq!(schema::fault(&object(&grade("json")), &schema::json(), "json"), None);
    assert_eq!(schema::fault(&object(&grade("gradescope")), &schema::gradescope(), "gradescope"), None);
    assert_eq!(schema::fault(&object(&grade("classroom50")), &schema::classroom50(), "classroom50"), None);
    let lines = grade("autolab");
    let (shown, scores) = lines.trim_end().split_once('\n').unwrap();
    assert_eq!(schema::fault(&object(scores), &schema::autolab_scores(), "autolab"), None);
    assert_eq!(schema::fault(&object(shown)[NAME], &schema::autolab_stage(), NAME), None);
    assert_eq!(schema::junit_fault(&grade("junit")), None);
    let text = grade("text");
    assert!(text.contains("FAIL") && text.contains("bytes pickled") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(house.left(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_solution_passes_and_a_later_mistake_costs_nothing() {
    let house = House::with(&source().solution());
    assert_eq!(house.grade(&[]).code, Some(0));
    house.save("fn main() { nonsense }");
    let ended = house.grade(&[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("DOES NOT COMPILE") && ended.stdout.contains("nonsense"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Your best attempt got 10 points."), "{}", ended.stdout);
    let list = house.grade(&["--list"]);
    assert_eq!(list.code, Some(0));
    assert!(list.stdout.contains("1 of 1 passed, 10 of 10 points"), "{}", list.stdout);
    // A file that its owner can write is no ground for what a platform is told.
    assert_eq!(object(&house.grade(&["--format", "gradescope"]).stdout)["score"], 0.0);
}

#[test]
fn gradescope_keeps_the_best_of_what_was_submitted_before() {
    let house = House::with(&source().skeleton());
    let metadata = house.submission.path().join("submission_metadata.json");
    let before = format!(
        "{{\"previous_submissions\":[{{\"score\":\"9.5\",\"results\":{{\"extra_data\":{{\"unpickled_points\":{{\"{NAME}\":9.5}}}}}}}}]}}"
    );
    fs::write(&metadata, before).unwrap();
    let ended = house.grade(&["--format", "gradescope", "--previous", metadata.to_str().unwrap()]);
    let results = object(&ended.stdout);
    assert_eq!(schema::fault(&results, &schema::gradescope(), "results"), None);
    assert_eq!(results["score"], 9.5);
    assert!(results["output"].as_str().unwrap().contains("They count."), "{results}");
}

#[test]
fn a_missing_file_is_an_error_and_no_crash() {
    let house = House::with("");
    fs::remove_file(house.file()).unwrap();
    let grades = object(&house.grade(&["--format", "json"]).stdout);
    let test = &grades["exercises"][0]["tests"][0];
    assert_eq!(test["status"], "ERROR");
    assert!(test["feedback"].as_str().unwrap().contains("there is no file bound_method_cache.rs"), "{test}");
}

#[test]
fn a_class_is_a_table_and_the_best_attempt_counts() {
    let house = House::with("");
    let class = house.scratch.path().join("class");
    let table = house.scratch.path().join("grades.csv");
    for (student, text) in [("alice", source().solution()), ("bob", source().skeleton()), ("carol", String::new())] {
        fs::create_dir_all(class.join(student)).unwrap();
        fs::write(class.join(student).join(format!("{NAME}.rs")), text).unwrap();
    }
    let call = ["grade", NAME, "--class", class.to_str().unwrap(), "--out", table.to_str().unwrap()];
    assert_eq!(house.run(&call).code, Some(1));
    let read = || fs::read_to_string(&table).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let before = read();
    assert_eq!(before[0], format!("student,points,of,{NAME},{NAME} status"));
    assert_eq!(before[1], "alice,10,10,10,PASS");
    assert!(before[2].starts_with("bob,") && before[2].ends_with("FAIL"), "{before:?}");
    assert_eq!(before[3], "carol,0,10,0,DOES NOT COMPILE");
    // Alice spoils hers, and loses nothing by it.
    fs::write(class.join("alice").join(format!("{NAME}.rs")), "").unwrap();
    house.run(&call);
    assert_eq!(read(), before);
}
