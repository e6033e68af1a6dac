//! One process by itself: started, counted, waited for with a deadline, and never outliving its parent.
//!
//! After `Lib/multiprocessing/process.py`. [`Process::start`] forks a closure; a [`Context`] starts a registered function by any method, also
//! from a process with threads. What a parent owes its children at its end is told at [`finish_children`].

mod arrived;
mod context;
pub(crate) mod daemon;
mod family;
mod life;
mod sentinels;

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use bincode::Decode;

use crate::codec::{self, Items};
use crate::error::{Error, Kind};
use crate::frame;
use crate::function::Leaving;
use crate::meter::{Counts, SLOT_BYTES, WorkerReport};
use crate::queue::AtExit;
use crate::start::{LOST, Started};
use crate::sys::pid::{Child, Status, kill_unwatched};
use crate::sys::shared::{Shared, set_current_slot};
use crate::sys::{fd, fork, live};
use crate::waiting;

pub(crate) use arrived::arrived_process;
pub use arrived::{Handed, Setting};
pub use context::{Context, Options};
pub use family::{ActiveChild, active_children, current_name, finish_children};
use life::Life;
pub use sentinels::wait;

/// What a forked process may go on using. All other descriptors are closed in it, so that no pipe stays open unnoticed: see
/// [`Process::start`], "Descriptors".
pub trait Inherited {
    /// The descriptors that stay open in the child.
    fn descriptors(&self) -> Vec<BorrowedFd<'_>>;
}

/// A process, as CPython's `multiprocessing.Process`. `O` is what its function returns; a forked closure has an exit code and no more.
///
/// It ends by itself, or is ended by [`terminate`](Self::terminate) or [`kill`](Self::kill), or with its parent. Dropping it
/// kills it and reaps it; [`detach`](Self::detach) leaves it to [`finish_children`]. What it counted ([`meter`](crate::meter)) is known once
/// it was joined, even if it was killed.
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
pub struct Process<O = NoOutput> {
    life: Arc<Life>,
    /// Where its function leaves what it returned, and the function's name.
    output: Option<(File, &'static str)>,
    kind: PhantomData<fn() -> O>,
}

/// What a forked closure returns besides its exit code: nothing.
#[derive(Debug)]
pub enum NoOutput {}

impl Process {
    /// Forks a process that runs `body` and exits with the code it returns; with 1 if it panics; with the code of [`leave`] if it leaves.
    ///
    /// # Descriptors
    /// Before `body` begins, the child closes every descriptor but standard output and error and those of `inherits`, also those that a
    /// value still owns: a file, a socket, a queue that was not listed. **`body` must neither use nor drop such a value**: its number
    /// means nothing in the child, or soon another descriptor. So list it, or open it inside `body`; and let `body` borrow what it
    /// uses, so that it drops nothing of its parent's. A [`Semaphore`](crate::Semaphore), [`SharedBlocks`](crate::SharedBlocks) or a
    /// [`SharedArray`](crate::SharedArray) works by its memory, which stays: it may be used, and not dropped, without being listed.
    ///
    /// # Queues
    /// When `body` has come to its end, also by a panic, the process waits for its queues' feeders: see [`Queue`](crate::Queue), "The end".
    ///
    /// # Threads
    /// The process ends when `body` returns, by `_exit`: threads that `body` has started and not joined end with it. CPython waits for those
    /// that are not daemons; here `std::thread::scope` says the same in `body` itself.
    ///
    /// # Errors
    /// If this process has more than one thread, holds a part of an array or a block ([`Error::is_fork_refused`]), is daemonic
    /// ([`Error::is_daemonic`]), or the system refuses.
    pub fn start(inherits: &[&dyn Inherited], body: impl FnOnce() -> i32) -> Result<Self, Error> {
        Options::new().fork(inherits, body)
    }

    fn forked(options: Options, inherits: &[&dyn Inherited], body: impl FnOnce() -> i32) -> Result<Self, Error> {
        may_fork()?;
        fork::keep_ended_children();
        let (name, identity) = family::name_child(options.name);
        let slot = Arc::new(Shared::create(SLOT_BYTES).map_err(Error::io("making room for counts"))?);
        let (ours, theirs) = lifeline()?;
        let mut keep: Vec<RawFd> =
            inherits.iter().flat_map(|thing| thing.descriptors()).map(|descriptor| descriptor.as_raw_fd()).collect();
        keep.extend([theirs.as_raw_fd(), slot.fd().as_raw_fd()]);
        let pid = fork::child(&keep, || {
            // Kept for the rest of the child's life: it counts in it to the end.
            let slot: &'static Arc<Shared> = Box::leak(Box::new(Arc::clone(&slot)));
            set_current_slot(slot.at(0));
            daemon::be(options.daemon);
            family::be(&name, &identity);
            fork::ignore_interrupt();
            let _queues = AtExit;
            if fd::die_with(&theirs).is_err() { LOST } else { unwound(body) }
        });
        let child = pid.and_then(adopt).map_err(Error::io("forking a process"))?;
        let life = Life::new(Started::own(child, None, ours), slot, name, options.daemon, None);
        Ok(Self::of(life, None))
    }
}

impl<O> Process<O> {
    fn of(life: Life, output: Option<(File, &'static str)>) -> Self {
        let life = Arc::new(life);
        family::add(&life);
        Self { life, output, kind: PhantomData }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.life.started().pid()
    }

    /// Its name: the one it was given, or `Process-N`, and below that `Process-N:M`, as in CPython.
    pub fn name(&self) -> &str {
        self.life.name()
    }

    /// Whether it is daemonic: it may have no children, and [`finish_children`] ends it without waiting for its own end.
    pub fn is_daemon(&self) -> bool {
        self.life.is_daemon()
    }

    /// Readable once it has ended; for [`wait`], or any `poll`. Of a child of a fork server also readable once that server is gone: it is ended by
    /// whoever asks for its status next.
    pub fn sentinel(&self) -> BorrowedFd<'_> {
        self.life.started().exit_event()
    }

