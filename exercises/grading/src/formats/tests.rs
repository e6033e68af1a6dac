//! Every format, of grades with everything in them that could go wrong, against its schema.

use serde_json::{Value, json};

use super::*;
use crate::judge::GradedTest;

#[path = "schema.rs"]
mod schema;

fn test(name: &str, status: Status, points: f64, of: f64, feedback: &str) -> GradedTest {
    let what = "it <works> & \"well\"".into();
    GradedTest { name: name.into(), what, status, points, of, feedback: feedback.into() }
}

fn graded(name: &str, tests: Vec<GradedTest>) -> Graded {
    let worst = tests.iter().find(|test| !is_fine(test.status)).map_or(Status::Pass, |test| test.status);
    Graded {
        exercise: name.into(),
        lesson: "lesson".into(),
        title: "Title".into(),
        status: worst,
        points: tests.iter().map(|test| test.points).sum(),
        of: tests.iter().map(|test| test.of).sum(),
        tests,
        printed: "\u{1b}[31merror\u{0}]]>\n'quoted'\n".into(),
    }
}

/// Every status there is, in two exercises.
fn report() -> Report {
    let first = vec![
        test("answer", Status::Pass, 2.0, 2.0, "right"),
        test("bytes", Status::Partial, 0.1, 4.0, "5 bytes; full points up to 3"),
        test("fast", Status::Ungradable, 0.0, 0.0, "too noisy"),
    ];
    let second = vec![
        test("hang", Status::Timeout, 0.0, 1.0, "not done after 10 s"),
        test("crash", Status::Error, 0.0, 1.0, ""),
        test("wrong", Status::Fail, 0.0, 1.0, "got 1,\nexpected 2"),
        test("none", Status::DoesNotCompile, 0.0, 1.0, "the compiler refuses the file"),
    ];
    Report {
        graded: vec![graded("lesson_one", first), graded("lesson_two", second)],
        notes: vec!["changed, and not used: runtime/src/lib.rs".into()],
        seconds: 1.25,
        best: [("lesson_two".to_owned(), 3.0)].into(),
        ..Report::default()
    }
}

fn written(format: Format, report: &Report) -> Value {
    serde_json::from_str(&write(format, report, false).unwrap()).unwrap()
}

#[test]
fn gradescope_takes_what_is_written_for_it() {
    let value = written(Format::Gradescope, &report());
    assert_eq!(schema::fault(&value, &schema::gradescope(), "results"), None);
    // A test that counts neither way has no score: it is information.
    assert_eq!(value["tests"][2].get("score"), None);
    assert_eq!(value["tests"][2].get("status"), None);
    assert_eq!(value["tests"][1]["status"], "failed");
    assert_eq!(value["tests"][3]["number"], "2.1");
    assert!(value["tests"][3]["output"].as_str().unwrap().contains("Read the chapter lesson."));
}

#[test]
fn a_resubmission_loses_no_points() {
    let value = written(Format::Gradescope, &report());
    // 2.1 now of the first, 3 before of the second, which got nothing now.
    assert_eq!(value["score"], json!(5.1));
    assert_eq!(value["extra_data"]["unpickled_points"], json!({ "lesson_one": 2.1, "lesson_two": 3.0 }));
    let known = Report { best_total: 8.5, ..report() };
    assert_eq!(written(Format::Gradescope, &known)["score"], json!(8.5));
}

#[test]
fn classroom50_takes_what_is_written_for_it_and_points_are_tenths() {
    let variables = |name: &str| match name {
        "CLASSROOM" => Some("course".to_owned()),
        "USERNAME" => Some("alice, bob".to_owned()),
        "ASSIGNMENT" => Some(String::new()),
        _ => None,
    };
    let identity = Identity::of(variables, "2026-06-01T14:33:11Z".into());
    let value = written(Format::Classroom50, &Report { identity, ..report() });
    assert_eq!(schema::fault(&value, &schema::classroom50(), "result"), None);
    assert_eq!(value["usernames"], json!(["alice", "bob"]));
    assert_eq!((&value["classroom"], value.get("assignment")), (&json!("course"), None));
    assert_eq!((&value["score"], &value["max-score"]), (&json!(51), &json!(100)));
    assert_eq!(value["tests"][1]["score"], json!(1));
}

#[test]
fn the_newer_classroom50_has_an_owner_and_no_usernames() {
    let variables = |name: &str| ["OWNER", "USERNAME"].contains(&name).then(|| "alice".to_owned());
    let identity = Identity::of(variables, "2026-06-01T14:33:11Z".into());
    let value = written(Format::Classroom50, &Report { identity, ..report() });
    assert_eq!(schema::fault(&value, &schema::classroom50(), "result"), None);
    assert_eq!((&value["owner"], value.get("usernames")), (&json!("alice"), None));
}

