//! A child process held by pidfd: it can be waited for with a deadline, signalled without a race, and reaped once.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::{check, fd};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It left with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// It was ended because the fork server that had forked it is gone, and nobody else can tell how it would have ended.
    Unknown,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Signalled(signal) => match nix::sys::signal::Signal::try_from(signal) {
                Ok(named) => write!(f, "was ended by {named}"),
                Err(_) => write!(f, "was ended by signal {signal}"),
            },
            Self::Unknown => f.write_str("was ended because its fork server is gone"),
        }
    }
}

/// What the kernel says a process used, from `wait4(2)` or `getrusage(2)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Largest resident size, in bytes.
    pub max_rss_bytes: u64,
    /// CPU time in user mode.
    pub user: Duration,
    /// CPU time in the kernel.
    pub sys: Duration,
    /// How often it gave up its core to wait.
    pub voluntary_switches: u64,
    /// How often the kernel took its core away.
    pub involuntary_switches: u64,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that did.
    pub major_faults: u64,
}

impl Usage {
    fn from_raw(raw: &libc::rusage) -> Self {
        let duration = |time: libc::timeval| {
            Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
        };
        Self {
            max_rss_bytes: raw.ru_maxrss.unsigned_abs() * 1024,
            user: duration(raw.ru_utime),
            sys: duration(raw.ru_stime),
            voluntary_switches: raw.ru_nvcsw.unsigned_abs(),
            involuntary_switches: raw.ru_nivcsw.unsigned_abs(),
            minor_faults: raw.ru_minflt.unsigned_abs(),
            major_faults: raw.ru_majflt.unsigned_abs(),
        }
    }

    /// What two processes used together: sums, and the larger of the two sizes.
    ///
    /// ```
    /// let one = multiprocess::Usage { max_rss_bytes: 3, minor_faults: 2, ..Default::default() };
    /// let both = one.plus(multiprocess::Usage { max_rss_bytes: 5, minor_faults: 1, ..Default::default() });
    /// assert_eq!((both.max_rss_bytes, both.minor_faults), (5, 3));
    /// ```
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            max_rss_bytes: self.max_rss_bytes.max(other.max_rss_bytes),
            user: self.user + other.user,
            sys: self.sys + other.sys,
            voluntary_switches: self.voluntary_switches + other.voluntary_switches,
            involuntary_switches: self.involuntary_switches + other.involuntary_switches,
            minor_faults: self.minor_faults + other.minor_faults,
            major_faults: self.major_faults + other.major_faults,
        }
    }

    /// What this process has used so far.
    pub fn of_this_process() -> Self {
        // SAFETY: all-zero bytes are a valid rusage.
        let mut raw: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `raw` is a writable rusage; RUSAGE_SELF is always allowed.
        unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut raw) };
        Self::from_raw(&raw)
    }
}

/// A child that nobody else reaps. Dropping it kills and reaps it.
#[derive(Debug)]
pub(crate) struct Child {
    pid: u32,
    pidfd: OwnedFd,
    /// Locked for moments only, and while it is reaped: a process is reaped once, whoever waits for it.
    reaped: Mutex<Option<(Status, Usage)>>,
}

