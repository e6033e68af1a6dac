//! The grid of CPython's `test_deadlock.py` over the executor: an error, an exit and a crash, in each place of a task's way, for each start
//! method; and what is left when the parent itself is killed.
//!
//! An exit or a crash in the parent's own encoding and decoding is the parent's end. There the case is a program of its own, of which nothing may
//! be left, and nobody ends it: this process adopts what it leaves and waits until the last has gone by itself.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Stdio};

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::Status;
use multiprocess::executor::Config;
use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::waitpid;

use super::Case;
use super::executor::{finished, started, submitted, works};
use super::executor_faults::broken;
use super::functions::Endless;
use super::process::until;
use super::robust_functions::{End, Ending, GiveTrap, Place, TakeTrap, Trap};
use super::robust_pool::SOON;

/// Makes this binary the [`program`].
pub(super) const PROGRAM: &str = "CASES_EXECUTOR";

/// Where a task ends badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    TaskEncode,
    TaskDecode,
    Run,
    ResultEncode,
    ResultDecode,
}

use Cell::{ResultDecode, ResultEncode, Run, TaskDecode, TaskEncode};
use End::{Exit, Kill, Panic};

macro_rules! grid {
    ($($method:ident $name:literal),*) => {
        pub(super) const CASES: &[Case] = &[$(
            (concat!("executor_grid_error_in_task_encode_with_", $name), || cell(Panic, TaskEncode, $method)),
            (concat!("executor_grid_error_in_task_decode_with_", $name), || cell(Panic, TaskDecode, $method)),
            (concat!("executor_grid_error_in_run_with_", $name), || cell(Panic, Run, $method)),
            (concat!("executor_grid_error_in_result_encode_with_", $name), || cell(Panic, ResultEncode, $method)),
            (concat!("executor_grid_error_in_result_decode_with_", $name), || cell(Panic, ResultDecode, $method)),
            (concat!("executor_grid_exit_in_task_encode_with_", $name), || parent_ends("exit task", $method)),
            (concat!("executor_grid_exit_in_task_decode_with_", $name), || cell(Exit, TaskDecode, $method)),
            (concat!("executor_grid_exit_in_run_with_", $name), || cell(Exit, Run, $method)),
            (concat!("executor_grid_exit_in_result_encode_with_", $name), || cell(Exit, ResultEncode, $method)),
            (concat!("executor_grid_exit_in_result_decode_with_", $name), || parent_ends("exit result", $method)),
            (concat!("executor_grid_crash_in_task_encode_with_", $name), || parent_ends("crash task", $method)),
            (concat!("executor_grid_crash_in_task_decode_with_", $name), || cell(Kill, TaskDecode, $method)),
            (concat!("executor_grid_crash_in_run_with_", $name), || cell(Kill, Run, $method)),
            (concat!("executor_grid_crash_in_result_encode_with_", $name), || cell(Kill, ResultEncode, $method)),
            (concat!("executor_grid_crash_in_result_decode_with_", $name), || parent_ends("crash result", $method)),
            (concat!("executor_parent_killed_while_busy_with_", $name), || parent_ends("killed busy", $method)),
            (concat!("executor_parent_killed_while_idle_with_", $name), || parent_ends("killed idle", $method)),
        )*];
    };
}
grid!(Fork "fork", ForkServer "forkserver", Spawn "spawn");

/// An error is delivered and costs nothing; an exit and a crash break the executor, with their status.
fn cell(end: End, cell: Cell, method: StartMethod) {
    let executor = started(Config::new(2).start_method(method));
    works(&executor);
    let error = match cell {
        TaskEncode => executor.submit(TakeTrap, Trap(Some((Place::Encode, end)))).unwrap().result(SOON).unwrap_err(),
        TaskDecode => executor.submit(TakeTrap, Trap(Some((Place::Decode, end)))).unwrap().result(SOON).unwrap_err(),
        Run => executor.submit(Ending, end).unwrap().result(SOON).unwrap_err(),
        ResultEncode => executor.submit(GiveTrap, (Place::Encode, end)).unwrap().take(SOON).unwrap_err(),
        ResultDecode => executor.submit(GiveTrap, (Place::Decode, end)).unwrap().take(SOON).unwrap_err(),
    };
    let text = error.to_string();
    let status = match end {
        Panic => {
            let right = match cell {
                TaskEncode => error.is_encode(),
                ResultDecode => error.is_decode(),
                TaskDecode | Run | ResultEncode => error.is_task_failed(),
            };
            assert!(right && text.contains("a bad end"), "{cell:?}: {text}");
            let started = executor.tally().started;
            works(&executor);
            assert!(started <= 2 && executor.tally().failed == 1);
            finished(executor);
            return;
        }
        Exit => Status::Exited(3),
        _ => Status::Signalled(9),
    };
    let expected = if end == Exit { "exited with code 3" } else { "was ended by SIGKILL" };
    assert!(error.is_broken() && !error.is_torn() && text.contains(expected), "{cell:?}: {text}");
    let later: Vec<_> = executor.submit(Ending, End::Well).into_iter().collect();
    assert!(later.is_empty() || broken(&executor, &later, status).is_broken());
    executor.shutdown(true, false);
}

/// Runs the [`program`], and waits until everything that it leaves has ended, without ending any of it.
fn parent_ends(what: &str, method: StartMethod) {
    set_child_subreaper(true).unwrap();
    let mut command = Command::new("/proc/self/exe");
    command.env(PROGRAM, format!("{} {what}", method.name())).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().unwrap();
    let expected = if what.starts_with("exit") { (Some(3), None) } else { (None, Some(9)) };
    assert_eq!((status.code(), status.signal()), expected);
    // Whoever lives on keeps this waiting, until the watchdog of the case ends it.
    let mut adopted = 0;
    loop {
        match waitpid(None, None) {
            Ok(_) => adopted += 1,
            Err(Errno::ECHILD) => break,
            Err(fault) => panic!("{fault}"),
        }
    }
    assert!(adopted <= 4, "three workers and a server at most: {adopted}");
    set_child_subreaper(false).unwrap();
}

/// A program that ends in the middle of its executor's work, as its variable says.
pub(super) fn program(what: &str) -> ExitCode {
    let words: Vec<&str> = what.split(' ').collect();
    let method = StartMethod::ALL.into_iter().find(|method| method.name() == words[0]).unwrap();
    let executor = started(Config::new(3).start_method(method));
    let busy = submitted(&executor, || Endless, 0..2);
    until(|| executor.worker_pids().len() == 2 && busy.iter().all(|future| future.running()));
    let end = if words[1] == "exit" { Exit } else { Kill };
    match words[2] {
        "task" => drop(executor.submit(TakeTrap, Trap(Some((Place::Encode, end)))).unwrap().result(SOON)),
        "result" => drop(executor.submit(GiveTrap, (Place::Decode, end)).unwrap().take(SOON)),
        "busy" => raise(Signal::SIGKILL).unwrap(),
        _ => {
            drop(executor);
            // Another one, for the first was forked before its manager's thread, which is gone by now.
            let executor = started(Config::new(3).start_method(method));
            works(&executor);
            raise(Signal::SIGKILL).unwrap();
        }
    }
    ExitCode::FAILURE
}
