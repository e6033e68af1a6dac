//! Graders that are called off or killed: what they wrote is whole, and nothing of them is left. And one that watches until it is called off.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::{House, NAME, end, endless, schema, source, wait_for};

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a grader at work")), signal).expect("a grader at work");
}

/// The processes that were started with this folder for what they leave: keepers, and submissions.
fn processes_in(scratch: &Path) -> usize {
    let entries = fs::read_dir("/proc").expect("a grader at work").flatten();
    let folders = entries.filter_map(|entry| fs::read_link(entry.path().join("cwd")).ok());
    folders.filter(|folder| folder.starts_with(scratch)).count()
}

/// A grader at an endless submission, at the moment when that runs.
fn busy(house: &House, out: &Path) -> Child {
    let submission = house.submission.path().to_str().expect("a grader at work");
    let out = out.to_str().expect("a grader at work");
    let child = house.start(&["grade", NAME, "--submission", submission, "--format", "gradescope", "--out", out]);
    wait_for("a running submission", || {
        let check = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("unpickled-grade-");
        let there = fs::read_dir(house.scratch.path()).expect("a grader at work").flatten().any(|entry| check(&entry));
        (there && processes_in(house.scratch.path()) > 0).then_some(())
    });
    child
}

#[track_caller]
fn check_not_to_its_end(out: &Path) {
    let results: Value =
        serde_json::from_str(&fs::read_to_string(out).expect("a grader at work")).expect("a grader at work");
    assert_eq!(schema::fault(&results, &schema::gradescope(), "results"), None);
    assert!(
        results["tests"][0]["output"].as_str().expect("a grader at work").contains("not graded to its end"),
        "{results}"
    );
}

#[test]
fn ctrl_c_leaves_no_process_and_no_folder_and_a_whole_file() {
    let house = House::with(&endless());
    let out = house.submission.path().join("results.json");
    let child = busy(&house, &out);
    send(&child, Signal::SIGINT);
    let ended = end(child);
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert_eq!(processes_in(house.scratch.path()), 0);
    assert_eq!(house.left(), Vec::<std::path::PathBuf>::new());
    check_not_to_its_end(&out);
}

#[test]
fn a_killed_grader_leaves_a_whole_file_and_its_submission_ends() {
    let house = House::with(&endless());
    let out = house.submission.path().join("results.json");
    let mut child = busy(&house, &out);
    send(&child, Signal::SIGKILL);
    child.wait().unwrap();
    check_not_to_its_end(&out);
    wait_for("the end of the submission", || (processes_in(house.scratch.path()) == 0).then_some(()));
}

#[test]
fn a_file_is_graded_when_it_is_saved() {
    let house = House::with("");
    let submission = house.submission.path().to_str().unwrap();
    let mut child = house.start(&["grade", NAME, "--submission", submission, "--watch"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("watching ")));
    house.save(&source().solution());
    assert!(lines.any(|line| line.contains("10 of 10 points")));
    // The same text again is nothing new; another one is.
    house.save(&source().solution());
    house.save(&source().skeleton());
    assert!(lines.any(|line| line.contains("Your best attempt got 10 points.")));
    send(&child, Signal::SIGINT);
    assert_eq!(lines.find(|line| line.contains("of 10 points")), None);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(house.left(), Vec::<std::path::PathBuf>::new());
}
