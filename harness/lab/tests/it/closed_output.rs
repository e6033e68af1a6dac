//! Nobody listens any more, or the disk is full: no panic, and nothing but the output is lost.

use std::fs::File;
use std::process::Stdio;

use nix::sys::signal::Signal;
use record::Run;

use crate::house::House;
use crate::lab::{Ended, Lab};

/// The writing end of a pipe that nobody reads, as after `lab list | head -0`.
fn closed_pipe() -> Stdio {
    let (_reader, writer) = std::io::pipe().unwrap();
    writer.into()
}

#[track_caller]
fn to_closed_pipe(house: &House, arguments: &[&str]) -> Ended {
    Lab::start_with(house.path(), arguments, closed_pipe()).wait().check(0)
}

#[test]
fn a_closed_pipe_is_no_error() {
    let house = House::bare();
    let run = ["run", "bound_method", "serial", "--set", "items=97", "--set", "cache_entries=64"];
    let commands: [&[&str]; 8] = [
        &["list"],
        &["list", "--json"],
        &["claims"],
        &["claims", "--json"],
        &run,
        &[&run[..], &["--json"]].concat(),
        &["--help"],
        &["--version"],
    ];
    for command in commands {
        let ended = to_closed_pipe(&house, command);
        assert_eq!(ended.stderr, "", "{command:?}");
    }
}

#[test]
fn the_book_is_built_even_if_nobody_hears_where() {
    let house = House::with_book();
    to_closed_pipe(&house, &["book"]);
    assert!(house.path().join("book/html/index.html").is_file());
}

/// Starts a benchmark that nobody listens to, and interrupts it once `rows` subjects are recorded.
#[track_caller]
fn check_unheard_benchmark(rows: usize) {
    let house = House::with_book();
    let mut lab = Lab::start_with(house.path(), &["bench", "bound_method", "--profile", "quick"], closed_pipe());
    lab.until("enough rows", |_| (house.run_so_far()?.1 > rows).then_some(()));
    lab.signal(Signal::SIGINT);
    lab.wait().check(130);
    assert!(Run::read(&house.runs()[0]).unwrap().subjects.len() >= rows);
}

#[test]
fn an_unheard_benchmark_that_is_interrupted_ends_in_order() {
    check_unheard_benchmark(1);
}

/// Criterion has things to say once a variant is measured, here after eleven blocks.
#[test]
fn an_unheard_benchmark_goes_on_after_its_first_variant() {
    check_unheard_benchmark(4 * 11 + 2);
}

#[test]
fn a_full_disk_under_standard_output_is_an_error_that_says_so() {
    for command in [["list"].as_slice(), &["list", "--json"], &["claims", "--json"], &["book"]] {
        let house = House::with_book();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let ended = Lab::start_with(house.path(), command, full.into()).wait().check(1);
        assert!(ended.stderr.contains("No space left on device"), "{command:?}: {ended:?}");
    }
}
