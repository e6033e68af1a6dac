//! The one module with `unsafe` code: system calls and shared memory that no safe wrapper covers.
//!
//! Each `unsafe` block holds one operation and says why its contract is met. Everything above this module is safe code.
#![expect(unsafe_code, reason = "the only door to fork, robust mutexes, pidfd and shared mappings")]

pub(crate) mod array;
pub(crate) mod blocks;
pub(crate) mod bytes;
pub(crate) mod clock;
pub(crate) mod fd;
pub(crate) mod fork;
pub(crate) mod futex;
pub(crate) mod interrupt;
pub(crate) mod live;
pub(crate) mod lock;
pub(crate) mod pid;
pub(crate) mod rights;
pub(crate) mod ring;
pub(crate) mod semaphore;
pub(crate) mod shared;
pub(crate) mod stream;
pub(crate) mod vectors;

use std::io;

/// Turns the -1 of a C call into the error it stands for.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// See [`crate::meter::heap_bytes`].
#[cfg(target_env = "gnu")]
pub(crate) fn heap_bytes() -> Option<u64> {
    // SAFETY: mallinfo2(3) asks for nothing and only reads the allocator's own statistics.
    let heap = unsafe { libc::mallinfo2() };
    Some((heap.uordblks + heap.hblkhd) as u64)
}

/// See [`crate::meter::heap_bytes`].
#[cfg(not(target_env = "gnu"))]
pub(crate) fn heap_bytes() -> Option<u64> {
    None
}
