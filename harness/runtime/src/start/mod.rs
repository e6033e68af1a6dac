//! How processes come to life: forked, forked by a server, or this program executed again.
//!
//! Whoever needs processes makes one [`Starter`] and asks it for each of them. A new process finds what it is to do by the name of its
//! [role], and what it needs in an [`Arrival`]: descriptors, a message, and a socket to whoever started it. `README.md` beside this
//! file describes the protocol.
//!
//! A process with threads must not be forked. So a starter whose method is `fork` forks one **zygote** while this process has a single
//! thread; the zygote has one thread for ever, and forks every process that is asked for later from the image of that moment.

mod arrival;
mod client;
pub(crate) mod hostile;
mod role;
mod served;
mod server;

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::error::{Error, Kind};
use crate::frame;
use crate::process::{adopt, daemon, lifeline};
use crate::sys::pid::{Child, Status, Usage};
use crate::sys::{fd, fork};
pub(crate) use crate::waiting::REAP_WITHIN;
use crate::waiting::Waiting;

use arrival::Announcement;
pub(crate) use arrival::Arrival;
pub(crate) use client::Server;
pub use role::init;
pub(crate) use role::{Role, refuse_uninitialised};
use served::Served;

/// How a worker process comes to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartMethod {
    /// A copy of this process, which must be single-threaded at that moment; it inherits everything without any pickling.
    Fork,
    /// A copy of a small server, which is this program executed again; everything it needs is sent to it.
    ForkServer,
    /// This program, executed again; everything it needs is sent to it.
    Spawn,
}

impl StartMethod {
    /// All of them, in the order of what a start costs.
    pub const ALL: [Self; 3] = [Self::Fork, Self::ForkServer, Self::Spawn];

    /// Its name in CPython: `fork`, `forkserver` or `spawn`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::ForkServer => "forkserver",
            Self::Spawn => "spawn",
        }
    }
}

/// Starts processes of one role by one method. Dropping it ends a server's processes that still run.
///
/// They are daemonic, as a pool's workers are in CPython: each may start no process of its own ([`Error::is_daemonic`]). A starter that is
/// told [`may_have_children`](Self::may_have_children) starts others.
#[derive(Debug)]
pub(crate) struct Starter {
    source: Source,
    daemonic: bool,
}

#[derive(Debug)]
enum Source {
    /// A zygote, whose children already know what to do, or a fork server, to whose children the role is sent.
    Server(Server, Option<Role>),
    Execution(Role),
}

impl Starter {
    /// A starter of processes that run `role`. With `fork` they run `life` instead, in a copy of this process as it is now: what `life` has
    /// captured is inherited. The descriptors in `keep` stay open in them.
    ///
    /// # Errors
    /// If this process is daemonic ([`Error::is_daemonic`]), a fork is refused ([`Error::is_fork_refused`]), the system has no room for a
    /// server, or this process is a worker whose `main` does not begin with [`init`].
    pub(crate) fn new(
        method: StartMethod,
        role: Role,
        keep: &[RawFd],
        life: impl FnMut(Arrival) -> i32,
    ) -> Result<Self, Error> {
        refuse_uninitialised()?;
        daemon::may_start()?;
        let source = match method {
            StartMethod::Fork => Source::Server(Server::fork(keep, life)?, None),
            StartMethod::ForkServer => Source::Server(Server::execute()?, Some(role)),
            StartMethod::Spawn => Source::Execution(role),
        };
        Ok(Self { source, daemonic: true })
    }

    /// Its processes may start processes of their own.
    #[must_use]
    pub(crate) fn may_have_children(mut self) -> Self {
        self.daemonic = false;
        self
    }

