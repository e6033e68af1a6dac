//! The fork server: its children, their ends, and its own.

use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use multiprocess::forkserver::ForkServer;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::functions::{Bytes, Endless, Killed, Square, Unheard, Unlucky};
use super::watchdog::settle;

pub(super) const CASES: &[Case] = &[
    ("a_fork_server_forks_a_child_per_request", forks_on_request),
    ("a_fork_server_serves_a_process_with_threads", serves_threads),
    ("children_of_a_fork_server_run_at_the_same_time", at_the_same_time),
    ("a_large_reply_of_a_fork_server_s_child_arrives_whole", large_reply),
    ("a_panic_in_a_fork_server_s_child_comes_back", panic_comes_back),
    ("a_fork_server_s_child_that_is_killed_is_named_with_its_signal", killed_child),
    ("a_fork_server_s_child_without_end_is_ended_at_its_deadline", deadline),
    ("a_killed_fork_server_leaves_no_child_and_claims_no_status", killed_server),
    ("a_fork_server_that_is_dropped_takes_its_children_along", dropped_server),
    ("an_unregistered_function_is_refused_by_a_fork_server_s_child", unregistered),
    ("a_child_that_ends_while_it_is_joined_is_not_called_failed", ends_while_joined),
    ("a_fork_server_without_room_for_descriptors_refuses_and_lives", no_room_for_descriptors),
];

const PATIENT: Duration = Duration::from_secs(30);

fn forks_on_request() {
    let server = ForkServer::start().unwrap();
    let mut pids = std::collections::BTreeSet::new();
    for item in 0..50 {
        let child = server.run(&Square, item, PATIENT).unwrap();
        pids.insert(child.pid());
        assert_eq!(child.join().unwrap(), item * item);
    }
    assert!(pids.len() > 1 && !pids.contains(&server.pid()) && !pids.contains(&std::process::id()));
}

fn serves_threads() {
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || released.recv().unwrap_err());
        let server = ForkServer::start().unwrap();
        assert_eq!(server.run(&Square, 9, PATIENT).unwrap().join().unwrap(), 81);
        drop(release);
    });
    settle();
}

fn at_the_same_time() {
    let server = ForkServer::start().unwrap();
    let mut squares = std::collections::BTreeSet::new();
    let children: Vec<_> = (0..10).map(|item| server.run(&Square, item, PATIENT).unwrap()).collect();
    // The last first: none of them waits for another.
    for child in children.into_iter().rev() {
        squares.insert(child.join().unwrap());
    }
    assert_eq!(squares, (0..10).map(|item| item * item).collect());
}

fn large_reply() {
    let server = ForkServer::start().unwrap();
    let bytes = server.run(&Bytes, 5_000_000, PATIENT).unwrap().join().unwrap();
    assert_eq!(bytes.len(), 5_000_000);
}

fn panic_comes_back() {
    let server = ForkServer::start().unwrap();
    let error = server.run(&Unlucky, 13, PATIENT).unwrap().join().unwrap_err();
    assert!(error.is_task_failed() && error.to_string().contains("thirteen"), "{error}");
    assert_eq!(server.run(&Square, 3, PATIENT).unwrap().join().unwrap(), 9);
}

fn killed_child() {
    let server = ForkServer::start().unwrap();
    for _ in 0..10 {
        let error = server.run(&Killed, 13, PATIENT).unwrap().join().unwrap_err();
        assert!(error.to_string().contains("SIGKILL"), "{error}");
    }
    assert_eq!(server.run(&Square, 3, PATIENT).unwrap().join().unwrap(), 9);
}

fn deadline() {
    let server = ForkServer::start().unwrap();
    let child = server.run(&Endless, 1, Duration::from_millis(100)).unwrap();
    let pid = Pid::from_raw(child.pid().cast_signed());
    assert!(child.join().unwrap_err().is_deadline());
    gone(pid);
}

/// Fault 18 of the matrix: CPython reports exit code 255 of a child that lives on.
fn killed_server() {
    // The orphans become ours to reap.
    nix::sys::prctl::set_child_subreaper(true).unwrap();
    let server = ForkServer::start().unwrap();
    let children: Vec<_> = (0..3).map(|_| server.run(&Endless, 1, PATIENT).unwrap()).collect();
    kill(Pid::from_raw(server.pid().cast_signed()), Signal::SIGKILL).unwrap();
    for child in children {
        let pid = Pid::from_raw(child.pid().cast_signed());
        let error = child.join().unwrap_err();
        assert!(error.is_status_unknown() && error.to_string().contains(&pid.to_string()), "{error}");
        // Killed by then, and nobody's zombie but ours, as soon as its server is through with dying.
        super::process::until(|| nix::sys::wait::waitpid(pid, None).is_ok());
    }
    assert!(server.run(&Square, 3, PATIENT).unwrap_err().is_server_died());
}

fn dropped_server() {
    let server = ForkServer::start().unwrap();
    let child = server.run(&Endless, 1, PATIENT).unwrap();
    let pid = Pid::from_raw(child.pid().cast_signed());
    let begin = Instant::now();
    drop(server);
    gone(pid);
    assert!(begin.elapsed() < PATIENT);
    let error = child.join().unwrap_err();
    assert!(error.to_string().contains("SIGKILL") || error.is_status_unknown(), "{error}");
}

fn unregistered() {
    let server = ForkServer::start().unwrap();
    let error = server.run(&Unheard, 1, PATIENT).unwrap().join().unwrap_err();
    assert!(error.to_string().contains("'cases::Unheard'"), "{error}");
}

/// The child answers and ends at any moment of the join's only look, or before.
fn ends_while_joined() {
    let server = ForkServer::start().unwrap();
    for item in 0..300 {
        let child = server.run(&Square, item, PATIENT).unwrap();
        if item % 3 == 0 {
            gone(Pid::from_raw(child.pid().cast_signed()));
        }
        assert_eq!(child.join().unwrap(), item * item);
    }
}

fn no_room_for_descriptors() {
    // The server's limit alone, so from outside, by the tool of util-linux.
    let server = ForkServer::start().unwrap();
    assert_eq!(server.run(&Square, 3, PATIENT).unwrap().join().unwrap(), 9);
    let limit = |room: &str| {
        let (pid, room) = (format!("--pid={}", server.pid()), format!("--nofile={room}:"));
        Command::new("prlimit").args([pid, room]).status().is_ok_and(|status| status.success())
    };
    if !limit("16") {
        return eprintln!("no prlimit(1) here: this case shows nothing");
    }
    let mut children = Vec::new();
    let refused = loop {
        match server.run(&Endless, 1, PATIENT) {
            Ok(child) => children.push(child),
            Err(refused) => break refused,
        }
    };
    assert!(!children.is_empty() && refused.to_string().contains("could not fork"), "{refused}");
    for child in &children {
        kill(Pid::from_raw(child.pid().cast_signed()), None).unwrap();
    }
    drop(children);
    assert_eq!(server.run(&Square, 4, PATIENT).unwrap().join().unwrap(), 16);
}

/// Waits until no process has this pid, which the server reaps soon after it ended.
fn gone(pid: Pid) {
    let begin = Instant::now();
    while kill(pid, None).is_ok() {
        assert!(begin.elapsed() < PATIENT, "{pid} is still there");
        std::thread::yield_now();
    }
}
