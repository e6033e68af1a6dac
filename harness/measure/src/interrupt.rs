//! Ctrl-C as an event that can be waited for, so that a run ends in order: subjects killed, rows kept.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end this process but make [`Interrupts::event`] readable.
///
/// When it is dropped, a signal that nobody has taken ends the process as usual. Programs started meanwhile inherit the blocked signals;
/// a subject unblocks them first thing.
#[derive(Debug)]
pub struct Interrupts {
    before: SigSet,
    descriptor: SignalFd,
}

/// The run was called off by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// The number of the signal.
    pub signal: i32,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted by signal {}", self.signal)
    }
}

impl std::error::Error for Interrupted {}

impl Interrupts {
    /// Begins to catch the signals. Called before any other thread exists, so that every thread inherits the mask.
    ///
    /// # Errors
    /// If the system refuses a signal descriptor.
    pub fn caught() -> std::io::Result<Self> {
        let mut blocked = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            blocked.add(signal);
        }
        let before = SigSet::thread_get_mask()?;
        blocked.thread_block()?;
        let descriptor = SignalFd::with_flags(&blocked, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { before, descriptor })
    }

    /// Readable once a signal has come.
    pub fn event(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// The signal that has come, if one has. It is taken: it will not end the process later.
    pub fn taken(&self) -> Option<Interrupted> {
        let info = self.descriptor.read_signal().ok().flatten()?;
        Some(Interrupted { signal: info.ssi_signo.cast_signed() })
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        // Unblocking our own signals cannot fail: the set is valid.
        let _ = self.before.thread_set_mask();
    }
}
