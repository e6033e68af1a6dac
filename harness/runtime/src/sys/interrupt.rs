//! Signals that interrupt whatever this process waits for, as CPython's `TestIgnoreEINTR` sends them.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::check;

/// How many signals came. Relaxed: it is only a count.
static CAME: AtomicU64 = AtomicU64::new(0);

extern "C" fn count(_signal: libc::c_int) {
    CAME.fetch_add(1, Relaxed);
}

/// SIGALRM again and again until it is dropped, its handler installed without `SA_RESTART`: system calls that wait fail with EINTR.
#[derive(Debug)]
pub struct Interruptions {
    before: libc::sigaction,
}

impl Interruptions {
    /// Begins, with a signal every `period`. One at a time in a process: they share the signal.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn every(period: Duration) -> io::Result<Self> {
        // SAFETY: all-zero bytes are a valid sigaction: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = count as *const () as usize;
        // SAFETY: as above.
        let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: both are valid; the handler only adds to an atomic, which is async-signal-safe.
        check(unsafe { libc::sigaction(libc::SIGALRM, &raw const action, &raw mut before) })?;
        let interruptions = Self { before };
        set_timer(period)?;
        Ok(interruptions)
    }

    /// How many signals have come to this process so far, those of earlier interruptions included.
    pub fn came(&self) -> u64 {
        CAME.load(Relaxed)
    }
}

fn set_timer(period: Duration) -> io::Result<()> {
    let microseconds = libc::suseconds_t::from(period.subsec_micros().cast_signed());
    let period = libc::timeval { tv_sec: period.as_secs().cast_signed(), tv_usec: microseconds };
    let timer = libc::itimerval { it_interval: period, it_value: period };
    // SAFETY: a valid time; a null old value is not written.
    check(unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) }).map(|_| ())
}

impl Drop for Interruptions {
    fn drop(&mut self) {
        // Setting a timer to nothing fails only on wrong arguments. A signal that is still on its way finds the handler there.
        let _ = set_timer(Duration::ZERO);
        // SAFETY: what was in force before; a null old value is not written.
        unsafe { libc::sigaction(libc::SIGALRM, &raw const self.before, std::ptr::null_mut()) };
    }
}
