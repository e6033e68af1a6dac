//! Tells a child that hangs from one that works, says what it hangs in, and ends it.
//!
//! A deadline alone is slow and proves nothing. A [`Watchdog`] proves a deadlock within milliseconds where `/proc` lets it: a process with
//! one thread that sleeps in a private futex wait without a timeout can be woken by nobody. Everything else is judged by the deadline.

mod look;
mod report;

use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::error::{Error, Kind};
use crate::sys::fd;
use crate::sys::pid::{self, Status, Usage};
use crate::trap::Child;
use crate::waiting::{self, REAP_WITHIN};
use look::Look;

pub use report::Report;

/// The first pause between two looks; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A lock by its name and where it lies. A forked child has the addresses of its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedLock {
    name: String,
    addresses: Range<usize>,
}

impl NamedLock {
    /// The lock that lies in `value`: the futex of a `Mutex`, an `RwLock` or a `OnceLock` is a part of it.
    pub fn of<T>(name: &str, value: &T) -> Self {
        let start = std::ptr::from_ref(value).addr();
        Self { name: name.to_owned(), addresses: start..start + size_of::<T>() }
    }

    /// The lock whose futex is at this address, as [`futex_awaited_by`] finds it out.
    pub fn at(name: &str, futex: usize) -> Self {
        Self { name: name.to_owned(), addresses: futex..futex + size_of::<u32>() }
    }
}

/// Watches children, one at a time.
#[derive(Clone, Debug)]
pub struct Watchdog {
    deadline: Duration,
    locks: Vec<NamedLock>,
}

/// What became of a watched child. It is not alive any more, and reaped.
#[derive(Clone, Debug)]
pub enum Watched {
    /// It ended by itself.
    Ended {
        /// How.
        status: Status,
        /// What it used.
        usage: Usage,
    },
    /// It hung, and was killed.
    Hung(Report),
}

impl Watched {
    /// The code it ended with; none if a signal ended it, or if it hung.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Ended { status: Status::Exited(code), .. } => Some(*code),
            _ => None,
        }
    }

    /// The report, if it hung.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Hung(report) => Some(report),
            Self::Ended { .. } => None,
        }
    }
}

impl Watchdog {
    /// A watchdog that waits for a child no longer than `deadline`.
    pub fn new(deadline: Duration) -> Self {
        Self { deadline, locks: Vec::new() }
    }

    /// The same with another deadline.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same, knowing one more lock by name.
    #[must_use]
    pub fn knowing(mut self, lock: NamedLock) -> Self {
        self.locks.push(lock);
        self
    }

    /// Waits until the child ends, is proven to hang, or is still there at the deadline. In the last two cases it writes its report, kills
    /// the child and reaps it.
    ///
    /// # Errors
    /// If the child cannot be waited for; it is killed all the same.
    pub fn watch(&self, child: Child) -> Result<Watched, Error> {
        let mut process = child.process;
        let begin = Instant::now();
        let (look, proven) = match self.until_end_or_proof(&process, begin).map_err(Error::io("watching a child"))? {
            None => {
                let (status, usage) = reaped(&mut process)?;
                return Ok(Watched::Ended { status, usage });
            }
            Some(seen) => seen,
        };
        let watched = begin.elapsed();
        // All of it through the pidfd: the signal cannot reach another process, and we reap exactly this one.
        process.kill();
        let ended = reaped(&mut process)?;
        let futex = look.endless_futex();
        let lock = futex.and_then(|address| self.locks.iter().find(|lock| lock.addresses.contains(&address)));
        Ok(Watched::Hung(Report::new(process.pid(), &look, lock, proven, watched, ended)))
    }

    /// The last look and whether it proves a deadlock; none if the process has ended.
    fn until_end_or_proof(&self, process: &pid::Child, begin: Instant) -> std::io::Result<Option<(Look, bool)>> {
        let folder = PathBuf::from(format!("/proc/{}", process.pid()));
        let deadline = waiting::later(begin, self.deadline);
        let (mut pause, mut before) = (FIRST_PAUSE, None);
        loop {
            let until = deadline.min(Instant::now() + pause);
            if fd::wait(&mut [(process.exit_event(), PollFlags::POLLIN)], Some(until))?[0] {
                return Ok(None);
            }
            let look = Look::at(&folder);
            let proven = before.is_some_and(|before| look.is_stuck_since(&before));
            if proven || Instant::now() >= deadline {
                return Ok(Some((look, proven)));
            }
            // A look that may be the first half of a proof is followed by the second at once.
            pause = if look.endless_futex().is_some() { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            before = Some(look);
        }
    }
}

fn reaped(process: &mut pid::Child) -> Result<(Status, Usage), Error> {
    let reaped = process.wait_until(Instant::now() + REAP_WITHIN).map_err(Error::io("waiting for a child"))?;
    reaped.ok_or_else(|| Kind::Deadline { doing: "ending a child", limit: REAP_WITHIN }.into())
}

/// The address of the private futex that a thread of this process waits for without a timeout, once it does; none if it does not within
/// `limit`, or if `/proc` does not tell.
///
/// So a lock that hides its place, as that of standard error does, is found: let one thread hold it and look what another one, which
/// wants it, waits for. `thread` is what [`this_thread`] says there.
///
/// ```
/// use std::sync::{Mutex, mpsc};
/// use multiprocess::watchdog::{futex_awaited_by, this_thread};
///
/// let lock = Mutex::new(());
/// let futex = std::thread::scope(|scope| {
///     let held = lock.lock().unwrap();
///     let (tell, told) = mpsc::channel();
///     let wanted = &lock;
///     scope.spawn(move || {
///         tell.send(this_thread()).unwrap();
///         drop(wanted.lock());
///     });
///     let futex = futex_awaited_by(told.recv().unwrap(), std::time::Duration::from_secs(10));
///     drop(held);
///     futex
/// });
/// // In a sandbox that hides /proc/self/task/TID/syscall there is none.
/// assert!(futex.is_none_or(|futex| futex == std::ptr::from_ref(&lock).addr()));
/// ```
pub fn futex_awaited_by(thread: u32, limit: Duration) -> Option<usize> {
    let folder = PathBuf::from(format!("/proc/self/task/{thread}"));
    let deadline = waiting::after(limit);
    let mut before = None;
    while Instant::now() < deadline {
        let look = Look::at(&folder);
        let futex = look.endless_futex();
        if futex.is_some() && before.as_ref() == Some(&look) {
            return futex;
        }
        // A wait that is over soon is not the one that is meant: it has to last for two looks.
        before = Some(look);
        std::thread::park_timeout(FIRST_PAUSE);
    }
    None
}

/// The kernel's number of the calling thread, as in `/proc/self/task`.
pub fn this_thread() -> u32 {
    nix::unistd::gettid().as_raw().cast_unsigned()
}
