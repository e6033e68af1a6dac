//! Pipes and sockets as streams.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::PollFlags;
use nix::sys::socket::{getsockopt, sockopt};

use super::stream::{Fault, Filling, Patience, Stream};
use crate::sys::fd;
use crate::sys::stream::{self, Sleeping};

/// One end of one or two pipes, or of a socket.
#[derive(Debug)]
pub(crate) struct FdStream {
    pub(super) input: Option<Arc<OwnedFd>>,
    /// The same as the input if it is a socket.
    pub(super) output: Option<Arc<OwnedFd>>,
    pub(super) kind: Kind,
    /// Set once the kernel could not read or write without waiting by a flag, so that the descriptors were made non-blocking.
    non_blocking: Cell<bool>,
    /// How many reads still wait first: where the last one found nothing, the next will not either.
    waits_first: Cell<u8>,
}

/// After so many reads that waited first one looks again whether there is something without waiting.
const LOOK_AGAIN_AFTER: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pipe,
    Socket,
}

impl FdStream {
    pub(super) fn new(input: Option<OwnedFd>, output: Option<OwnedFd>) -> Self {
        let (input, output) = (input.map(Arc::new), output.map(Arc::new));
        Self { input, output, kind: Kind::Pipe, non_blocking: Cell::new(false), waits_first: Cell::new(0) }
    }

    pub(super) fn socket(socket: OwnedFd) -> Self {
        let both = Some(Arc::new(socket));
        Self {
            input: both.clone(),
            output: both,
            kind: Kind::Socket,
            non_blocking: Cell::new(false),
            waits_first: Cell::new(0),
        }
    }

    fn input(&self) -> Result<BorrowedFd<'_>, Fault> {
        self.input.as_ref().map(|fd| fd.as_fd()).ok_or(Fault::OneWay("sends"))
    }

    fn output(&self) -> Result<BorrowedFd<'_>, Fault> {
        self.output.as_ref().map(|fd| fd.as_fd()).ok_or(Fault::OneWay("receives"))
    }

    /// Repeats `attempt` until it has done something, sleeping in between until `fd` is ready.
    fn retry(
        &self,
        fd: BorrowedFd<'_>,
        ready: PollFlags,
        patience: &Patience,
        mut attempt: impl FnMut(Sleeping) -> io::Result<usize>,
    ) -> Result<usize, Fault> {
        loop {
            // Blocking is the cheapest wait, and ends with the other side.
            let by_itself = patience.is_endless() || self.non_blocking.get();
            match attempt(if by_itself { Sleeping::Allowed } else { Sleeping::Never }) {
                Ok(0) => return Err(Fault::Gone),
                Ok(bytes) => return Ok(bytes),
                Err(fault) => match (fault.kind(), fault.raw_os_error()) {
                    (io::ErrorKind::Interrupted, _) => {}
                    (io::ErrorKind::WouldBlock, _) => await_ready(fd, ready, patience)?,
                    // A socket whose peer closed it with something unread.
                    (io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset, _) => return Err(Fault::Gone),
                    // Before Linux 6.4, and for a pipe opened by name.
                    (_, Some(libc::EOPNOTSUPP)) if !by_itself => self.make_non_blocking()?,
                    _ => return Err(Fault::Io(fault)),
                },
            }
        }
    }

    fn make_non_blocking(&self) -> Result<(), Fault> {
        for fd in [&self.input, &self.output].into_iter().flatten() {
            fd::set_nonblocking(fd).map_err(Fault::Io)?;
        }
        self.non_blocking.set(true);
        Ok(())
    }
}

fn await_ready(fd: BorrowedFd<'_>, ready: PollFlags, patience: &Patience) -> Result<(), Fault> {
    match fd::wait_for(fd, ready, patience.deadline()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::TimedOut),
        Err(fault) => Err(Fault::Io(fault)),
    }
}

impl Stream for FdStream {
    const GATHERS: bool = false;

    fn read(&self, buffer: &mut [u8], patience: &Patience) -> Result<usize, Fault> {
        let fd = self.input()?;
        match self.waits_first.get() {
            0 => {}
            _ if patience.is_endless() => {}
            left => {
                self.waits_first.set(left - 1);
                await_ready(fd, PollFlags::POLLIN, patience)?;
            }
        }
        self.retry(fd, PollFlags::POLLIN, patience, |sleeping| {
            stream::read(fd, buffer, sleeping).inspect_err(|fault| {
                if fault.kind() == io::ErrorKind::WouldBlock {
                    self.waits_first.set(LOOK_AGAIN_AFTER);
                }
            })
        })
    }

    fn write(&self, first: &[u8], second: &[u8], patience: &Patience) -> Result<usize, Fault> {
        let fd = self.output()?;
        self.retry(fd, PollFlags::POLLOUT, patience, |sleeping| stream::write(fd, first, second, sleeping))
    }

    fn await_readable(&self, patience: &Patience) -> Result<(), Fault> {
        await_ready(self.input()?, PollFlags::POLLIN, patience)
    }

    fn outgoing(&self) -> Option<Filling> {
        let fd = self.output.as_ref()?.as_fd();
        // Only asked for to say what was full: what cannot be told is left out.
        let (what, pending, capacity) = match self.kind {
            Kind::Pipe => {
                let capacity = fcntl(fd, FcntlArg::F_GETPIPE_SZ).ok()?;
                ("pipe", stream::waiting_to_be_read(fd).ok()?, usize::try_from(capacity).ok()?)
            }
            Kind::Socket => ("socket", stream::not_yet_read(fd).ok()?, getsockopt(&fd, sockopt::SndBuf).ok()?),
        };
        Some(Filling { what, pending, capacity })
    }
}
