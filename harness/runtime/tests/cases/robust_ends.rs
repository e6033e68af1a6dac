//! The end of a pool's parent, by a signal, while workers are busy and idle: nobody is left.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::pool::{Config, Workers};
use multiprocess::{Process, Status};
use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::Case;
use super::robust_functions::{End, Ending, Work};
use super::robust_pool::{finished, squares, started};

pub(super) const CASES: &[Case] = &[
    ("robust_workers_end_with_a_killed_parent_with_fork", || killed_parent(Fork)),
    ("robust_workers_end_with_a_killed_parent_with_forkserver", || killed_parent(ForkServer)),
    ("robust_workers_end_with_a_killed_parent_with_spawn", || killed_parent(Spawn)),
    ("robust_an_interrupt_of_the_group_ends_parent_and_workers", interrupted_group),
    ("robust_an_interrupt_that_the_parent_ignores_costs_nothing", ignored_interrupt),
];

/// Not a case by itself: a program that waits for its end, with a worker that is busy and one that is idle.
pub(super) const WAITING_PARENT: Case = ("robust_waiting_parent", || wait_for_the_end(Fork, || {}));

/// Far longer than anybody needs to end.
const WATCHDOG: Duration = Duration::from_secs(30);

/// Waits until this process has no child left, and tells how those that were left to it ended, and how long that took.
pub(super) fn reap_all() -> (Vec<WaitStatus>, Duration) {
    let begin = Instant::now();
    let mut ended = Vec::new();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {
                assert!(begin.elapsed() < WATCHDOG, "somebody lives on; these ended: {ended:?}")
            }
            Ok(status) => ended.push(status),
            Err(Errno::ECHILD) => return (ended, begin.elapsed()),
            Err(fault) => panic!("{fault}"),
        }
    }
}

/// Processor time of a process in user mode, in clock ticks: field 14 of `/proc/PID/stat` (proc(5)).
fn user_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat[stat.rfind(')').unwrap() + 2..].split(' ').nth(11).unwrap().parse().unwrap()
}

fn wait_for_the_end(method: StartMethod, when_busy: impl Fn() + Send) {
    let pool = started(Config::new(2).start_method(method));
    squares(&pool, 10, 1);
    let busy = pool.submit(Ending, End::Never).unwrap();
    while !pool.worker_pids().into_iter().any(|pid| user_ticks(pid) >= 3) {}
    when_busy();
    busy.get(WATCHDOG).unwrap();
}

pub(super) fn killed_parent(method: StartMethod) {
    set_child_subreaper(true).unwrap();
    let mut parent = Process::start(&[], || {
        wait_for_the_end(method, || raise(Signal::SIGKILL).unwrap());
        0
    })
    .unwrap();
    assert_eq!(parent.join(WATCHDOG).unwrap().status, Status::Signalled(9));
    let (ended, _) = reap_all();
    // Their lifelines end them by SIGIO, or the server that forked them ends them and leaves.
    for status in ended {
        assert!(
            matches!(status, WaitStatus::Signaled(_, Signal::SIGIO, _) | WaitStatus::Exited(_, 0)),
            "nobody else ended them: {status:?}"
        );
    }
    set_child_subreaper(false).unwrap();
}

fn interrupted_group() {
    set_child_subreaper(true).unwrap();
    let mut command = Command::new("/proc/self/exe");
    command.args(["--case", WAITING_PARENT.0]).process_group(0);
    let mut parent = command.spawn().unwrap();
    let group = Pid::from_raw(parent.id().cast_signed());
    // The zygote and two workers, of which one is busy.
    let busy = |pid: &u32| user_ticks(*pid) >= 3;
    while !descendants(parent.id()).iter().any(busy) {}
    nix::sys::signal::killpg(group, Signal::SIGINT).unwrap();
    let status = parent.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(2));
    let (ended, _) = reap_all();
    assert!(!ended.iter().any(|status| matches!(status, WaitStatus::Signaled(_, Signal::SIGINT, _))), "{ended:?}");
    set_child_subreaper(false).unwrap();
}

/// The children of a process and theirs.
fn descendants(pid: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let children: Vec<u32> = children.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    children.iter().copied().chain(children.iter().flat_map(|child| descendants(*child))).collect()
}

/// A process of the library ignores SIGINT, and so does its whole group here: the pool in it goes on.
fn ignored_interrupt() {
    let mut parent = Process::start(&[], || {
        nix::unistd::setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
        let pool = started(Config::new(2));
        let interrupts = std::thread::scope(|scope| {
            let map = scope.spawn(|| pool.map(Work, vec![200; 500], 1).unwrap());
            let mut interrupts = 0_u64;
            while !map.is_finished() {
                kill(Pid::from_raw(0), Signal::SIGINT).unwrap();
                interrupts += 1;
            }
            assert_eq!(map.join().unwrap(), vec![200; 500]);
            interrupts
        });
        assert!(interrupts > 0);
        let records = finished(pool);
        i32::from(records.len() != 2 || records.iter().any(|record| record.worker.status != Status::Exited(0)))
    })
    .unwrap();
    assert_eq!(parent.join(WATCHDOG).unwrap().status, Status::Exited(0));
}
