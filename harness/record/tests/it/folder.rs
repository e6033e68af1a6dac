//! The folder of runs: nothing in it is replaced, nothing is left behind in it, and other files in it do not matter.

use std::path::Path;

use record::{Recorder, Run};

use crate::samples::{header, subject, write_run};

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder of the test");
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("an entry of it").file_name();
    let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_missing_folder_holds_no_runs() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Run::read_all(&folder.path().join("results")).unwrap(), []);
    assert_eq!(Run::read_all(folder.path()).unwrap(), []);
}

#[test]
fn the_folder_is_made_where_it_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("results/local");
    write_run(&deep, "a-run", 1);
    assert_eq!(names(&deep), ["a-run.jsonl"]);
}

#[test]
fn runs_are_listed_by_name_and_other_files_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    for id in ["2026-02", "2025-12", "2026-01"] {
        write_run(folder.path(), id, 1);
    }
    for other in ["README.md", ".gitignore", ".2026-03.77.partial", "jsonl"] {
        std::fs::write(folder.path().join(other), "not a run").unwrap();
    }
    let runs = Run::read_all(folder.path()).unwrap();
    let found: Vec<_> = runs.iter().map(|(path, run)| (path.clone(), run.header.id.as_str())).collect();
    let expected = ["2025-12", "2026-01", "2026-02"].map(|id| (folder.path().join(format!("{id}.jsonl")), id));
    assert_eq!(found, expected);
}

#[test]
fn one_damaged_run_in_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), "2026-01", 1);
    std::fs::write(folder.path().join("2026-02.jsonl"), "noise\n").unwrap();
    let message = Run::read_all(folder.path()).unwrap_err().to_string();
    assert!(message.contains("2026-02.jsonl:1: "), "{message}");
}

#[test]
fn a_run_that_exists_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_run(folder.path(), "a-run", 2);
    let before = std::fs::read(&path).unwrap();
    let error = Recorder::create(folder.path(), &header("a-run")).unwrap_err();
    assert!(error.to_string().contains("a-run.jsonl"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_run_that_is_being_written_is_not_replaced_either() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::create(folder.path(), &header("a-run")).unwrap();
    Recorder::create(folder.path(), &header("a-run")).unwrap_err();
    recorder.subject(&subject(5)).unwrap();
    assert_eq!(Run::read(recorder.path()).unwrap().subjects, [subject(5)]);
}

#[test]
fn no_partial_file_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(folder.path(), &header("a-run")).unwrap();
    assert_eq!(names(folder.path()), ["a-run.jsonl"], "once it is made");
    Recorder::create(folder.path(), &header("a-run")).unwrap_err();
    assert_eq!(names(folder.path()), ["a-run.jsonl"], "once it is refused");
    drop(recorder);
    assert_eq!(names(folder.path()), ["a-run.jsonl"], "once it is given up");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results");
    std::fs::write(&file, "a file where the folder should be").unwrap();
    let message = Recorder::create(&file, &header("a-run")).unwrap_err().to_string();
    assert!(message.contains("results"), "{message}");
    let message = Run::read_all(&file).unwrap_err().to_string();
    assert!(message.contains("results"), "{message}");
}
