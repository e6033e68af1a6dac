//! A run of another machine among the runs of this one: it is read, it is never taken for ours, and it speaks only where nothing else does.

use std::path::PathBuf;

use serde_json::Value;

use crate::claims::{small_answers, verdicts, write_run};
use crate::house::House;
use crate::lab::Answered;
use crate::rows;

const OTHER: &str = "a run of another machine (Another CPU, 96 cores, 0 GiB)";

/// A run that somebody else sent, newer than any of ours.
fn write_foreign_run(house: &House, answers: &Answered) -> PathBuf {
    rows::change(&write_run(house, "a-foreign-run", answers, true), |run| {
        run.header.started = "2031-01-01T00:00:00Z".to_owned();
        let environment = &mut run.header.environment;
        (environment.cpu, environment.cores, environment.memory_bytes) = ("Another CPU".to_owned(), 96, 0);
    })
}

fn sources(house: &House) -> Value {
    let printed: Value = serde_json::from_str(&house.lab(&["claims", "--json"]).check(0).stdout).unwrap();
    printed["lessons"].clone()
}

#[test]
fn it_speaks_where_nothing_else_does_and_is_called_what_it_is() {
    let house = House::bare();
    write_foreign_run(&house, &small_answers());
    assert!(verdicts(&house, &[]).iter().all(|(_, run)| run == "a-foreign-run"));
    let said = house.lab(&["claims"]).check(0).stdout;
    assert!(said.contains(&format!("from {OTHER}: a-foreign-run\n")), "{said}");
    assert!(!said.contains("a run of this machine"), "{said}");
    let source = &sources(&house)[0];
    assert_eq!((&source["elsewhere"], &source["reference"]), (&true.into(), &false.into()));
    assert_eq!(source["machine"], "Another CPU, 96 cores, 0 GiB");
}

#[test]
fn a_run_of_this_machine_speaks_before_it_although_it_is_older() {
    let house = House::bare();
    let answers = small_answers();
    write_foreign_run(&house, &answers);
    write_run(&house, "a-run-of-ours", &answers, true);
    assert!(verdicts(&house, &[]).iter().all(|(_, run)| run == "a-run-of-ours"));
    assert_eq!(sources(&house)[0]["elsewhere"], false);
    let named = house.lab(&["claims", "--run", "a-foreign-run"]).check(0).stdout;
    assert!(named.contains(OTHER), "{named}");
}

#[test]
fn a_reference_speaks_before_it_too() {
    let house = House::bare();
    let answers = small_answers();
    let reference = write_run(&house, "a-reference", &answers, true);
    let folder = house.path().join("results/reference");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::rename(reference, folder.join("a-reference.jsonl")).unwrap();
    write_foreign_run(&house, &answers);
    assert!(verdicts(&house, &[]).iter().all(|(_, run)| run == "a-reference"));
    let said = house.lab(&["claims"]).check(0).stdout;
    assert!(said.contains("from a committed reference: a-reference"), "{said}");
}

#[test]
fn a_reference_that_was_made_elsewhere_says_where() {
    let house = House::bare();
    let foreign = write_foreign_run(&house, &small_answers());
    let folder = house.path().join("results/reference");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::rename(foreign, folder.join("a-foreign-run.jsonl")).unwrap();
    let said = house.lab(&["claims"]).check(0).stdout;
    assert!(said.contains("a committed reference of another machine (Another CPU, 96 cores, 0 GiB)"), "{said}");
}

#[test]
fn the_book_says_whose_run_it_shows() {
    let house = House::with_book();
    std::fs::remove_dir_all(house.path().join("results/reference")).unwrap();
    write_foreign_run(&house, &small_answers());
    house.lab(&["book"]).check(0);
    let page = std::fs::read_to_string(house.path().join("book/html/bound_method.html")).unwrap();
    assert!(page.contains("another machine's run: Another CPU, 96 cores, 0 GiB"));
    assert!(!page.contains("this machine's run"));
}