    /// Starts one process and sends it two numbers that its role knows the meaning of, `descriptors`, and `message`, which is encoded
    /// already.
    ///
    /// # Errors
    /// If the system has no room for a process; if the server is gone ([`Error::is_server_died`]); if the process ended before it took what it was sent
    /// ([`Error::is_start_failed`]); or at the deadline. No process is left then.
    pub(crate) fn start(
        &self,
        place: [u64; 2],
        descriptors: &[BorrowedFd<'_>],
        message: &[u8],
        deadline: Instant,
    ) -> Result<Started, Error> {
        let told =
            |role: Option<Role>| Announcement { role: role.map_or("", Role::name), place, daemonic: self.daemonic };
        match &self.source {
            Source::Server(server, role) => {
                let started = server.start(deadline)?;
                started.send(told(*role), descriptors, message, deadline)?;
                Ok(started)
            }
            Source::Execution(role) => Started::execute(told(Some(*role)), descriptors, message, deadline),
        }
    }

    /// The pid of the zygote or the fork server, if there is one.
    pub(crate) fn server_pid(&self) -> Option<u32> {
        match &self.source {
            Source::Server(server, _) => Some(server.pid()),
            Source::Execution(_) => None,
        }
    }
}

/// A process that a [`Starter`] has started. Dropping it kills it; one of our own is reaped too.
#[derive(Debug)]
pub(crate) struct Started {
    process: Process,
    /// None if nothing was ever to be sent.
    socket: Option<File>,
    /// The process ends when this end of the socket is gone.
    _lifeline: OwnedFd,
}

#[derive(Debug)]
enum Process {
    Own(Child),
    Served(Served),
}

impl Started {
    fn execute(
        told: Announcement<'_>,
        descriptors: &[BorrowedFd<'_>],
        message: &[u8],
        deadline: Instant,
    ) -> Result<Self, Error> {
        fork::keep_ended_children();
        let (ours, theirs) = lifeline()?;
        let (line, line_theirs) = lifeline()?;
        // `/proc/self/exe` is this very program, even if its file was replaced meanwhile. No `pre_exec`: it would turn the
        // cheap posix_spawn into a fork.
        let started = Command::new("/proc/self/exe").env(role::MARKER, role::WORKER).stdin(Stdio::from(theirs)).spawn();
        let started = started.map_err(Error::io("starting this program again as a worker"))?;
        let child = adopt(started.id()).map_err(Error::io("watching a worker"))?;
        fd::set_nonblocking(&ours).map_err(Error::io("preparing a worker"))?;
        let started = Self::own(child, Some(ours.into()), line);
        let all: Vec<_> = std::iter::once(line_theirs.as_fd()).chain(descriptors.iter().copied()).collect();
        started.send(told, &all, message, deadline)?;
        Ok(started)
    }

    fn served(process: Served, socket: File, line: OwnedFd) -> Self {
        Self { process: Process::Served(process), socket: Some(socket), _lifeline: line }
    }

    /// A child that its caller has forked and tied to the other end of `line`.
    pub(crate) fn own(child: Child, socket: Option<File>, line: OwnedFd) -> Self {
        Self { process: Process::Own(child), socket, _lifeline: line }
    }

    fn send(
        &self,
        told: Announcement<'_>,
        descriptors: &[BorrowedFd<'_>],
        message: &[u8],
        deadline: Instant,
    ) -> Result<(), Error> {
        let doing = "preparing a worker";
        let sent = arrival::announce(self.socket(), told, descriptors)
            .and_then(|()| frame::write(&mut Waiting::until(self.socket(), deadline), message));
        sent.map_err(|fault| match self.ended_early() {
            // A worker that died before it read its preparation says more than the broken pipe it leaves.
            Some(status) => Kind::StartFailed { pid: self.pid(), status }.into(),
            None => Error::io(doing)(fault),
        })
    }

    /// How it ended, if it has or is about to: a broken socket is seen a moment before the end.
    fn ended_early(&self) -> Option<Status> {
        // A busy machine may need long for that moment; one that goes on without its socket is not ours.
        let _ = fd::wait(&mut [(self.exit_event(), PollFlags::POLLIN)], Some(Instant::now() + REAP_WITHIN));
        self.peek().ok().flatten()
    }

    /// Waits until the process has called [`Arrival::ready`].
    ///
    /// # Errors
    /// If it ended before ([`Error::is_start_failed`]), or the deadline has passed.
    pub(crate) fn wait_until_ready(&self, deadline: Instant) -> Result<(), Error> {
        let begin = Instant::now();
        let mut byte = [0];
        let got = std::io::Read::read(&mut Waiting::until(self.socket(), deadline), &mut byte);
        match got {
            Ok(1) => Ok(()),
            Err(fault) if fault.kind() == std::io::ErrorKind::TimedOut => {
                Err(Kind::Deadline { doing: "waiting for a worker to start", limit: deadline - begin }.into())
            }
            other => match self.ended_early() {
                Some(status) => Err(Kind::StartFailed { pid: self.pid(), status }.into()),
                None => Err(Error::io("waiting for a worker to start")(
                    other.err().unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into()),
                )),
            },
        }
    }

    /// Closes the socket: nothing more is to be said. A process that reads from it sees its end.
    pub(crate) fn hang_up(&mut self) {
        self.socket = None;
    }

    pub(crate) fn pid(&self) -> u32 {
        match &self.process {
            Process::Own(child) => child.pid(),
            Process::Served(served) => served.pid(),
        }
    }

    /// The socket to it; non-blocking.
    ///
    /// # Panics
    /// If it was made without one.
    pub(crate) fn socket(&self) -> &File {
        self.socket.as_ref().expect("who talks with a process has made it with a socket")
    }

    /// Readable once the process has ended, or nobody can tell any more.
    pub(crate) fn exit_event(&self) -> BorrowedFd<'_> {
        match &self.process {
            Process::Own(child) => child.exit_event(),
            Process::Served(served) => served.exit_event(),
        }
    }

    /// How it ended; none while it runs.
    pub(crate) fn peek(&self) -> std::io::Result<Option<Status>> {
        match &self.process {
            Process::Own(child) => child.peek(),
            Process::Served(served) => Ok(served.wait_until(Instant::now())?.map(|(status, _)| status)),
        }
    }

    /// Sends SIGKILL; a process that has already ended is left alone.
    pub(crate) fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Sends a signal; a process that has already ended is left alone.
    pub(crate) fn signal(&self, signal: libc::c_int) {
        match &self.process {
            Process::Own(child) => child.signal(signal),
            Process::Served(served) => served.signal(signal),
        }
    }

    /// Waits until the process has ended, and reaps it; none if it still runs at the deadline.
    pub(crate) fn wait_until(&self, deadline: Instant) -> std::io::Result<Option<(Status, Usage)>> {
        match &self.process {
            Process::Own(child) => child.wait_until(deadline),
            Process::Served(served) => served.wait_until(deadline),
        }
    }
}

/// How long a server may take to end by itself once its client has left.
pub(crate) const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// Exit code of a process that lost what it needs before it could do its work.
pub(crate) const LOST: i32 = 70;
