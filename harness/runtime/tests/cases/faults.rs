//! What goes wrong, and what the pool must say about it.

use std::process::{Command, ExitCode};
use std::time::Duration;

use multiprocess::StartMethod::{self, Fork, Spawn};
use multiprocess::classic::{Chunksize, Config, Pool};
use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

use super::Case;
use super::functions::{
    Armed, Bomb, Bytes, Endless, Explosive, Fragile, Garbled, Killed, NoWay, Refusing, Square, Stumble, Unheard,
    Unlucky,
};
use super::pool::squares;

/// Makes this binary the [`forgetful_program`].
pub(super) const FORGET: &str = "CASES_FORGET_INIT";

/// Workers of the case in which the parent is killed.
pub(super) const BUSY_WORKERS: usize = 3;

/// Run apart from the others, because it does not end by itself.
pub(super) const PARENT_KILLED: Case = ("workers_die_with_a_killed_parent", parent_is_killed);

pub(super) const CASES: &[Case] = &[
    ("a_panic_comes_back_and_the_worker_stays", panic_comes_back),
    ("a_panic_while_a_result_is_encoded_comes_back", panic_in_a_worker_s_encoding),
    ("a_panic_while_an_argument_is_encoded_is_that_task_s_error", panic_while_an_argument_is_encoded),
    ("a_panic_while_a_result_is_decoded_is_that_task_s_error", panic_while_a_result_is_decoded),
    ("finishing_after_a_death_names_the_worker_that_died_first", finish_after_a_death),
    ("a_program_that_ignores_sigchld_still_learns_of_a_death", death_with_sigchld_ignored),
    ("a_worker_killed_in_a_task_is_named", killed_in_a_task_is_named),
    ("an_idle_worker_killed_is_named", idle_worker_killed_is_named),
    ("a_worker_killed_at_any_moment_never_hangs_the_pool", killed_at_any_moment),
    ("an_initializer_that_panics_ends_the_pool_with_fork", || initializer_panics(Fork)),
    ("an_initializer_that_panics_ends_the_pool_with_spawn", || initializer_panics(Spawn)),
    ("an_unregistered_function_is_an_error_value", unregistered_function),
    ("an_argument_that_cannot_be_encoded_is_an_error_value", argument_cannot_be_encoded),
    ("a_result_that_cannot_be_decoded_is_an_error_value", result_cannot_be_decoded),
    ("a_task_without_end_reaches_the_deadline", deadline_is_reached),
    ("a_program_that_forgets_init_is_refused", forgotten_init_is_refused),
    PARENT_KILLED,
];

fn panic_comes_back() {
    let pool = Pool::start(Config::new(2)).unwrap();
    let pids = pool.worker_pids();
    for _ in 0..20 {
        let error = pool.map(Unlucky, (0..20).collect(), Chunksize::from(1)).unwrap_err();
        assert!(error.is_task_failed() && error.to_string().contains("thirteen"), "{error}");
    }
    squares(&pool, 100, 0);
    assert_eq!(pids, pool.worker_pids());
    pool.finish().unwrap();
}

fn panic_in_a_worker_s_encoding() {
    let pool = Pool::start(Config::new(2)).unwrap();
    let error = pool.map(Explosive, vec![1, 2, 3], Chunksize::from(1)).unwrap_err();
    assert!(error.is_task_failed() && error.to_string().contains("a bomb going out"), "{error}");
    squares(&pool, 100, 0);
    pool.finish().unwrap();
}

fn panic_while_an_argument_is_encoded() {
    let pool = Pool::start(Config::new(2)).unwrap();
    for _ in 0..20 {
        let error = pool.map(Armed, vec![Bomb], Chunksize::from(1)).unwrap_err();
        assert!(error.is_encode() && error.to_string().contains("a bomb going out"), "{error}");
    }
    squares(&pool, 100, 1);
    pool.finish().unwrap();
}

fn panic_while_a_result_is_decoded() {
    let pool = Pool::start(Config::new(2)).unwrap();
    for _ in 0..20 {
        let error = pool.map(Fragile, vec![1], Chunksize::from(1)).unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("a bomb coming in"), "{error}");
    }
    squares(&pool, 100, 1);
    pool.finish().unwrap();
}

fn finish_after_a_death() {
    for victim in 0..2 {
        let pool = Pool::start(Config::new(2)).unwrap();
        squares(&pool, 10, 0);
        let pid = pool.worker_pids()[victim];
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
        let error = pool.finish().unwrap_err();
        assert_eq!(error.worker_pid(), Some(pid), "{error}");
    }
}

