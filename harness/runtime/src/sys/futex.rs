//! Sleeping until another process changes a word of shared memory (futex(2)).

use std::io;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while `word` is `expected`, for at most `limit`: until it is woken, a signal comes, or for no reason at all. Whoever calls looks
/// again at what it waits for.
///
/// Without `FUTEX_PRIVATE_FLAG`, for the processes know the word by different addresses.
pub(crate) fn wait(word: &AtomicU32, expected: u32, limit: Duration) -> io::Result<()> {
    let limit = libc::timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(limit.subsec_nanos()),
    };
    // SAFETY: the word is aligned and readable for as long as it is borrowed; the kernel compares it and writes nothing. The time is a
    // local that outlives the call.
    let result = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, &raw const limit) };
    if result == 0 {
        return Ok(());
    }
    let fault = io::Error::last_os_error();
    match fault.raw_os_error() {
        // It is not `expected` any more; a signal; the limit.
        Some(libc::EAGAIN | libc::EINTR | libc::ETIMEDOUT) => Ok(()),
        _ => Err(fault),
    }
}

/// Wakes one who sleeps on `word`, in whatever process.
pub(crate) fn wake(word: &AtomicU32) {
    wake_at_most(word, 1);
}

/// Wakes all who sleep on `word`, in whatever process.
pub(crate) fn wake_all(word: &AtomicU32) {
    wake_at_most(word, libc::c_int::MAX);
}

fn wake_at_most(word: &AtomicU32, count: libc::c_int) {
    // SAFETY: the kernel uses only the address of the word, which is borrowed. It fails only for an address that cannot be.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count) };
}
