//! `fork(2)`, only from a process that is single-threaded at that moment, and the way out of the child.

use std::io;

use super::check;

/// Which side of a fork we are on.
#[derive(Debug)]
pub(crate) enum Side {
    /// The new process.
    Child,
    /// The old one, with the child's pid.
    Parent(u32),
}

/// The number of threads of this process, from `/proc/self/task` (proc(5)).
pub(crate) fn thread_count() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

/// Forks this process.
///
/// The caller has seen [`thread_count`] return 1: no other thread can hold a lock that the child would wait for.
pub(crate) fn fork() -> io::Result<Side> {
    // SAFETY: fork(2) asks for nothing; what the child may do follows from the single thread the caller has counted.
    let pid = check(unsafe { libc::fork() })?;
    Ok(if pid == 0 { Side::Child } else { Side::Parent(pid.cast_unsigned()) })
}

/// Leaves a child at once: no buffers of the parent are flushed twice, no destructors of the parent run twice.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes any code and does not return.
    unsafe { libc::_exit(code) }
}

/// Removes a variable from the environment of this process.
///
/// The caller runs on the first line of `main`, before any thread exists.
pub(crate) fn remove_variable(name: &str) {
    // SAFETY: no other thread exists yet that could read the environment meanwhile; see the contract above.
    unsafe { std::env::remove_var(name) }
}

/// Lets this process ignore SIGINT, as CPython's pool workers should: the parent decides what Ctrl-C means.
pub(crate) fn ignore_interrupt() {
    // SAFETY: SIG_IGN is a valid disposition for SIGINT and runs no code.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
}