impl Child {
    /// Takes charge of the child `pid` of this process.
    pub(crate) fn adopt(pid: u32) -> io::Result<Self> {
        // An unreaped child keeps its pid.
        Ok(Self { pid, pidfd: pidfd(pid)?, reaped: Mutex::default() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Readable once the process has ended.
    pub(crate) fn exit_event(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// How it ended, without reaping it; none while it runs.
    pub(crate) fn peek(&self) -> io::Result<Option<Status>> {
        Ok(self.peek_with_usage()?.map(|(status, _)| status))
    }

    /// The same, with what it used.
    pub(crate) fn peek_with_usage(&self) -> io::Result<Option<(Status, Usage)>> {
        // Held to the end: nobody reaps it while it is asked for.
        let reaped = self.reaped();
        if reaped.is_some() {
            return Ok(*reaped);
        }
        // SAFETY: all-zero bytes are a valid siginfo_t.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: all-zero bytes are a valid rusage.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        let (info_at, usage_at) = (&raw mut info, &raw mut usage);
        // The system call itself: the C library's waitid(3) has no place for the usage (waitid(2), "C library/kernel differences").
        // SAFETY: both pointers are to writable locals; the pidfd is open for as long as `self` lives.
        let asked = unsafe {
            libc::syscall(libc::SYS_waitid, libc::P_PIDFD, self.pidfd.as_raw_fd(), info_at, options, usage_at)
        };
        if asked == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: waitid filled in a child's siginfo, or left it zero, which reads as pid 0.
        if unsafe { info.si_pid() } == 0 {
            return Ok(None);
        }
        // SAFETY: the siginfo describes a child, so it holds a status.
        let value = unsafe { info.si_status() };
        let status = if info.si_code == libc::CLD_EXITED { Status::Exited(value) } else { Status::Signalled(value) };
        Ok(Some((status, Usage::from_raw(&usage))))
    }

    /// Sends SIGKILL; a process that has already ended is left alone.
    pub(crate) fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Sends a signal; a process that has already ended is left alone.
    pub(crate) fn signal(&self, signal: libc::c_int) {
        if self.reaped().is_none() {
            send(&self.pidfd, signal);
        }
    }

    /// Waits until the process has ended, and reaps it; none if it still runs at the deadline.
    pub(crate) fn wait_until(&self, deadline: Instant) -> io::Result<Option<(Status, Usage)>> {
        // The wait is outside the lock, so that others may signal meanwhile.
        if self.reaped().is_none() && fd::wait(&mut [(self.exit_event(), PollFlags::POLLIN)], Some(deadline))?[0] {
            self.reap()?;
        }
        Ok(*self.reaped())
    }

    fn reaped(&self) -> MutexGuard<'_, Option<(Status, Usage)>> {
        self.reaped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reap(&self) -> io::Result<()> {
        let mut reaped = self.reaped();
        if reaped.is_some() {
            return Ok(());
        }
        let mut raw_status = 0;
        // SAFETY: all-zero bytes are a valid rusage.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        loop {
            // SAFETY: both pointers are to writable locals; the pid is our unreaped child.
            match check(unsafe { libc::wait4(self.pid.cast_signed(), &raw mut raw_status, 0, &raw mut usage) }) {
                Ok(_) => break,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) => return Err(fault),
            }
        }
        let status = if libc::WIFEXITED(raw_status) {
            Status::Exited(libc::WEXITSTATUS(raw_status))
        } else {
            Status::Signalled(libc::WTERMSIG(raw_status))
        };
        *reaped = Some((status, Usage::from_raw(&usage)));
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.reaped().is_none() {
            self.kill();
            // A killed process ends; if the kernel refuses to say so there is nothing left that could be done here.
            let _ = self.reap();
        }
    }
}

/// Kills and reaps a child of this process that cannot be watched, so that it is not left alive.
pub(crate) fn kill_unwatched(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
    // It is our unreaped child, so both calls mean it and fail only by a signal that comes between.
    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    while nix::sys::wait::waitpid(pid, None) == Err(nix::errno::Errno::EINTR) {}
}

/// A process that is not our child, held by pidfd: it can be killed and its end seen, but it is not ours to reap.
#[derive(Debug)]
pub(crate) struct Stranger(OwnedFd);

impl Stranger {
    /// Takes hold of the process that has this pid now.
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        pidfd(pid).map(Self)
    }

    /// Readable once the process has ended.
    pub(crate) fn exit_event(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Sends a signal; a process that has already ended is left alone.
    pub(crate) fn signal(&self, signal: libc::c_int) {
        send(&self.0, signal);
    }
}

/// Kills a process that is not our child, if `still_meant` says so once the process can no longer be mistaken for another.
pub(crate) fn kill_stranger(pid: u32, still_meant: impl FnOnce() -> bool) {
    if let Ok(stranger) = Stranger::open(pid)
        && still_meant()
    {
        stranger.signal(libc::SIGKILL);
    }
}

/// A descriptor that means the process which has this pid now, and never another.
fn pidfd(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open(2) takes numbers only.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if raw == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call above has just made this descriptor for us alone; it is close-on-exec by itself.
    Ok(unsafe { OwnedFd::from_raw_fd(raw as libc::c_int) })
}

/// Sends a signal through a pidfd. Its one expected failure, ESRCH, means that the process has ended, which is what the signal was for.
fn send(pidfd: &OwnedFd, signal: libc::c_int) {
    let fd = pidfd.as_raw_fd();
    // SAFETY: pidfd_send_signal(2) takes numbers and a null siginfo; through a pidfd it cannot reach another process.
    unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, std::ptr::null::<libc::siginfo_t>(), 0) };
}