fn death_with_sigchld_ignored() {
    let script = "trap '' CHLD; exec \"$0\" --case a_worker_killed_in_a_task_is_named";
    let output = Command::new("sh").args(["-c", script]).arg(std::env::current_exe().unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn killed_in_a_task_is_named() {
    let pool = Pool::start(Config::new(2)).unwrap();
    let error = pool.map(Killed, (0..20).collect(), Chunksize::from(1)).unwrap_err();
    assert!(error.is_worker_died() && error.to_string().contains("SIGKILL"), "{error}");
    assert!(pool.worker_pids().contains(&error.worker_pid().unwrap()));
    // The pool has said why it is done for, and says it again.
    assert!(pool.map(Square, vec![1], Chunksize::Automatic).unwrap_err().is_worker_died());
}

fn idle_worker_killed_is_named() {
    for victim in 0..2 {
        let pool = Pool::start(Config::new(2)).unwrap();
        squares(&pool, 10, 0);
        let pid = pool.worker_pids()[victim];
        kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
        let error = pool.map(Endless, vec![1, 2, 3], Chunksize::from(1)).unwrap_err();
        assert_eq!(error.worker_pid(), Some(pid), "{error}");
    }
}

/// The kill falls wherever it falls: in a read under the lock, in a task, in the middle of a large reply.
fn killed_at_any_moment() {
    for round in 0..20_u64 {
        let pool = Pool::start(Config::new(2)).unwrap();
        let pid = Pid::from_raw(pool.worker_pids()[0].cast_signed());
        let killer = std::thread::spawn(move || {
            // The length of the wait is the round's own and spent on the processor, to vary the moment.
            for step in 0..round * 200_000 {
                std::hint::black_box(step);
            }
            kill(pid, Signal::SIGKILL).unwrap();
        });
        let outcome = pool.map(Bytes, vec![1_000_000; 2_000], Chunksize::from(1));
        killer.join().unwrap();
        let error = outcome.err().or_else(|| pool.finish().err()).expect("a worker was killed");
        assert!(error.is_worker_died(), "round {round}: {error}");
    }
}

fn initializer_panics(method: StartMethod) {
    // With spawn the death may be noticed while the next worker is being started, or later.
    let error = match Pool::start_with(Config::new(2).start_method(method), Stumble) {
        Ok(pool) => pool.map(Square, vec![1], Chunksize::Automatic).unwrap_err(),
        Err(error) => error,
    };
    assert!(error.is_worker_died() && error.to_string().contains("code 1"), "{error}");
}

fn unregistered_function() {
    let pool = Pool::start(Config::new(1)).unwrap();
    let error = pool.map(Unheard, vec![1], Chunksize::Automatic).unwrap_err();
    assert!(error.to_string().contains("'cases::Unheard'"), "{error}");
    squares(&pool, 10, 0);
    pool.finish().unwrap();
}

fn argument_cannot_be_encoded() {
    let pool = Pool::start(Config::new(1)).unwrap();
    let error = pool.map(Refusing, vec![NoWay, NoWay], Chunksize::from(1)).unwrap_err();
    assert!(error.to_string().contains("no way"), "{error}");
    squares(&pool, 10, 0);
    pool.finish().unwrap();
}

fn result_cannot_be_decoded() {
    let pool = Pool::start(Config::new(1)).unwrap();
    for _ in 0..20 {
        let error = pool.map(Garbled, vec![1, 2], Chunksize::from(1)).unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("one way only"), "{error}");
    }
    squares(&pool, 10, 0);
    pool.finish().unwrap();
}

fn deadline_is_reached() {
    let pool = Pool::start(Config::new(2).deadline(Duration::from_millis(200))).unwrap();
    let error = pool.map(Endless, vec![1], Chunksize::Automatic).unwrap_err();
    assert!(error.is_deadline(), "{error}");
}

fn forgotten_init_is_refused() {
    let output = Command::new("/proc/self/exe").env(FORGET, "1").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("its main does not begin with multiprocess::init()"), "{said}");
    assert!(said.contains("exited with code 3"), "{said}");
    assert_eq!(said.lines().count(), 2, "one worker, which started none of its own: {said}");
}

/// A program whose main does not begin with `init`: it is its own worker, which goes on to start a pool of its own.
pub(super) fn forgetful_program() -> ExitCode {
    let outcome = Pool::start(Config::new(1).start_method(Spawn))
        .and_then(|pool| pool.map(Square, vec![1], Chunksize::Automatic));
    eprintln!("{}", outcome.unwrap_err());
    ExitCode::from(3)
}

/// Processor time of a process in user mode, in clock ticks: field 14 of `/proc/PID/stat` (proc(5)).
pub(super) fn user_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let after_name = &stat[stat.rfind(')').unwrap() + 2..];
    after_name.split(' ').nth(11).unwrap().parse().unwrap()
}

fn parent_is_killed() {
    let pool = Pool::start(Config::new(BUSY_WORKERS)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| pool.map(Endless, vec![1; BUSY_WORKERS], Chunksize::from(1)));
        // What a worker does before its first task takes far less processor time than this; once all have used it, all are busy.
        while !pool.worker_pids().iter().all(|pid| user_ticks(*pid) >= 5) {
            std::thread::yield_now();
        }
        raise(Signal::SIGKILL).unwrap();
    });
}
