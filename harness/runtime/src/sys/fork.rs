//! `fork(2)`, only from a process that is single-threaded at that moment unless the hazard is wanted, and the way out of the child.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::check;
use super::fd::{Kept, close_stdin};
use crate::trace;

/// The number of threads of this process, from `/proc/self/task` (proc(5)).
pub(crate) fn thread_count() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

/// The same, once threads that were joined are gone: a join may return a moment before the kernel takes its thread off the list.
pub(crate) fn settled_thread_count() -> io::Result<usize> {
    let deadline = Instant::now() + SETTLING;
    loop {
        let count = thread_count()?;
        if count == 1 || Instant::now() > deadline {
            return Ok(count);
        }
        std::thread::yield_now();
    }
}

/// Far longer than an ended thread stays on the list.
const SETTLING: Duration = Duration::from_millis(50);

/// Forks a child that keeps only the descriptors in `keep`, runs `body`, and ends with the code it returns; tells its pid.
///
/// The caller has seen [`settled_thread_count`] return 1: no other thread can hold a lock that the child would wait for. It has also seen
/// that [`live`](super::live) counts nothing: no reference to shared memory is there twice. The child never returns from here, not even by
/// a panic: it would go on as a second copy of the parent.
///
/// What stands in the buffer of standard output is written before the fork, so that it is not there twice, and again before the child leaves,
/// as CPython's `util._flush_std_streams` does.
pub(crate) fn child(keep: &[RawFd], body: impl FnOnce() -> i32) -> io::Result<u32> {
    // A child that goes on recording may start others, and hands them the trace.
    let trace = trace::Trace::current();
    let keep: Vec<RawFd> = keep.iter().copied().chain(trace.iter().map(|trace| trace.fd().as_raw_fd())).collect();
    let kept = Kept::of(&keep);
    flush_stdout();
    // SAFETY: fork(2) asks for nothing; what the child may do follows from the single thread the caller has counted.
    let pid = check(unsafe { libc::fork() })?;
    if pid != 0 { Ok(pid.cast_unsigned()) } else { live(&kept, trace::forked, body, flush_stdout) }
}

/// As [`child`], whatever other threads are doing: the hazard that the lesson `fork_trap` is about, and for nothing else.
///
/// The child is one thread in a copy of this process. A lock that another thread holds at this moment stays locked in it for ever, so
/// that `body` may wait for ever; somebody has to watch it.
///
/// The copy is no snapshot: pages are copied one after another while other threads write. What one of them was changing at that moment the
/// child may see torn, or see of two changes the later without the earlier. `body` must touch no such thing, except what a lock guards:
/// there it hangs. Nothing here can see to that; it is the one promise a safe caller has to keep by itself. See
/// [`fork_despite_threads`](crate::trap::fork_despite_threads), where it is told so.
pub(crate) fn child_despite_threads(keep: &[RawFd], body: impl FnOnce() -> i32) -> io::Result<u32> {
    let kept = Kept::of(keep);
    // SAFETY: fork(2) itself asks for nothing. What the child does afterwards POSIX limits to async-signal-safe calls, if there were several
    // threads. glibc keeps its own state whole across a fork (malloc, stdio); what a lock of Rust's guards and another thread was
    // changing is not reached, for the lock stays locked and the child hangs, which is what the caller wants to see. That `body` reads
    // nothing else that another thread was changing (an allocator's own state, an atomic's companion) is up to the caller, as the
    // documentation says; the types do not rule it out.
    let pid = check(unsafe { libc::fork() })?;
    if pid != 0 { Ok(pid.cast_unsigned()) } else { live(&kept, trace::off, body, || ()) }
}

/// Forks a child that does nothing but leave, and waits for its end.
///
/// Any process may, whatever threads it has and whatever it holds: the child touches no memory that another thread could be changing.
pub(crate) fn and_wait() -> io::Result<()> {
    keep_ended_children();
    // SAFETY: fork(2) asks for nothing; the child calls _exit(2) and nothing else, which is async-signal-safe.
    let pid = check(unsafe { libc::fork() })?;
    if pid == 0 {
        exit_now(0);
    }
    let ended = loop {
        match waitpid(Pid::from_raw(pid), None) {
            Err(Errno::EINTR) => {}
            ended => break ended?,
        }
    };
    match ended {
        WaitStatus::Exited(_, 0) => Ok(()),
        otherwise => Err(io::Error::other(format!("it ended otherwise: {otherwise:?}"))),
    }
}

/// The life of a forked child, to its end. It allocates nothing of its own before `begin`.
fn live(kept: &Kept, begin: fn(), body: impl FnOnce() -> i32, end: fn()) -> ! {
    let life = || match kept.close_others().and_then(|()| close_stdin()) {
        Ok(()) => {
            begin();
            body()
        }
        Err(_) => 1,
    };
    let code = catch_unwind(AssertUnwindSafe(life)).unwrap_or(1);
    end();
    trace::instant(trace::Kind::Exit);
    exit_now(code)
}

/// Writes what stands in the buffer of standard output. Whoever reads it may be gone; then nobody misses anything.
pub(crate) fn flush_stdout() {
    let _ = io::stdout().flush();
}

/// Makes sure that ended children wait to be reaped: a program may inherit SIGCHLD as ignored, and then nobody learns of a death.
pub(crate) fn keep_ended_children() {
    // SAFETY: all-zero bytes are a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: `action` is writable; a null new action only asks.
    let asked = unsafe { libc::sigaction(libc::SIGCHLD, std::ptr::null(), &raw mut action) };
    if asked == 0 && action.sa_sigaction == libc::SIG_IGN {
        // SAFETY: SIG_DFL is a valid disposition for SIGCHLD and runs no code.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    }
}

/// Leaves a child at once: no buffers of the parent are flushed twice, no destructors of the parent run twice.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit(2) takes any code and does not return.
    unsafe { libc::_exit(code) }
}

/// Removes a variable from the environment of this process, if no other thread exists that could be reading it.
pub(crate) fn remove_variable(name: &str) {
    if thread_count().is_ok_and(|count| count == 1) {
        // SAFETY: this is the only thread, as just counted, so that nothing reads the environment meanwhile.
        unsafe { std::env::remove_var(name) }
    }
}

/// Lets this process ignore SIGINT, as CPython's pool workers should: the parent decides what Ctrl-C means.
pub(crate) fn ignore_interrupt() {
    // SAFETY: SIG_IGN is a valid disposition for SIGINT and runs no code.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) };
}

/// Lets this process ignore SIGTERM, as CPython's resource tracker does: it ends when its pipe does.
pub(crate) fn ignore_terminate() {
    // SAFETY: SIG_IGN is a valid disposition for SIGTERM and runs no code.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
}
