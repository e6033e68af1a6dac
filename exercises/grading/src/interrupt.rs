//! Ctrl-C as an event that every wait of the grader looks at, so that it ends in order: no process left, no folder, every grade written.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

static CAUGHT: OnceLock<SignalFd> = OnceLock::new();

/// The grader was called off by a signal.
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

/// The signals that end a grader in order, as a descriptor. They are blocked from here on, in this thread and those it starts.
pub(crate) fn descriptor() -> Result<SignalFd> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    signals.thread_block().context("blocking signals")?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).context("a descriptor for signals")
}

/// From here on SIGINT, SIGTERM and SIGHUP end no process but make [`event`] readable. Called while this process has one thread, and
/// after the last program was started that must not inherit blocked signals.
pub(crate) fn catch() -> Result<()> {
    if CAUGHT.get().is_none() {
        let _ = CAUGHT.set(descriptor()?);
    }
    Ok(())
}

/// Readable once a signal has come; nobody reads it, so that every thread sees it. None before [`catch`].
pub(crate) fn event() -> Option<BorrowedFd<'static>> {
    CAUGHT.get().map(AsFd::as_fd)
}

/// Whether a signal has come.
pub(crate) fn check() -> Result<(), Interrupted> {
    let Some(event) = event() else { return Ok(()) };
    match poll(&mut [PollFd::new(event, PollFlags::POLLIN)], PollTimeout::ZERO) {
        Ok(1..) => Err(Interrupted { signal: Signal::SIGINT as i32 }),
        _ => Ok(()),
    }
}

/// The signal that has come. It is taken: asked at the very end.
pub(crate) fn taken() -> Option<Interrupted> {
    let info = CAUGHT.get()?.read_signal().ok().flatten()?;
    Some(Interrupted { signal: info.ssi_signo.cast_signed() })
}