#[test]
fn autolab_takes_the_last_line_and_shows_the_one_before() {
    let text = write(Format::Autolab, &report(), false).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [shown, scores] = lines.as_slice() else { panic!("{text}") };
    assert_eq!(schema::fault(scores, &schema::autolab_scores(), "scores"), None);
    assert_eq!(scores["scores"], json!({ "lesson_one": 2.1, "lesson_two": 3.0 }));
    assert_eq!((&shown["_presentation"], &shown["stages"]), (&json!("semantic"), &json!(["lesson_one", "lesson_two"])));
    for stage in ["lesson_one", "lesson_two"] {
        assert_eq!(schema::fault(&shown[stage], &schema::autolab_stage(), stage), None);
    }
}

#[test]
fn junit_is_well_formed_whatever_was_printed() {
    let xml = write(Format::Junit, &report(), false).unwrap();
    assert_eq!(schema::junit_fault(&xml), None, "{xml}");
    let sums = "<testsuites name=\"unpickled\" tests=\"7\" failures=\"2\" errors=\"3\" skipped=\"1\" time=\"1.3\">";
    assert!(xml.contains(sums), "{xml}");
    assert!(!xml.contains(['\u{0}', '\u{1b}']), "{xml}");
}

#[test]
fn our_own_format_has_its_schema() {
    assert_eq!(schema::fault(&written(Format::Json, &report()), &schema::json(), "grades"), None);
}

#[test]
fn no_grades_at_all_are_valid_too() {
    let empty = Report { identity: Identity::of(|_| None, "2026-06-01T14:33:11Z".into()), ..Report::default() };
    assert_eq!(schema::fault(&written(Format::Gradescope, &empty), &schema::gradescope(), "results"), None);
    assert_eq!(schema::fault(&written(Format::Classroom50, &empty), &schema::classroom50(), "result"), None);
    assert_eq!(schema::fault(&written(Format::Json, &empty), &schema::json(), "grades"), None);
    assert_eq!(schema::junit_fault(&write(Format::Junit, &empty, false).unwrap()), None);
}

#[test]
fn the_check_of_schemas_finds_what_is_not_in_them() {
    let check = |value: Value| schema::fault(&value, &schema::gradescope(), "results");
    assert!(check(json!({ "tests": [], "grade": 1 })).unwrap().contains("'grade'"));
    assert!(check(json!({})).unwrap().contains("no 'tests'"));
    assert!(check(json!({ "tests": [{ "status": "PASS" }] })).unwrap().contains("results.tests[0].status"));
    let declared = |xml: &str| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}");
    for wrong in
        ["<testsuites>", "<testsuite/>", "<testsuites>a & b</testsuites>", "<testsuites id=\"1\"/>", "<testsuites/>x"]
    {
        assert!(schema::junit_fault(&declared(wrong)).is_some(), "{wrong}");
    }
}

#[test]
fn the_text_says_what_was_counted_and_the_best_attempt() {
    let text = write(Format::Text, &report(), false).unwrap();
    assert!(text.contains("lesson_one: Title   2.1 of 6 points"), "{text}");
    assert!(text.contains("UNGRADABLE HERE"), "{text}");
    assert!(text.contains("Your best attempt got 3 points."), "{text}");
    assert!(text.contains("changed, and not used: runtime/src/lib.rs"), "{text}");
    assert!(text.ends_with("2.1 of 10 points; with your best attempts 5.1\n"), "{text}");
    assert!(write(Format::Text, &report(), true).unwrap().contains("\u{1b}[32mPASS"));
}

#[test]
fn a_class_is_a_table_that_no_spreadsheet_computes() {
    let students = [
        Student { name: "=1+1".into(), exercises: vec![(2.1, Status::Partial), (0.0, Status::DoesNotCompile)] },
        Student { name: "O\"Hara, M".into(), exercises: vec![(6.0, Status::Pass), (4.0, Status::Pass)] },
    ];
    let text = table(&[("lesson_one", 6.0), ("lesson_two", 4.0)], &students);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "student,points,of,lesson_one,lesson_one status,lesson_two,lesson_two status");
    assert_eq!(lines[1], "'=1+1,2.1,10,2.1,PARTIAL,0,DOES NOT COMPILE");
    assert_eq!(lines[2], "\"O\"\"Hara, M\",10,10,6,PASS,4,PASS");
}

#[test]
fn every_format_has_a_name_and_an_unknown_one_is_answered_with_all() {
    for (format, name) in NAMES {
        assert_eq!((name.parse(), format.to_string()), (Ok(format), name.to_owned()));
    }
    let fault = "xml".parse::<Format>().unwrap_err();
    assert!(
        fault.contains("'xml'") && fault.contains("text, json, gradescope, classroom50, autolab, junit"),
        "{fault}"
    );
}
