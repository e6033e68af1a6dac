//! Forking as the lesson `fork_trap` needs it: on purpose while other threads exist, and the right way for comparison.
//!
//! A forked child is one thread, the one that forked, in a copy of the whole process. Locks that other threads held are copied locked,
//! and nobody in the child will ever release them. [`fork_despite_threads`] forks all the same; its [`Child`] goes to a
//! [`Watchdog`](crate::watchdog::Watchdog), which tells a child that waits for such a lock from one that works.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use crate::error::Error;
use crate::process::{adopt, holds_nothing, lifeline, may_fork};
use crate::start::LOST;
use crate::sys::pid;
use crate::sys::{fd, fork, live};

/// A forked child, held by pidfd. Dropping it kills and reaps it; it does not outlive this process.
#[derive(Debug)]
pub struct Child {
    pub(crate) process: pid::Child,
    /// The child ends when this end of the socket is gone.
    _lifeline: OwnedFd,
}

impl Child {
    /// Its pid.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// Forks a child although this process may have other threads. The child closes every descriptor but the three standard ones, runs `body`,
/// and ends with the code it returns.
///
/// # Descriptors
/// As with [`Process::start`](crate::Process::start), `body` must neither use nor drop a value of this process that owns a descriptor; here
/// none can be kept.
///
/// # Hazards
/// **This is a hazard, and here on purpose.** If another thread holds a lock at this moment (a `Mutex`, standard error's, an allocator's
/// of the program's own, that of an initialising `OnceLock`), and `body` needs it, the child waits for ever. Give the child to a
/// [`Watchdog`](crate::watchdog::Watchdog). Everything else in this library forks only while the process has a single thread.
///
/// **A fork is no snapshot of what other threads write.** What another thread was changing at that moment, the child may see torn: half
/// of one value, or the later of two changes without the earlier, whatever the types say. `body` must touch nothing that another thread
/// could be changing, except what a lock guards, on which it then hangs. Atomics, too, are good for single values only.
///
/// ```
/// use std::time::Duration;
/// use multiprocess::watchdog::{Watched, Watchdog};
///
/// let child = multiprocess::trap::fork_despite_threads(|| 42).unwrap();
/// let watched = Watchdog::new(Duration::from_secs(30)).watch(child).unwrap();
/// assert_eq!(watched.exit_code(), Some(42));
/// ```
///
/// # Errors
/// If this process holds a part of a [`SharedArray`](crate::SharedArray) or a block ([`Error::is_fork_refused`]), or the kernel refuses a
/// socket or a process. Should another thread claim one in the last moment, the child ends with code 70 instead of running `body`.
pub fn fork_despite_threads(body: impl FnOnce() -> i32) -> Result<Child, Error> {
    holds_nothing()?;
    fork_with(body, fork::child_despite_threads)
}

/// Forks a child as [`fork_despite_threads`] does, but only if this process has a single thread: no lock can be held by another.
///
/// # Errors
/// If this process has more than one thread, holds a part of a [`SharedArray`](crate::SharedArray) or a block
/// ([`Error::is_fork_refused`]), or the kernel refuses a socket or a process.
pub fn fork_alone(body: impl FnOnce() -> i32) -> Result<Child, Error> {
    may_fork()?;
    fork_with(body, fork::child)
}

/// How many threads this process has, those that are just ending included.
///
/// # Errors
/// If `/proc` cannot be read.
pub fn thread_count() -> Result<usize, Error> {
    fork::thread_count().map_err(Error::io("counting threads"))
}

type Body<'a> = Box<dyn FnOnce() -> i32 + 'a>;

fn fork_with<'a>(
    body: impl FnOnce() -> i32 + 'a,
    fork: impl FnOnce(&[i32], Body<'a>) -> io::Result<u32>,
) -> Result<Child, Error> {
    fork::keep_ended_children();
    let (ours, theirs) = lifeline()?;
    let keep = [theirs.as_raw_fd()];
    // Nothing is allocated in the child before its life is tied: the allocator may be what it hangs in.
    let tied: Body<'a> = Box::new(move || match fd::die_with(&theirs) {
        Ok(()) if live::count() == 0 => body(),
        _ => LOST,
    });
    let pid = fork(&keep, tied).map_err(Error::io("forking a child"))?;
    let process = adopt(pid).map_err(Error::io("watching a child"))?;
    Ok(Child { process, _lifeline: ours })
}

/// Standard error leads to `/dev/null` for as long as this lives, in this process and in what it starts.
#[derive(Debug)]
pub struct SilentStderr(OwnedFd);

impl SilentStderr {
    /// Begins the silence.
    ///
    /// # Errors
    /// If `/dev/null` cannot be opened or standard error cannot be kept.
    pub fn begin() -> Result<Self, Error> {
        let silence = || -> io::Result<Self> {
            // `as_fd` does not take the lock of standard error.
            let kept = io::stderr().as_fd().try_clone_to_owned()?;
            fd::redirect_stderr(File::options().write(true).open("/dev/null")?)?;
            Ok(Self(kept))
        };
        silence().map_err(Error::io("silencing standard error"))
    }
}

impl Drop for SilentStderr {
    fn drop(&mut self) {
        // Fails only if the descriptor were closed, and it is ours.
        let _ = fd::redirect_stderr(&self.0);
    }
}
