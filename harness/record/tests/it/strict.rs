//! Files that are not what a run is: refused, with a message that names the file, the line and the reason.

use std::path::Path;

use record::{Error, Run, SCHEMA};

use crate::samples::write_run;

/// The lines of a sound run of two subjects: header, subjects, end.
fn lines() -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = write_run(folder.path(), "a-run", 2);
    std::fs::read_to_string(path).expect("the run was just written").lines().map(str::to_owned).collect()
}

/// Reads `lines` from a real file.
fn read(lines: &[String]) -> Result<Run, Error> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("changed.jsonl");
    std::fs::write(&path, lines.join("\n") + "\n").expect("the folder can be written to");
    Run::read(&path)
}

#[track_caller]
fn check_refused(lines: &[String], line: usize, reason: &str) {
    let error = read(lines).expect_err("these lines are no run");
    assert!(error.is_damaged() && !error.is_newer_schema(), "{error}");
    let message = error.to_string();
    assert!(message.contains(&format!("changed.jsonl:{line}: ")), "{message}");
    assert!(message.contains(reason), "{message}");
    assert!(!message.ends_with('.'), "{message}");
}

/// Adds a field to the object that begins with the first `after` in the line.
fn with_field(line: &str, after: &str) -> String {
    assert!(line.contains(after), "{line}");
    line.replacen(after, &format!("{after}\"surprise\":1,"), 1)
}

#[test]
fn the_unchanged_lines_are_a_run() {
    assert_eq!(read(&lines()).unwrap().subjects.len(), 2);
}

#[test]
fn an_unknown_field_is_refused_wherever_it_stands() {
    let places = [
        (1, "{"),
        (1, "\"program\":{"),
        (1, "\"environment\":{"),
        (2, "{"),
        (2, "\"block\":{"),
        (2, "\"result\":{"),
        (2, "\"counters\":{"),
        (3, "\"dumps\":{"),
        (4, "{"),
    ];
    for (line, after) in places {
        let mut lines = lines();
        lines[line - 1] = with_field(&lines[line - 1], after);
        check_refused(&lines, line, "unknown field `surprise`");
    }
}

#[test]
fn a_missing_field_is_refused() {
    let mut lines = lines();
    lines[2] = lines[2].replacen("\"at_ns\":1,", "", 1);
    check_refused(&lines, 3, "missing field `at_ns`");
}

#[test]
fn a_damaged_line_in_the_middle_is_named() {
    let noise = ["", "noise", "{", "[]", "null", "{\"kind\":\"subject\"}", "{\"kind\":\"pause\"}", "\u{0}\u{0}\u{0}"];
    for text in noise {
        for line in [2, 3] {
            let mut lines = lines();
            lines[line - 1] = text.to_owned();
            check_refused(&lines, line, "not a row of a run");
        }
    }
}

#[test]
fn a_middle_line_without_its_end_is_named() {
    let mut lines = lines();
    let half = lines[1].len() / 2;
    lines[1].truncate(half);
    check_refused(&lines, 2, "not a row of a run");
}

#[test]
fn bytes_that_are_not_text_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a-run.jsonl");
    let lines = lines();
    let bytes = [lines[0].as_bytes(), b"\n\xff\xfe\n", lines[3].as_bytes(), b"\n"].concat();
    std::fs::write(&path, bytes).unwrap();
    assert!(Run::read(&path).unwrap_err().to_string().contains("a-run.jsonl:2: "));
}

#[test]
fn a_file_that_does_not_begin_with_a_header_is_refused() {
    check_refused(&lines()[1..], 1, "header");
    check_refused(&["noise".to_owned()], 1, "not the header of a run");
    check_refused(&[format!("{{\"kind\":\"end\",\"schema\":{SCHEMA}}}")], 1, "a run begins with its header");
}

#[test]
fn a_second_header_is_refused() {
    let mut lines = lines();
    lines.insert(2, lines[0].clone());
    check_refused(&lines, 3, "a second header");
}

#[test]
fn rows_after_the_end_are_refused() {
    for line in 0..4 {
        let mut lines = lines();
        lines.push(lines[line].clone());
        check_refused(&lines, 5, "after the end");
    }
}

#[test]
fn a_newer_schema_is_told_from_damage_even_with_fields_of_its_own() {
    let newer = SCHEMA + 1;
    let mut lines = lines();
    let sound = format!("\"schema\":{SCHEMA},");
    lines[0] = with_field(&lines[0].replacen(&sound, &format!("\"schema\":{newer},"), 1), "\"environment\":{");
    lines[2] = "{\"kind\":\"whatever comes then\"}".to_owned();
    let error = read(&lines).unwrap_err();
    assert!(error.is_newer_schema() && !error.is_damaged());
    let message = error.to_string();
    assert!(message.contains(&format!("changed.jsonl:1: schema {newer} is newer than schema {SCHEMA}")), "{message}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_cause() {
    let error = Run::read(Path::new("/nowhere/a-run.jsonl")).unwrap_err();
    assert!(!error.is_damaged() && !error.is_newer_schema());
    assert_eq!(error.to_string(), "/nowhere/a-run.jsonl: No such file or directory (os error 2)");
    // The cause is in the message already, and would be printed twice by whoever prints the chain.
    assert!(std::error::Error::source(&error).is_none());
}
