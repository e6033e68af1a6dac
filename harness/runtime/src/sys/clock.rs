//! The clock that all processes of a machine share and nobody sets: the time on it, and deadlines for the timed waits of POSIX.
//!
//! pthread_mutex_timedlock(3) and sem_timedwait(3) count on the real-time clock: when somebody sets the date, such a wait ends early or
//! lasts for hours. glibc 2.30 has variants that take a clock, pthread_mutex_clocklock and sem_clockwait; musl has neither, so that
//! there a wait ends at its date.

use std::io;
use std::time::Duration;

#[cfg(not(target_env = "gnu"))]
pub(super) use dated::{clocklock, clockwait};
#[cfg(target_env = "gnu")]
pub(super) use undated::{clocklock, clockwait};

use super::check;
use crate::waiting::FAR;

/// The clock on which all waits count: it goes on evenly, whatever is done to the date (clock_gettime(2)).
#[cfg(target_env = "gnu")]
const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
#[cfg(not(target_env = "gnu"))]
const CLOCK: libc::clockid_t = libc::CLOCK_REALTIME;

/// A moment before all others: who may wait until then does not wait. glibc and musl see that before they mark what is waited for.
pub(super) const PASSED: libc::timespec = libc::timespec { tv_sec: -1, tv_nsec: 0 };

/// The moment `limit` from now, but at most [`FAR`], on [`CLOCK`].
pub(super) fn after(limit: Duration) -> io::Result<libc::timespec> {
    later_on(CLOCK, limit)
}

fn later_on(clock: libc::clockid_t, limit: Duration) -> io::Result<libc::timespec> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a clock that every Linux has, and a writable timespec.
    check(unsafe { libc::clock_gettime(clock, &raw mut now) })?;
    let since = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).map_err(io::Error::other)?);
    let until = since + limit.min(FAR);
    Ok(libc::timespec {
        tv_sec: i64::try_from(until.as_secs()).map_err(io::Error::other)?,
        tv_nsec: i64::from(until.subsec_nanos()),
    })
}

#[cfg(target_env = "gnu")]
mod undated {
    use super::CLOCK;

    // The libc crate has neither. Both take what their timed namesakes take, and the clock between (glibc's pthread.h and semaphore.h).
    unsafe extern "C" {
        fn pthread_mutex_clocklock(
            mutex: *mut libc::pthread_mutex_t,
            clock: libc::clockid_t,
            until: *const libc::timespec,
        ) -> libc::c_int;
        fn sem_clockwait(
            semaphore: *mut libc::sem_t,
            clock: libc::clockid_t,
            until: *const libc::timespec,
        ) -> libc::c_int;
    }

    /// Locks, or gives up at `until`.
    ///
    /// # Safety
    /// `mutex` points to an initialised mutex.
    pub(in crate::sys) unsafe fn clocklock(mutex: *mut libc::pthread_mutex_t, until: &libc::timespec) -> libc::c_int {
        // SAFETY: the mutex as the caller promises; the time is a valid reference.
        unsafe { pthread_mutex_clocklock(mutex, CLOCK, until) }
    }

    /// Takes one away, or gives up at `until`.
    ///
    /// # Safety
    /// `semaphore` points to an initialised semaphore.
    pub(in crate::sys) unsafe fn clockwait(semaphore: *mut libc::sem_t, until: &libc::timespec) -> libc::c_int {
        // SAFETY: the semaphore as the caller promises; the time is a valid reference.
        unsafe { sem_clockwait(semaphore, CLOCK, until) }
    }
}

#[cfg(not(target_env = "gnu"))]
mod dated {
    /// Locks, or gives up at `until`.
    ///
    /// # Safety
    /// `mutex` points to an initialised mutex.
    pub(in crate::sys) unsafe fn clocklock(mutex: *mut libc::pthread_mutex_t, until: &libc::timespec) -> libc::c_int {
        // SAFETY: the mutex as the caller promises; the time is a valid reference.
        unsafe { libc::pthread_mutex_timedlock(mutex, until) }
    }

    /// Takes one away, or gives up at `until`.
    ///
    /// # Safety
    /// `semaphore` points to an initialised semaphore.
    pub(in crate::sys) unsafe fn clockwait(semaphore: *mut libc::sem_t, until: &libc::timespec) -> libc::c_int {
        // SAFETY: the semaphore as the caller promises; the time is a valid reference.
        unsafe { libc::sem_timedwait(semaphore, until) }
    }
}

/// Nanoseconds on `CLOCK_MONOTONIC`.
pub(crate) fn monotonic_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a writable timespec; the call fails only on a clock that does not exist, and this one always does.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
