//! Calls that start nothing: wrong ones, each with a message that names what is wrong and what is allowed; hints; handouts.

use std::fs;

use crate::{House, NAME};

#[track_caller]
fn check_refused(arguments: &[&str], message: &[&str]) {
    let ended = House::with("").run(arguments);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{}", ended.stderr);
    for part in message {
        assert!(ended.stderr.contains(part), "'{part}' is missing in: {}", ended.stderr);
    }
}

#[test]
fn a_wrong_value_is_named_with_what_is_allowed() {
    check_refused(&["grade", "bound_method_cash"], &["'bound_method_cash'", NAME, "bound_method"]);
    check_refused(
        &["grade", "--format", "xml"],
        &["'xml'", "--format", "text, json, gradescope, classroom50, autolab, junit"],
    );
    check_refused(&["grade", "--submission", "/nowhere/at/all"], &["/nowhere/at/all", "--submission", "lab handout"]);
    check_refused(&["grade", "--out", "/nowhere/at/all.json"], &["--out /nowhere/at/all.json", "a file in a folder"]);
    check_refused(&["grade", "--class", "/nowhere/at/all"], &["--class /nowhere/at/all"]);
    check_refused(&["grade", "--submission", "/", "--previous", "/nowhere/at/all"], &["--previous /nowhere/at/all"]);
    check_refused(&["grade", "--watch", "--list"], &["--watch", "--list"]);
    check_refused(&["hint", "bound_method_cash"], &["'bound_method_cash'", NAME]);
    check_refused(&["hint", NAME, "--level", "4"], &["'4'", "--level", "1..=3"]);
    check_refused(&["handout", "--for", "moodle"], &["'moodle'", "students, gradescope, classroom50, ci"]);
    check_refused(&["handout", "--only", "nothing"], &["'nothing'", NAME]);
    check_refused(&["handout", "--for", "ci", "--with-solutions"], &["--with-solutions", "students"]);
    check_refused(&["--root", "/tmp/nowhere", "grade"], &["--root"]);
}

#[test]
fn what_was_handed_in_but_is_no_archive_is_refused() {
    let house = House::with("fn main() {}");
    let file = house.file();
    let ended = house.run(&["grade", NAME, "--submission", file.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("neither a folder nor a zip archive"), "{}", ended.stderr);
}

#[test]
fn hints_come_one_after_the_other() {
    let house = House::with("");
    let folder = house.submission.path().to_str().unwrap();
    for number in [1, 2, 3, 3] {
        let ended = house.run(&["hint", NAME, "--submission", folder]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.starts_with(&format!("hint {number} of 3: ")), "{}", ended.stdout);
    }
}

#[test]
fn a_handout_leaves_what_was_changed_and_says_so() {
    let house = House::with("");
    let folder = house.scratch.path().join("handout");
    let call = ["handout", folder.to_str().unwrap(), "--only", "bound_method"];
    assert_eq!(house.run(&call).code, Some(0));
    let file = folder.join(format!("exercises/bound_method/{NAME}.rs"));
    fs::write(&file, "// mine").unwrap();
    let again = house.run(&call);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.contains(&format!("left as it is, because it was changed: exercises/bound_method/{NAME}.rs")));
    assert_eq!(fs::read_to_string(&file).unwrap(), "// mine");
}

#[test]
fn an_archive_is_made_once() {
    let house = House::with("");
    let archive = house.scratch.path().join("kit.zip");
    let call = ["handout", "--for", "gradescope", "--zip", archive.to_str().unwrap()];
    assert_eq!(house.run(&call).code, Some(0));
    let again = house.run(&call);
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    assert!(again.stderr.contains("it is there already"), "{}", again.stderr);
}
