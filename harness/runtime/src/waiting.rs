//! Deadlines, and reading and writing that can be called off: by one, or by a pipe whose other end is closed.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::PollFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::sys::fd;

/// The longest that anybody waits, 30 years: a longer limit (`Duration::MAX`) means the same and fits no clock.
pub(crate) const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// How long a killed process may take to disappear; it is in the kernel's hands by then.
pub(crate) const REAP_WITHIN: Duration = Duration::from_secs(10);

/// The moment `limit` from now, or [`FAR`] from now.
pub(crate) fn after(limit: Duration) -> Instant {
    later(Instant::now(), limit)
}

/// The moment `limit` after `from`, or [`FAR`] after it.
pub(crate) fn later(from: Instant, limit: Duration) -> Instant {
    from.checked_add(limit.min(FAR)).unwrap_or(from)
}

/// Tells any number of threads to stop: dropping it wakes whoever waits for its [`Stop`].
#[derive(Debug)]
pub(crate) struct StopSwitch {
    _writer: OwnedFd,
}

/// Becomes readable when its switch is dropped.
#[derive(Debug)]
pub(crate) struct Stop(OwnedFd);

/// A switch and what it stops.
pub(crate) fn stop() -> io::Result<(StopSwitch, Stop)> {
    let (reader, writer) = pipe()?;
    Ok((StopSwitch { _writer: writer }, Stop(reader)))
}

impl Stop {
    pub(crate) fn event(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Whether the switch is dropped.
    pub(crate) fn is_set(&self) -> io::Result<bool> {
        Ok(fd::wait(&mut [(self.event(), PollFlags::POLLIN)], Some(Instant::now()))?[0])
    }
}

/// A pipe that no program started from here inherits.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// Two sockets connected with each other, that no program started from here inherits.
pub(crate) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?)
}

/// A non-blocking descriptor that waits like a blocking one, until it is called off.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    file: &'a File,
    stop: Option<&'a Stop>,
    deadline: Option<Instant>,
}

impl<'a> Waiting<'a> {
    /// Until `stop` says so. `file` is non-blocking already.
    pub(crate) fn until_stopped(file: &'a File, stop: &'a Stop) -> Self {
        Self { file, stop: Some(stop), deadline: None }
    }

    /// Until `deadline`. `file` is non-blocking already.
    pub(crate) fn until(file: &'a File, deadline: Instant) -> Self {
        Self { file, stop: None, deadline: Some(deadline) }
    }

    fn wait(&self, events: PollFlags) -> io::Result<()> {
        let mut fds = vec![(self.file.as_fd(), events)];
        fds.extend(self.stop.map(|stop| (stop.event(), PollFlags::POLLIN)));
        let ready = fd::wait(&mut fds, self.deadline)?;
        match (ready[0], ready.get(1)) {
            (_, Some(true)) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "called off")),
            (true, _) => Ok(()),
            (false, _) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn retry(&self, events: PollFlags, mut attempt: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match attempt() {
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => self.wait(events)?,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl Read for Waiting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.retry(PollFlags::POLLIN, || (&*self.file).read(buffer))
    }
}

impl Write for Waiting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.retry(PollFlags::POLLOUT, || (&*self.file).write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
