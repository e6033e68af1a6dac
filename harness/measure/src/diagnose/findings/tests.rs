//! Tests of the rules on observations made by hand.

use super::super::look::Wait;
use super::super::seen::{Ending, Seen};
use super::*;

const S: u64 = 1_000_000_000;

/// A process that was there for all of two seconds.
fn process(pid: u32, parent: u32, cpu_ns: u64) -> Seen {
    let running = cpu_ns * 100 / S;
    let looks = 200;
    Seen {
        pid,
        parent,
        name: "python3".to_owned(),
        last_ns: 2 * S,
        looks,
        running,
        running_threads: running,
        cpu_ns,
        threads: 1,
        threads_ns: vec![cpu_ns],
        waits: [(Wait::PipeRead, looks - running)].into(),
        ..Seen::default()
    }
}

/// A parent and two workers on two cores, that used so much.
fn pool(parent: u64, workers: &[u64]) -> Observation {
    let mut processes = vec![process(10, 1, parent)];
    processes.extend((11..).zip(workers).map(|(pid, cpu)| process(pid, 10, *cpu)));
    Observation {
        ending: Ending::Exited(0),
        wall_ns: 2 * S,
        cpu_ns: 0,
        cores: 2,
        looks: 200,
        still_ns: 0,
        running: vec![0, 0, 200],
        processes,
    }
}

#[track_caller]
fn check(observation: &Observation, fault: Fault, lesson: &str) {
    let found = findings(observation);
    let first = found.first().unwrap_or_else(|| panic!("nothing was found"));
    assert_eq!((first.fault, first.lesson), (fault, lesson), "{found:#?}");
    assert!((0.0..=1.0).contains(&first.share) && !first.figures.is_empty());
}

#[test]
fn workers_that_work_are_well() {
    check(&pool(S / 20, &[2 * S, 2 * S]), Fault::Healthy, "convolution");
}

#[test]
fn one_process_alone_may_be_all_there_is_to_it() {
    check(&Observation { running: vec![0, 200], ..pool(2 * S, &[]) }, Fault::OneProcess, "break_even");
}

#[test]
fn large_messages_are_told_by_their_number_and_direction() {
    let sent = |writes, bytes| {
        let mut seen = pool(S, &[S, S]);
        (seen.processes[0].writes, seen.processes[0].written_bytes) = (writes, bytes);
        seen
    };
    check(&sent(400, 100 << 20), Fault::BytesPerTask, "bound_method");
    check(&sent(4, 400 << 20), Fault::BigArguments, "big_argument");
    let mut back = sent(40, 4_000);
    (back.processes[1].writes, back.processes[1].written_bytes) = (20, 200 << 20);
    check(&back, Fault::BigResults, "big_queue");
}

#[test]
fn many_small_messages_and_a_busy_parent_are_tiny_tasks() {
    let mut seen = pool(S, &[S, S]);
    (seen.processes[0].writes, seen.processes[0].written_bytes) = (30_000, 1_000_000);
    check(&seen, Fault::TinyTasks, "chunksize");
    // The same messages, and a hundred times the work between them.
    seen.processes[0].writes = 300;
    assert!(findings(&seen).iter().all(|finding| finding.fault != Fault::TinyTasks));
}

#[test]
fn processes_that_are_gone_at_once_are_starts() {
    let mut seen = pool(S, &[]);
    seen.processes.extend((20..60).map(|pid| Seen { first_ns: S, last_ns: S + S / 20, ..process(pid, 10, S / 100) }));
    check(&seen, Fault::Starts, "start_cost");
    // A script started them, and executed the program after that.
    seen.processes[0].executed_ns = S + S / 10;
    assert!(findings(&seen).iter().all(|finding| finding.fault != Fault::Starts));
}

#[test]
fn a_worker_with_all_the_work_is_found() {
    check(&Observation { running: vec![0, 190, 10], ..pool(S / 50, &[2 * S, S / 50]) }, Fault::OneWorker, "chunksize");
    check(
        &Observation { running: vec![0, 150, 50], ..pool(S / 50, &[2 * S, S / 9, S / 9, S / 9]) },
        Fault::OneWorker,
        "chunksize",
    );
}

#[test]
fn more_workers_than_cores_are_too_many_only_if_they_want_to_run() {
    let half = S / 2;
    let mut seen = pool(S / 50, &[half; 8]);
    seen.running = vec![0, 0, 0, 0, 0, 0, 0, 10, 190];
    check(&seen, Fault::TooManyWorkers, "pool_size");
    seen.running = vec![0, 10, 190];
    assert!(findings(&seen).iter().all(|finding| finding.fault != Fault::TooManyWorkers));
}

#[test]
fn threads_that_take_turns_hold_an_interpreter_lock() {
    let mut seen = Observation { running: vec![0, 200], ..pool(2 * S, &[]) };
    seen.processes[0].threads_ns = vec![S, S];
    check(&seen, Fault::InterpreterLock, "gil_primes");
    // Two of them run at a time: no lock.
    seen.processes[0].running_threads = 2 * seen.processes[0].running;
    assert!(findings(&seen).iter().all(|finding| finding.fault != Fault::InterpreterLock));
}

#[test]
fn a_server_that_all_ask_is_found() {
    let mut seen = pool(S / 50, &[S, S / 2, S / 2]);
    (seen.processes[1].threads, seen.processes[1].reads, seen.processes[1].writes) = (4, 16_000, 8_000);
    check(&seen, Fault::Server, "shared_state");
}

#[test]
fn who_waits_for_sockets_wants_no_processes() {
    let mut seen = Observation { running: vec![190, 10], ..pool(S / 50, &[S / 50, S / 50]) };
    seen.processes[1].waits = [(Wait::Socket, 190)].into();
    check(&seen, Fault::Waiting, "io_or_cpu");
}

#[test]
fn a_standstill_is_told_by_what_is_waited_for() {
    let mut seen =
        Observation { ending: Ending::Deadline, still_ns: S, running: vec![200], ..pool(S / 50, &[S / 50, S / 50]) };
    check(&seen, Fault::Standstill, "pool_anatomy");
    seen.processes[1].waits = [(Wait::PipeWrite, 190)].into();
    check(&seen, Fault::Standstill, "channels");
    seen.processes[2].waits = [(Wait::OwnLock, 190)].into();
    check(&seen, Fault::ForkTrap, "fork_trap");
    // Whoever ended by itself did not hang.
    seen.ending = Ending::Exited(0);
    assert!(findings(&seen).iter().all(|finding| finding.fault != Fault::ForkTrap));
}

#[test]
fn nothing_seen_is_nothing_found() {
    assert_eq!(findings(&Observation { processes: Vec::new(), ..pool(0, &[]) }), []);
}
