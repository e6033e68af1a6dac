//! Workers that die holding a lock of the classic pool. CPython's pool, its `terminate` included, waits for ever then.
//!
//! The moments are exact: the case traces a worker (ptrace(2)), stops it at the system call that matters, cuts a write short, and kills it.

use std::ops::ControlFlow;

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::classic::{Chunksize, Doing, Pool, QueueLock};
use multiprocess::{Error, Status};
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::Case;
use super::functions::{Bytes, Square};
use super::pool::squares;
use super::process::until;
use super::replace::replacing;

pub(super) const CASES: &[Case] = &[
    ("idle_workers_killed_one_by_one_with_fork", || idle_workers_killed(Fork)),
    ("idle_workers_killed_one_by_one_with_forkserver", || idle_workers_killed(ForkServer)),
    ("idle_workers_killed_one_by_one_with_spawn", || idle_workers_killed(Spawn)),
    ("all_idle_workers_killed_is_a_lost_read_lock", all_idle_workers_killed),
    #[cfg(target_arch = "x86_64")]
    ("a_reply_torn_at_any_byte_is_a_lost_write_lock", torn_reply),
    #[cfg(target_arch = "x86_64")]
    ("a_task_read_in_half_is_a_lost_read_lock", half_read_task),
];

/// The system call in which a process waits, if it does: `/proc/PID/syscall` (proc(5)).
fn waits_in(pid: u32) -> Option<i64> {
    let line = std::fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap_or_default();
    line.split(' ').next().and_then(|number| number.parse().ok())
}

fn send_kill(pid: u32) {
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}

/// The idle workers: who reads, holding the lock, and who waits for the lock.
pub(super) fn idle(pool: &Pool<()>) -> (u32, Vec<u32>) {
    let pids = pool.worker_pids();
    let asleep = |pid: &u32| waits_in(*pid).is_some_and(|call| [libc::SYS_read, libc::SYS_futex].contains(&call));
    until(|| pids.iter().all(asleep) && pids.iter().any(|pid| waits_in(*pid) == Some(libc::SYS_read)));
    let (readers, waiters): (Vec<_>, Vec<_>) = pids.into_iter().partition(|pid| waits_in(*pid) == Some(libc::SYS_read));
    assert_eq!(readers.len(), 1, "one holds the lock and reads");
    (readers[0], waiters)
}

/// The pool has failed, says by whom, and says it at once from now on; everything ends all the same.
#[track_caller]
fn check_broken(pool: Pool<()>, error: &Error, pid: u32, lock: QueueLock, doing: Doing) {
    let report = error.hang_report().unwrap_or_else(|| panic!("no report: {error}"));
    assert_eq!((report.lock(), report.death().pid), (Some(lock), pid), "{report}");
    assert_eq!((report.death().status, report.death().doing), (Status::Signalled(9), doing), "{report}");
    let again = pool.map(Square, vec![1], Chunksize::from(1)).unwrap_err();
    assert_eq!(again.hang_report().map(|report| (report.lock(), report.death())), Some((Some(lock), report.death())));
    let ended = pool.terminate().unwrap();
    assert_eq!(ended.hangs.iter().map(|hang| (hang.lock(), hang.death().pid)).collect::<Vec<_>>(), [(Some(lock), pid)]);
    assert_eq!(ended.workers.iter().filter(|worker| worker.pid == pid).count(), 1);
}

/// Row 2: one that waits for the lock is replaced, and nothing is lost; the one that holds it takes it with it. CPython loses the lock, too,
/// and so hangs when it is that one.
fn idle_workers_killed(method: StartMethod) {
    for workers in [1, 2, 4] {
        let pool = replacing(workers, method);
        squares(&pool, 20, 1);
        for killed in 1..workers as u64 {
            let (_, waiters) = idle(&pool);
            send_kill(waiters[0]);
            until(|| pool.replaced() == killed && pool.worker_pids().len() == workers);
            squares(&pool, 100, 1);
        }
        let (reader, _) = idle(&pool);
        send_kill(reader);
        let error = pool.map(Square, (0..100).collect(), Chunksize::from(1)).unwrap_err();
        check_broken(pool, &error, reader, QueueLock::Read, Doing::Reading);
    }
}

