//! Ctrl-C and its relatives: everything ends in order, and what was recorded so far reads back.

use nix::sys::signal::Signal;
use record::Run;

use crate::house::House;
use crate::lab::Lab;

/// A pool that crosses its cache so often that it cannot be done before it is interrupted.
const ENDLESS: [&str; 8] = [
    "run",
    "bound_method",
    "pool_bound_method",
    "--json",
    "--set=cache_entries=16384",
    "--set=items=50000",
    "--set=chunksize=1",
    "--set=workers=2",
];

const BENCH: [&str; 6] = ["bench", "bound_method", "--profile", "quick", "--seed", "7"];

/// A moment in the life of a `lab`.
type Moment = fn(&Lab) -> Option<()>;

#[track_caller]
fn check_run_ends(signal: Signal, code: i32, moment: Moment) {
    let house = House::bare();
    let mut lab = Lab::start(house.path(), &ENDLESS);
    lab.until("the moment to interrupt it", moment);
    lab.signal(signal);
    let ended = lab.wait().check(code);
    assert_eq!(ended.stdout, "", "half an answer is none");
    assert!(ended.stderr.contains(&format!("interrupted by signal {}", signal as i32)), "{ended:?}");
    house.check_tidy();
}

#[test]
fn a_run_interrupted_at_its_first_subject_leaves_nothing() {
    check_run_ends(Signal::SIGINT, 130, |lab| lab.subject().map(drop));
}

#[test]
fn a_run_interrupted_while_workers_work_leaves_nothing() {
    check_run_ends(Signal::SIGINT, 130, |lab| lab.busy_workers(2).map(drop));
}

#[test]
fn a_run_that_is_told_to_end_leaves_nothing() {
    check_run_ends(Signal::SIGTERM, 143, |lab| lab.busy_workers(2).map(drop));
}

#[test]
fn a_run_whose_terminal_goes_leaves_nothing() {
    check_run_ends(Signal::SIGHUP, 129, |lab| lab.busy_workers(2).map(drop));
}

/// Starts a benchmark, and sends it `signal` once `rows` subjects are recorded and another one runs.
#[track_caller]
fn bench_disturbed(house: &House, signal: Signal, rows: usize) -> Lab {
    let mut lab = Lab::start(house.path(), &BENCH);
    lab.until("enough rows are recorded", |lab| {
        let (_, lines) = house.run_so_far()?;
        // The first line is the header.
        (lines > rows && lab.subject().is_some()).then_some(())
    });
    lab.signal(signal);
    lab
}

/// Demands that the one recorded run reads back with at least `rows` subjects and no end.
#[track_caller]
fn check_record(house: &House, rows: usize) -> Run {
    let runs = house.runs();
    assert_eq!(runs.len(), 1, "{runs:?}");
    let run = Run::read(&runs[0]).unwrap();
    assert!(run.subjects.len() >= rows && run.end.is_none(), "{} rows, {:?}", run.subjects.len(), run.end);
    assert!(run.subjects.iter().all(|row| row.result.ok), "an interrupted subject is no row");
    run
}

#[track_caller]
fn check_bench_ends(signal: Signal, code: i32, rows: usize) {
    let house = House::with_book();
    let ended = bench_disturbed(&house, signal, rows).wait().check(code);
    assert!(ended.stdout.contains("recorded in "), "{ended:?}");
    check_record(&house, rows);
    house.check_tidy();
}

/// If nothing was measured there is nothing to keep, and no file that says so; a row that got in before the signal is kept.
#[test]
fn a_benchmark_interrupted_at_its_first_subject_keeps_what_there_is() {
    let house = House::with_book();
    let mut lab = Lab::start(house.path(), &BENCH);
    lab.until("its first subject", |lab| lab.subject().map(drop));
    lab.signal(Signal::SIGINT);
    let ended = lab.wait().check(130);
    assert_eq!(ended.stdout.contains("recorded in "), !house.runs().is_empty(), "{ended:?}");
    house.check_tidy();
}

#[test]
fn a_benchmark_interrupted_in_its_warm_up_keeps_its_rows() {
    check_bench_ends(Signal::SIGINT, 130, 2);
}

#[test]
fn a_benchmark_interrupted_in_a_block_keeps_its_rows() {
    check_bench_ends(Signal::SIGINT, 130, 9);
}

#[test]
fn a_benchmark_that_is_told_to_end_keeps_its_rows() {
    check_bench_ends(Signal::SIGTERM, 143, 5);
}

/// Subjects die with the `lab` that ordered them, workers with their subject, whoever is left to notice.
#[test]
fn a_benchmark_killed_at_any_moment_leaves_no_process_and_a_record_that_reads() {
    for rows in [1, 2, 3, 4, 5, 6, 9, 13, 18, 24] {
        let house = House::with_book();
        let lab = bench_disturbed(&house, Signal::SIGKILL, rows);
        lab.wait_for_those_below();
        let ended = lab.wait().check_nothing_left();
        assert_eq!(ended.signalled(), Some(9), "{ended:?}");
        check_record(&house, rows);
        house.check_tidy();
    }
}

#[test]
fn a_run_killed_while_workers_work_leaves_no_process() {
    let house = House::bare();
    let mut lab = Lab::start(house.path(), &ENDLESS);
    lab.until("two workers are busy", |lab| lab.busy_workers(2));
    lab.signal(Signal::SIGKILL);
    lab.wait_for_those_below();
    assert_eq!(lab.wait().check_nothing_left().signalled(), Some(9));
}

/// More rows than the first round of the limits has, which is one drawn order of all of them.
const DRAWN: usize = 24;

/// The order of the blocks follows from the seed alone, so that a record can be made again.
#[test]
fn the_same_seed_draws_the_same_blocks_and_another_seed_others() {
    let blocks = |seed: &str| {
        let house = House::with_book();
        let mut lab = Lab::start(house.path(), &[&BENCH[..4], &["--seed", seed]].concat());
        lab.until("enough rows", |_| (house.run_so_far()?.1 > DRAWN).then_some(()));
        lab.signal(Signal::SIGINT);
        lab.wait().check(130);
        let run = check_record(&house, DRAWN);
        assert_eq!(run.header.seed.to_string(), seed);
        run.subjects.into_iter().take(DRAWN).map(|row| row.block).collect::<Vec<_>>()
    };
    let first = blocks("7");
    assert_eq!(first, blocks("7"));
    assert_ne!(first, blocks("8"));
}
