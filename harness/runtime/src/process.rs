//! One worker process: forked, counted, waited for with a deadline, and never outliving its parent.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::error::{Error, Kind};
use crate::meter::{Counts, SLOT_BYTES, Slot, WorkerReport};
use crate::sys::pid::{Child, Status, kill_unwatched};
use crate::sys::shared::{Shared, set_current_slot};
use crate::sys::{fd, fork, live};
use crate::waiting;

/// Exit code of a worker that lost its parent before it began.
const LOST: i32 = 70;

/// What a forked process may go on using. All other descriptors are closed in it, so that no pipe stays open unnoticed: see
/// [`Process::start`], "Descriptors".
pub trait Inherited {
    /// The descriptors that stay open in the child.
    fn descriptors(&self) -> Vec<BorrowedFd<'_>>;
}

/// A forked process, CPython's `multiprocessing.Process` with `fork`: it has a copy of everything its parent has.
///
/// It ends by itself, or is ended by [`terminate`](Self::terminate) or [`kill`](Self::kill), or with its parent. Dropping it
/// kills it and reaps it. What it counted ([`meter`](crate::meter)) is known once it was joined, even if it was killed.
///
/// ```no_run
/// use std::time::Duration;
/// use multiprocess::{Process, Status};
///
/// let mut process = Process::start(&[], || 3).unwrap();
/// let report = process.join(Duration::from_secs(10)).unwrap();
/// assert_eq!(report.status, Status::Exited(3));
/// ```
#[derive(Debug)]
pub struct Process {
    child: Child,
    slot: Arc<Shared>,
    _lifeline: OwnedFd,
}

impl Process {
    /// Forks a process that runs `body` and exits with the code it returns; with 1 if it panics.
    ///
    /// # Descriptors
    /// Before `body` begins, the child closes every descriptor but standard output and error and those of `inherits`, also those that a
    /// value still owns: a file, a socket, a queue that was not listed. **`body` must neither use nor drop such a value**: its number
    /// means nothing in the child, or soon another descriptor. So list it, or open it inside `body`; and let `body` borrow what it
    /// uses, so that it drops nothing of its parent's. A [`Semaphore`](crate::Semaphore), [`SharedBlocks`](crate::SharedBlocks) or a
    /// [`SharedArray`](crate::SharedArray) works by its memory, which stays: it may be used, and not dropped, without being listed.
    ///
    /// # Errors
    /// If this process has more than one thread, holds a part of an array or a block ([`Error::is_fork_refused`]), or the system refuses.
    pub fn start(inherits: &[&dyn Inherited], body: impl FnOnce() -> i32) -> Result<Self, Error> {
        may_fork()?;
        fork::keep_ended_children();
        let slot = Arc::new(Shared::create(SLOT_BYTES).map_err(Error::io("making room for counts"))?);
        let (ours, theirs) = lifeline()?;
        let mut keep: Vec<RawFd> =
            inherits.iter().flat_map(|thing| thing.descriptors()).map(|descriptor| descriptor.as_raw_fd()).collect();
        keep.extend([theirs.as_raw_fd(), slot.fd().as_raw_fd()]);
        let pid = fork::child(&keep, || {
            // Kept for the rest of the child's life: it counts in it to the end.
            let slot: &'static Arc<Shared> = Box::leak(Box::new(Arc::clone(&slot)));
            set_current_slot(slot.at(0));
            fork::ignore_interrupt();
            if fd::die_with(&theirs).is_err() { LOST } else { body() }
        });
        let child = pid.and_then(adopt).map_err(Error::io("forking a process"))?;
        Ok(Self { child, slot, _lifeline: ours })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// How it ended; none while it runs.
    ///
    /// # Errors
    /// If the system cannot tell.
    pub fn exit_status(&self) -> Result<Option<Status>, Error> {
        self.child.peek().map_err(Error::io("asking for a process"))
    }

    /// What it has counted so far. Exact once it has ended.
    pub fn counts(&self) -> Counts {
        self.slot.at::<Slot>(0).counts()
    }

    /// Waits for its end, for at most `limit`, and reports what it counted and used.
    ///
    /// # Errors
    /// If it still runs then. It goes on running.
    pub fn join(&mut self, limit: Duration) -> Result<WorkerReport, Error> {
        let reaped = self.child.wait_until(waiting::after(limit)).map_err(Error::io("waiting for a process"))?;
        let (status, usage) = reaped.ok_or(Kind::Deadline { doing: "waiting for a process to end", limit })?;
        Ok(WorkerReport { pid: self.pid(), status, counts: self.counts(), usage })
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.child.signal(libc::SIGTERM);
    }

    /// Sends SIGKILL.
    pub fn kill(&self) {
        self.child.kill();
    }
}

/// Refuses a fork while there are other threads, or while this process holds shared numbers.
pub(crate) fn may_fork() -> Result<(), Error> {
    match fork::settled_thread_count().map_err(Error::io("counting threads"))? {
        1 => holds_nothing(),
        count => Err(Kind::Threads { count }.into()),
    }
}

/// Refuses a fork while this process holds parts of shared arrays or blocks: a child would have a second right to each of them.
pub(crate) fn holds_nothing() -> Result<(), Error> {
    match live::count() {
        0 => Ok(()),
        count => Err(Kind::Holding { count }.into()),
    }
}

/// A socket whose end a child does not outlive.
pub(crate) fn lifeline() -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
        .map_err(|fault| Error::io("making a socket for a worker")(fault.into()))
}

/// Takes charge of a child; one that cannot be watched is not left alive.
pub(crate) fn adopt(pid: u32) -> std::io::Result<Child> {
    Child::adopt(pid).inspect_err(|_| kill_unwatched(pid))
}
