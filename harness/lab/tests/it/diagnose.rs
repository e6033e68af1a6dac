//! `lab diagnose`: real Python programs that have each fault, each with the lesson to read; and the lesson of this name.

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::house::{House, checkout};
use crate::lab::Lab;
use crate::processes;

/// Whether there is a Python that can run the programs. Without one these tests say so and pass. None is started to find out: it would be taken for
/// something that a `lab` of another test left behind.
fn has_python() -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).any(|folder| folder.join("python3").is_file());
    if !found {
        eprintln!("not testable here: there is no python3");
    }
    found
}

/// How often a program is run at most until its fault is named.
const LOOKS: usize = 3;

fn program(name: &str) -> String {
    checkout().join(format!("harness/lab/tests/it/diagnose/{name}.py")).display().to_string()
}

/// What `lab diagnose --json` says of one of our programs.
#[track_caller]
fn diagnosed_once(name: &str, deadline: &str) -> Value {
    let path = program(name);
    let ended = House::bare().lab(&["diagnose", "--json", "--deadline", deadline, "--", "python3", &path]).check(0);
    assert_eq!(ended.stdout.matches('\n').count(), 1, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

#[track_caller]
fn check(name: &str, fault: &str, lesson: &str) {
    check_until(name, "120", fault, lesson);
}

#[track_caller]
fn check_until(name: &str, deadline: &str, fault: &str, lesson: &str) {
    if !has_python() {
        return;
    }
    // What runs beside it changes what is seen, and tests run beside others: it may be looked at again.
    let is_right = |diagnosed: &Value| {
        let first = &diagnosed["findings"][0];
        first["fault"] == fault && first["lesson"] == lesson
    };
    let mut diagnosed = diagnosed_once(name, deadline);
    for _ in 1..LOOKS {
        if !is_right(&diagnosed) {
            diagnosed = diagnosed_once(name, deadline);
        }
    }
    assert!(is_right(&diagnosed), "{name}: {}", serde_json::to_string_pretty(&diagnosed).unwrap());
    let first = &diagnosed["findings"][0];
    assert!(experiments::lesson(lesson).is_some());
    for other in first["see_also"].as_array().unwrap() {
        assert!(experiments::lesson(other.as_str().unwrap()).is_some(), "{other}");
    }
    assert!(!first["figures"].as_array().unwrap().is_empty());
}

#[test]
fn an_object_that_every_task_carries() {
    check("bound_method", "bytes_per_task", "bound_method");
}

#[test]
fn a_few_large_arguments() {
    check("big_argument", "big_arguments", "big_argument");
}

#[test]
fn large_results() {
    check("big_results", "big_results", "big_queue");
}

#[test]
fn tiny_tasks() {
    check("tiny_tasks", "tiny_tasks", "chunksize");
}

#[test]
fn a_process_for_every_call() {
    check("starts", "starts", "start_cost");
}

#[test]
fn one_worker_with_all_the_work() {
    check("one_worker", "one_worker", "chunksize");
}

#[test]
fn more_workers_than_cores() {
    check("too_many_workers", "too_many_workers", "pool_size");
}

#[test]
fn threads_under_an_interpreter_lock() {
    check("threads", "interpreter_lock", "gil_primes");
}

#[test]
fn a_manager_that_everybody_asks() {
    check("manager", "server", "shared_state");
}

#[test]
fn workers_that_wait_for_a_server() {
    check("waiting", "waiting", "io_or_cpu");
}

#[test]
fn a_lock_held_across_a_fork() {
    check_until("fork_trap", "6", "fork_trap", "fork_trap");
}

#[test]
fn a_pipe_that_is_full_and_never_read() {
    check_until("full_pipe", "6", "standstill", "channels");
}

#[test]
fn a_worker_killed_with_its_task() {
    check_until("lost_worker", "6", "standstill", "pool_anatomy");
}

#[test]
fn a_healthy_pool_and_a_loop() {
    check("healthy", "healthy", "convolution");
    check("one_process", "one_process", "break_even");
}

/// Pool.terminate ends its workers by a signal that `lab` itself has blocked; what the command prints goes to standard error.
#[test]
fn a_command_ends_by_itself_and_its_output_is_kept_apart() {
    let house = House::bare();
    let command = ["diagnose", "--period-ms", "2", "--", "sh", "-c", "sleep 0.2; echo out; echo err >&2; exit 7"];
    let ended = house.lab(&command).check(0);
    assert!(ended.stdout.contains("ended with exit code 7") && ended.stderr.contains("out\nerr\n"), "{ended:?}");
    house.check_tidy();
}

#[test]
fn a_deadline_ends_the_whole_tree() {
    let house = House::bare();
    let ended =
        house.lab(&["diagnose", "--deadline", "1", "--", "sh", "-c", "sleep 100 & setsid sleep 100 & wait"]).check(0);
    assert!(ended.stdout.contains("still ran at the deadline"), "{ended:?}");
}

#[test]
fn an_interrupt_ends_the_whole_tree_and_still_says_what_was_seen() {
    let house = House::bare();
    let mut lab = Lab::start(house.path(), &["diagnose", "--", "sh", "-c", "sleep 100 & sleep 100"]);
    lab.until("both sleep", |_| (processes::descendants().len() >= 3).then_some(()));
    lab.signal(Signal::SIGINT);
    let ended = lab.wait().check(130);
    assert!(ended.stdout.contains("called off"), "{ended:?}");
}

#[test]
fn wrong_calls_are_refused() {
    let house = House::bare();
    assert!(house.lab(&["diagnose", "--", "no-such-program"]).check(2).stderr.contains("no program 'no-such-program'"));
    house.lab(&["diagnose"]).check(2);
    house.lab(&["diagnose", "--deadline", "0", "--", "true"]).check(2);
    house.lab(&["diagnose", "--", &program("healthy")]).check(2);
    let ended = house.lab(&["diagnose", "--", "true"]).check(3);
    assert!(ended.stderr.contains("before it could be looked at") && !ended.stdout.contains("bottleneck"), "{ended:?}");
}

#[test]
fn a_described_workload_has_a_bottleneck_and_a_lesson() {
    let house = House::with_book();
    let reference = checkout().join("results/reference");
    assert!(Path::new(&reference).is_dir());
    for (arguments, lesson) in [
        (["--items=20000", "--item-us=0.1", "--chunksize=1", "--bytes-in=0"], "chunksize"),
        (["--items=2000", "--item-us=1", "--chunksize=1", "--bytes-in=2000000"], "bound_method"),
        (["--items=2", "--item-us=1", "--chunksize=1", "--bytes-in=0"], "start_cost"),
        (["--items=100", "--item-us=100000", "--chunksize=0", "--bytes-in=0"], "convolution"),
    ] {
        let ended = house.lab(&[&["diagnose", "workload", "--workers=2", "--json"], &arguments[..]].concat()).check(0);
        let described: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(described["lesson"], lesson, "{arguments:?}: {described}");
    }
}

/// The lesson: one amount of work whatever its fault, and an observer that is there only where the variant says so.
#[test]
fn the_lesson_gives_one_answer_and_counts_its_messages() {
    for (additions, items, bytes, workers) in [(100_003, 97, 1_000, 2), (0, 1, 0, 1), (7, 3, 1, 5)] {
        let settings = [("additions", additions), ("items", items), ("bytes", bytes), ("workers", workers)];
        let settings: Vec<String> = settings.iter().map(|(name, value)| format!("--set={name}={value}")).collect();
        let mut arguments = vec!["run", "diagnose", "--profile", "quick", "--json"];
        arguments.extend(settings.iter().map(String::as_str));
        let answered = House::bare().lab(&arguments).check(0).answered();
        assert_eq!(answered.variants.len(), 6);
        for row in &answered.variants {
            assert!(row.ok && row.answer.as_deref() == Some(&additions.to_string()), "{row:?}");
            let watched = !["serial", "healthy"].contains(&row.name.as_str());
            assert_eq!(row.facts.contains_key("looks"), watched, "{}", row.name);
        }
        assert_eq!(answered.variant("tiny_tasks").counters.tasks, items);
        assert_eq!(answered.variant("one_worker").counters.tasks, 1);
        assert_eq!(answered.variant("bytes_per_task").counters.tasks, 64);
        assert!(answered.variant("bytes_per_task").processes[0].dumps.bytes >= 64 * bytes);
    }
}
