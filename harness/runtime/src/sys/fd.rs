//! Descriptors: closing what a child must not inherit, waiting with a deadline, and the lifeline to the parent.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Instant;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};

use super::check;

/// What a child keeps beside the three standard descriptors, made before the fork: a child of several threads may not be able to allocate.
#[derive(Debug)]
pub(super) struct Kept(Vec<u32>);

impl Kept {
    pub(super) fn of(descriptors: &[RawFd]) -> Self {
        let mut kept: Vec<u32> = descriptors.iter().map(|fd| fd.cast_unsigned()).filter(|fd| *fd >= 3).collect();
        kept.sort_unstable();
        Self(kept)
    }

    /// Closes every descriptor above standard error but these, so that no pipe of a sibling stays open in a child.
    ///
    /// That takes descriptors away from values that still own them. It is done only in a forked child that never drops what it has from
    /// its parent: it leaves by `exit_now`. What else `body` must not do with them, the documentation of `Process::start` and `trap` says.
    pub(super) fn close_others(&self) -> io::Result<()> {
        let mut first = 3;
        for kept in &self.0 {
            if *kept > first {
                close_range(first, kept - 1)?;
            }
            first = kept + 1;
        }
        close_range(first, u32::MAX)
    }
}

/// Closes what a program that was executed as a worker has inherited from its parent's parents: descriptors that were never marked
/// close-on-exec. Called before the program has opened anything itself.
pub(crate) fn close_inherited() -> io::Result<()> {
    Kept::of(&[]).close_others()
}

fn close_range(first: u32, last: u32) -> io::Result<()> {
    // SAFETY: close_range(2) takes numbers only, and touches no memory.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Opens `/dev/null` as standard input, so that a worker never eats what was meant for its parent.
pub(crate) fn close_stdin() -> io::Result<()> {
    let null = File::open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    Ok(())
}

/// Points standard error at `target`.
pub(crate) fn redirect_stderr(target: impl AsFd) -> io::Result<()> {
    Ok(nix::unistd::dup2_stderr(target)?)
}

/// Makes writes to `fd` return instead of waiting for room.
pub(crate) fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
    fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Ends this process by SIGIO as soon as the other end of the socket `lifeline` is gone, whatever this process is doing.
///
/// Unlike `PR_SET_PDEATHSIG` this does not depend on which thread of the parent forked us (prctl(2), CAVEATS), and unlike a
/// watching thread it leaves the process single-threaded. Nothing may ever be sent on the socket from now on. It allocates nothing: if
/// the allocator is what a child hangs in, its life is tied all the same.
pub(crate) fn die_with(lifeline: &OwnedFd) -> io::Result<()> {
    // SAFETY: SIG_DFL is a valid disposition for SIGIO; its default action ends the process.
    unsafe { libc::signal(libc::SIGIO, libc::SIG_DFL) };
    // A signal that is blocked ends nobody, and a child inherits what its parent's thread blocks.
    let mut sigio = SigSet::empty();
    sigio.add(Signal::SIGIO);
    sigio.thread_unblock()?;
    let own_pid = std::process::id().cast_signed();
    // SAFETY: fcntl(2) with F_SETOWN takes numbers only.
    check(unsafe { libc::fcntl(lifeline.as_raw_fd(), libc::F_SETOWN, own_pid) })?;
    let flags = OFlag::from_bits_retain(fcntl(lifeline, FcntlArg::F_GETFL)?);
    fcntl(lifeline, FcntlArg::F_SETFL(flags | OFlag::O_ASYNC))?;
    // The parent may have gone before the signal was armed.
    let mut end = [PollFd::new(lifeline.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut end, PollTimeout::ZERO) {
            Ok(0) => return Ok(()),
            Ok(_) => return Err(io::ErrorKind::BrokenPipe.into()),
            Err(nix::errno::Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// Waits until one of the descriptors is ready or the deadline has passed; tells which are. No deadline waits for ever.
pub(crate) fn wait(fds: &mut [(BorrowedFd<'_>, PollFlags)], deadline: Option<Instant>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|(fd, flags)| PollFd::new(*fd, *flags)).collect();
    loop {
        match poll(&mut polled, timeout(deadline)) {
            Ok(0) if deadline.is_some_and(|deadline| Instant::now() < deadline) => {}
            Ok(_) => break,
            Err(nix::errno::Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(polled.iter().map(|fd| fd.revents().is_some_and(|events| !events.is_empty())).collect())
}

/// Waits until `fd` is ready or the deadline has passed; tells whether it is. No deadline waits for ever.
pub(crate) fn wait_for(fd: BorrowedFd<'_>, flags: PollFlags, deadline: Option<Instant>) -> io::Result<bool> {
    let mut polled = [PollFd::new(fd, flags)];
    loop {
        match poll(&mut polled, timeout(deadline)) {
            Ok(0) if deadline.is_some_and(|deadline| Instant::now() < deadline) => {}
            Ok(ready) => return Ok(ready > 0),
            Err(nix::errno::Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// How many cores this thread may use; 1 if the system does not tell.
pub(crate) fn cores() -> usize {
    // SAFETY: all-zero bytes are an empty set.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `allowed` is writable and as large as said; 0 means this thread.
    let asked = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut allowed) };
    // SAFETY: counts the bits of a set that is initialised.
    if asked == 0 { unsafe { libc::CPU_COUNT(&allowed) }.unsigned_abs() as usize } else { 1 }
}

/// The time left, rounded up to whole milliseconds so that a wait never spins at its end.
fn timeout(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else { return PollTimeout::NONE };
    let left = deadline.saturating_duration_since(Instant::now()).as_nanos().div_ceil(1_000_000);
    PollTimeout::from(u16::try_from(left).unwrap_or(u16::MAX))
}