    /// How it ended; none while it runs.
    ///
    /// # Errors
    /// If the system cannot tell.
    pub fn exit_status(&self) -> Result<Option<Status>, Error> {
        self.life.started().peek().map_err(Error::io("asking for a process"))
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// If the system cannot tell.
    pub fn is_alive(&self) -> Result<bool, Error> {
        Ok(self.exit_status()?.is_none())
    }

    /// What it has counted so far. Exact once it has ended.
    pub fn counts(&self) -> Counts {
        self.life.counts()
    }

    /// Waits for its end, for at most `limit`, and reports what it counted and used.
    ///
    /// # Errors
    /// If it still runs then. It goes on running.
    pub fn join(&mut self, limit: Duration) -> Result<WorkerReport, Error> {
        self.life.join(limit)
    }

    /// Lets go of a process that has ended (CPython's `close`). One that still runs comes back.
    ///
    /// # Errors
    /// The process itself, if it still runs, or the system cannot tell.
    pub fn close(self) -> Result<WorkerReport, Self> {
        match self.life.join(Duration::ZERO) {
            Ok(report) => Ok(report),
            Err(_) => Err(self),
        }
    }

    /// Leaves it running, to be ended or waited for by [`finish_children`]. If that is never called it ends with this process.
    pub fn detach(self) {
        family::keep(self.life);
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.life.started().signal(libc::SIGTERM);
    }

    /// Sends SIGKILL.
    pub fn kill(&self) {
        self.life.started().kill();
    }
}

impl<O: Decode<()>> Process<O> {
    /// Waits for its end, for at most `limit`, and tells what its function returned. What that is lies in a file without a name until then:
    /// a process that has a lot to tell ends without waiting for a reader.
    ///
    /// # Errors
    /// If it still runs then ([`Error::is_deadline`]); if the function panicked ([`Error::is_task_failed`]); if the process died, or left with a
    /// code; if its server is gone ([`Error::is_status_unknown`]).
    pub fn output(&mut self, limit: Duration) -> Result<O, Error> {
        let report = self.life.join(limit)?;
        let (pid, status) = (report.pid, report.status);
        let (file, function) = self.output.as_ref().expect("a process with an output is started with a file for it");
        match status {
            Status::Unknown => return Err(Kind::StatusUnknown { pid }.into()),
            Status::Exited(0 | FAILED) => {}
            _ => return Err(Kind::ChildFailed { pid, status }.into()),
        }
        let mut file = file;
        file.seek(SeekFrom::Start(0)).map_err(Error::io("reading a process's output"))?;
        let failed = || Kind::ChildFailed { pid, status };
        let reply = frame::read(&mut file).ok().flatten().ok_or_else(failed)?;
        let (_, _, _, outcome): (bool, u64, u64, Result<Items<O>, String>) = codec::loads(&reply)?;
        let Items(outputs) = outcome.map_err(|why| Error::from(Kind::TaskFailed { function, why }))?;
        let output = outputs.into_iter().next();
        output.ok_or_else(|| Kind::Decode { what: "a reply", why: "it holds no output".to_owned() }.into())
    }
}

/// Exit code of a process whose body panicked, as of an uncaught exception in CPython.
const FAILED: i32 = 1;

/// Ends the body of the process this is called in, which exits with `code`: CPython's `sys.exit`. Values on the way are dropped.
///
/// Outside the body of a [`Process`] it unwinds like a panic; a worker of a pool answers that its task left with this code.
///
/// ```
/// let caught = std::panic::catch_unwind(|| multiprocess::process::leave(3));
/// assert!(caught.is_err());
/// ```
///
/// # Panics
/// Always, without a message: that is how it leaves.
pub fn leave(code: i32) -> ! {
    resume_unwind(Box::new(Leaving(code)))
}

/// The exit code of a body, however it ends.
fn unwound(body: impl FnOnce() -> i32) -> i32 {
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|panic| panic.downcast_ref().map_or(FAILED, |Leaving(code)| *code))
}

/// Refuses a fork in a daemonic process, while there are other threads, or while this process holds shared numbers.
pub(crate) fn may_fork() -> Result<(), Error> {
    daemon::may_start()?;
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
    waiting::socket_pair().map_err(Error::io("making a socket for a worker"))
}

/// Takes charge of a child; one that cannot be watched is not left alive.
pub(crate) fn adopt(pid: u32) -> std::io::Result<Child> {
    Child::adopt(pid).inspect_err(|_| kill_unwatched(pid))
}
