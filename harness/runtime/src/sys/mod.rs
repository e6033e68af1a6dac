//! The one module with `unsafe` code: system calls and shared memory that no safe wrapper covers.
//!
//! Each `unsafe` block holds one operation and says why its contract is met. Everything above this module is safe code.
#![expect(unsafe_code, reason = "the only door to fork, robust mutexes, pidfd and shared mappings")]

pub(crate) mod fd;
pub(crate) mod fork;
pub(crate) mod lock;
pub(crate) mod pid;
pub(crate) mod shared;

use std::io;

/// Turns the -1 of a C call into the error it stands for.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
