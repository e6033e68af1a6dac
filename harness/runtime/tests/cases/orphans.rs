//! Programs that end in the middle, and what they leave behind: nobody.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Instant;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::Status;
use multiprocess::classic::{Callbacks, Chunksize};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::Case;
use super::deadlock::{self, Fault, Step};
use super::faults::user_ticks;
use super::functions::Endless;
use super::lost_locks::idle;
use super::pool::squares;
use super::process::{LONG, until};
use super::replace::replacing;

/// Makes this binary one of the programs, by its description.
pub(super) const PROGRAM: &str = "CASES_ORPHANS";

/// How many workers the programs have.
const WORKERS: usize = 3;

macro_rules! killed {
    ($($name:literal $method:ident $state:ident $signal:ident),* $(,)?) => {
        pub(super) const CASES: &[Case] = &[$(($name, || {
            nobody_outlives(&Program::Ended($method, State::$state, Signal::$signal), Status::Signalled(Signal::$signal as i32));
        })),*];
    };
}

killed! {
    "nobody_outlives_a_parent_killed_busy_with_fork" Fork Busy SIGKILL,
    "nobody_outlives_a_parent_killed_idle_with_fork" Fork Idle SIGKILL,
    "nobody_outlives_a_parent_killed_busy_with_forkserver" ForkServer Busy SIGKILL,
    "nobody_outlives_a_parent_killed_idle_with_forkserver" ForkServer Idle SIGKILL,
    "nobody_outlives_a_parent_killed_busy_with_spawn" Spawn Busy SIGKILL,
    "nobody_outlives_a_parent_killed_idle_with_spawn" Spawn Idle SIGKILL,
    "nobody_outlives_a_group_interrupted_busy_with_fork" Fork Busy SIGINT,
    "nobody_outlives_a_group_interrupted_busy_with_forkserver" ForkServer Busy SIGINT,
    "nobody_outlives_a_group_interrupted_busy_with_spawn" Spawn Busy SIGINT,
}

/// What a pool is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Busy,
    Idle,
}

/// A program that ends in the middle.
#[derive(Clone, Copy, Debug)]
pub(super) enum Program {
    /// By a fault of the grid.
    Grid(Step, Fault, StartMethod),
    /// By a signal; SIGINT goes to its whole group, as Ctrl-C does.
    Ended(StartMethod, State, Signal),
}

/// Every program there is: a new one finds itself here by its description.
fn programs() -> impl Iterator<Item = Program> {
    StartMethod::ALL.into_iter().flat_map(|method| {
        let grid = [Step::TaskEncode, Step::ResultDecode].into_iter().flat_map(move |step| {
            [Fault::Exit, Fault::Crash].into_iter().map(move |fault| Program::Grid(step, fault, method))
        });
        let ended = [State::Busy, State::Idle].into_iter().flat_map(move |state| {
            [Signal::SIGKILL, Signal::SIGINT].into_iter().map(move |signal| Program::Ended(method, state, signal))
        });
        grid.chain(ended)
    })
}

/// The main of a program.
pub(super) fn run(description: &str) {
    match programs().find(|program| format!("{program:?}") == description).expect("a program that is known") {
        Program::Grid(step, fault, method) => deadlock::happen_in_parent(step, fault, method),
        Program::Ended(method, state, signal) => be_ended(method, state, signal),
    }
}

fn be_ended(method: StartMethod, state: State, signal: Signal) {
    let pool = replacing(WORKERS, method);
    squares(&pool, 100, 1);
    // One of them is a replacement, so that a zygote's child is among those that must not stay.
    let (_, waiters) = idle(&pool);
    kill(Pid::from_raw(waiters[0].cast_signed()), Signal::SIGKILL).unwrap();
    until(|| pool.replaced() == 1 && pool.worker_pids().len() == WORKERS);
    let _busy = (state == State::Busy).then(|| {
        let result = pool.map_async(Endless, vec![1; WORKERS], Chunksize::from(1), Callbacks::none());
        // What a worker does before its first task takes far less processor time than this; once all have used it, all are busy.
        until(|| result.is_err() || pool.worker_pids().iter().all(|pid| user_ticks(*pid) >= 5));
        result
    });
    match signal {
        Signal::SIGINT => kill(Pid::from_raw(0), signal).unwrap(),
        _ => raise(signal).unwrap(),
    }
}

/// Runs a program to its end, and then waits, as the one who inherits orphans, until there is nobody left. It kills nobody.
#[expect(clippy::zombie_processes, reason = "it is waited for as everybody else is")]
pub(super) fn nobody_outlives(program: &Program, status: Status) {
    nix::sys::prctl::set_child_subreaper(true).unwrap();
    let mut command = Command::new("/proc/self/exe");
    command.env(PROGRAM, format!("{program:?}"));
    let main = command.process_group(0).spawn().unwrap();
    let main = Pid::from_raw(main.id().cast_signed());
    let deadline = Instant::now() + LONG;
    let mut ended = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {
                assert!(Instant::now() < deadline, "{program:?}: somebody is left; the program: {ended:?}");
                std::thread::yield_now();
            }
            Ok(WaitStatus::Exited(pid, code)) if pid == main => ended = Some(Status::Exited(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == main => ended = Some(Status::Signalled(signal as i32)),
            Ok(_) => {}
            Err(Errno::ECHILD) => break,
            Err(fault) => panic!("{fault}"),
        }
    }
    nix::sys::prctl::set_child_subreaper(false).unwrap();
    assert_eq!(ended, Some(status), "{program:?}");
}