fn all_idle_workers_killed() {
    for workers in [1, 2, 4] {
        let pool = replacing(workers, Fork);
        squares(&pool, 20, 1);
        let (reader, waiters) = idle(&pool);
        send_kill(reader);
        waiters.into_iter().for_each(send_kill);
        let error = pool.map(Square, (0..100).collect(), Chunksize::from(1)).unwrap_err();
        check_broken(pool, &error, reader, QueueLock::Read, Doing::Reading);
    }
}

/// A worker under trace, stopped.
struct Traced(Pid);

impl Traced {
    /// Takes hold of a worker. Only this thread may go on with it.
    fn attach(pid: u32) -> Self {
        let pid = Pid::from_raw(pid.cast_signed());
        ptrace::attach(pid).unwrap();
        assert!(matches!(waitpid(pid, None).unwrap(), WaitStatus::Stopped(..)));
        ptrace::setoptions(pid, ptrace::Options::PTRACE_O_TRACESYSGOOD).unwrap();
        Self(pid)
    }

    /// Lets it go on until the next entry into or return from a system call.
    fn step(&self) {
        loop {
            ptrace::syscall(self.0, None).unwrap();
            match waitpid(self.0, None).unwrap() {
                WaitStatus::PtraceSyscall(_) => return,
                WaitStatus::Stopped(..) => {}
                other => panic!("the worker ended under trace: {other:?}"),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Traced {
    /// Kills it as soon as `moment` breaks, which is asked with its registers at each entry into a system call and may change them; if it
    /// says so (true), only when that call returns.
    fn kill_at(self, mut moment: impl FnMut(&mut libc::user_regs_struct) -> ControlFlow<bool>) {
        loop {
            // A worker that was stopped inside a call returns from it first: the kernel tells entries by -ENOSYS in the result.
            self.step();
            let mut registers = ptrace::getregs(self.0).unwrap();
            if registers.rax.cast_signed() != -i64::from(libc::ENOSYS) {
                continue;
            }
            let decided = moment(&mut registers);
            ptrace::setregs(self.0, registers).unwrap();
            if let ControlFlow::Break(after) = decided {
                if after {
                    self.step();
                }
                kill(self.0, Signal::SIGKILL).unwrap();
                return;
            }
        }
    }
}

/// Rows 11 and 12: a reply of which only so many bytes are written, none included.
#[cfg(target_arch = "x86_64")]
fn torn_reply() {
    // Four bytes of length, two of flag and job, two of index and outcome, one of count, three of length, and the output.
    let frame = 4 + 2 + 2 + 1 + 3 + 1_000;
    for cut in [0, 1, 2, 3, 4, 5, frame / 2, frame - 1] {
        // One alone, or the other might have done everything before the one under trace gets a task.
        let pool = replacing(1, Fork);
        let (victim, _) = idle(&pool);
        let traced = Traced::attach(victim);
        std::thread::scope(|scope| {
            let map = scope.spawn(|| pool.map(Bytes, vec![1_000; 100], Chunksize::from(1)));
            traced.kill_at(|registers| match registers.orig_rax.cast_signed() {
                libc::SYS_write if registers.rdx == frame => {
                    registers.rdx = cut;
                    ControlFlow::Break(cut > 0)
                }
                _ => ControlFlow::Continue(()),
            });
            map.join().unwrap().map(|outputs| outputs.len())
        })
        .map_or_else(
            |error| check_broken(pool, &error, victim, QueueLock::Write, Doing::Replying),
            |outputs| panic!("cut at {cut}: {outputs} outputs"),
        );
    }
}

/// The length of a task is read, the task is not.
#[cfg(target_arch = "x86_64")]
fn half_read_task() {
    let pool = replacing(2, Fork);
    let (reader, _) = idle(&pool);
    let traced = Traced::attach(reader);
    let error = std::thread::scope(|scope| {
        let map = scope.spawn(|| pool.map(Square, (0..100).collect(), Chunksize::from(1)));
        traced.kill_at(|registers| match registers.orig_rax.cast_signed() {
            libc::SYS_read if registers.rdx != 4 => ControlFlow::Break(false),
            _ => ControlFlow::Continue(()),
        });
        map.join().unwrap().unwrap_err()
    });
    check_broken(pool, &error, reader, QueueLock::Read, Doing::Reading);
}
