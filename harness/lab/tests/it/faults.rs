//! Bad luck in mid-run: a row that says what happened, the other variants unharmed, and no process left.

use nix::sys::signal::Signal;

use crate::house::House;
use crate::lab::{Ended, Lab};
use crate::processes::Process;

/// A small loop, and a pool that crosses its cache so often that it cannot be done before it is disturbed.
const ENDLESS: [&str; 6] = ["--set", "cache_entries=16384", "--set", "items=50000", "--set", "chunksize=1"];

/// Far longer than the test may take to disturb the pool and to hear of it.
const FAR_DEADLINE: &str = "3600";

/// Runs `variants` with two workers, and calls `disturb` once both of a pool's workers are at work.
#[track_caller]
fn disturbed(variants: &[&str], deadline: &str, disturb: impl FnOnce(&Process, &[Process])) -> (Ended, Vec<i32>) {
    let house = House::bare();
    let own = ["--json", "--set", "workers=2", "--deadline", deadline];
    let mut lab = Lab::start(house.path(), &[&["run", "bound_method"], variants, &ENDLESS, &own].concat());
    let (subject, workers) = lab.until("two workers are busy", |lab| lab.busy_workers(2));
    disturb(&subject, &workers);
    let ended = lab.wait();
    house.check_tidy();
    (ended, [subject.pid].into_iter().chain(workers.iter().map(|worker| worker.pid)).collect())
}

/// The error of the one row there is, once it is clear that nothing is left.
#[track_caller]
fn error(ended: Ended) -> String {
    let mut answered = ended.check(1).answered();
    assert_eq!(answered.variants.len(), 1);
    let row = answered.variants.remove(0);
    assert!(!row.ok && row.answer.is_none() && row.elapsed_ns.is_none(), "{row:?}");
    row.error.unwrap()
}

#[track_caller]
fn check_killed_worker_is_named(variant: &str, victim: usize) {
    let (ended, pids) = disturbed(&[variant], FAR_DEADLINE, |_, workers| workers[victim].signal(Signal::SIGKILL));
    let error = error(ended);
    assert!(error.contains(&format!("worker {} ", pids[victim + 1])) && error.contains("SIGKILL"), "{error}");
}

#[test]
fn the_first_forked_worker_killed_is_named_long_before_the_deadline() {
    check_killed_worker_is_named("pool_bound_method", 0);
}

#[test]
fn the_second_forked_worker_killed_is_named_long_before_the_deadline() {
    check_killed_worker_is_named("pool_bound_method", 1);
}

#[test]
fn a_spawned_worker_killed_is_named_long_before_the_deadline() {
    check_killed_worker_is_named("pool_bound_method_spawn", 0);
}

#[test]
fn all_workers_killed_at_once_are_no_hang() {
    let (ended, pids) = disturbed(&["pool_bound_method"], FAR_DEADLINE, |_, workers| {
        workers.iter().for_each(|worker| worker.signal(Signal::SIGKILL));
    });
    let error = error(ended);
    assert!(pids[1..].iter().any(|pid| error.contains(&format!("worker {pid} "))), "{error}");
}

#[test]
fn a_stopped_subject_is_killed_at_its_deadline_with_its_workers() {
    let (ended, pids) = disturbed(&["pool_bound_method"], "10", |subject, _| subject.signal(Signal::SIGSTOP));
    let error = error(ended);
    assert!(error.contains("killed at its deadline of 10s") && !error.contains("hung"), "{error}");
    assert!(error.contains(&format!("{} T ", pids[0])), "the stopped one is named: {error}");
    for worker in &pids[1..] {
        assert!(error.contains(&format!("{worker} ")), "every process is listed: {error}");
    }
}

#[test]
fn a_pool_with_a_stopped_worker_ends_at_the_deadline() {
    let (ended, pids) =
        disturbed(&["pool_bound_method"], "10", |_, workers| workers.iter().for_each(|w| w.signal(Signal::SIGSTOP)));
    let error = error(ended);
    assert!(error.contains("killed at its deadline") && error.contains(&format!("{} T ", pids[1])), "{error}");
}

#[test]
fn a_killed_subject_is_a_row_and_its_workers_are_gone() {
    let (ended, _) = disturbed(&["pool_bound_method"], FAR_DEADLINE, |subject, _| subject.signal(Signal::SIGKILL));
    let error = error(ended);
    assert!(error.contains("the subject ") && error.contains("SIGKILL"), "{error}");
}

#[test]
fn the_variants_after_a_failed_one_still_run() {
    let variants = ["serial", "pool_bound_method", "threads"];
    let (ended, _) = disturbed(&variants, FAR_DEADLINE, |subject, _| subject.signal(Signal::SIGKILL));
    let answered = ended.check(1).answered();
    let ok: Vec<(&str, bool)> = answered.variants.iter().map(|row| (row.name.as_str(), row.ok)).collect();
    assert_eq!(ok, [("serial", true), ("pool_bound_method", false), ("threads", true)]);
}

#[test]
fn a_deadline_that_passes_is_a_row_and_not_a_gap() {
    let (ended, pids) = disturbed(&["pool_bound_method"], "10", |_, _| {});
    let error = error(ended);
    assert!(error.contains("killed at its deadline of 10s") && !error.contains("hung"), "{error}");
    assert!(error.contains(&pids[0].to_string()), "{error}");
}
