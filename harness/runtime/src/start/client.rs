//! A server from its client's side: how it is started, asked, and told to leave.

use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use nix::poll::PollFlags;

use super::arrival::Arrival;
use super::role::{FORK_SERVER, MARKER, refuse_uninitialised};
use super::served::Served;
use super::{LEAVE_WITHIN, LOST, Started, server};
use crate::error::{Error, Kind};
use crate::process::{adopt, lifeline, may_fork};
use crate::sys::pid::Child;
use crate::sys::{fd, fork, rights};
use crate::trace;
use crate::waiting::{Waiting, pipe};

/// A running zygote or fork server. Dropping it ends it, and every process of it that still runs.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    /// None once the server is told to leave.
    socket: Option<OwnedFd>,
    /// Whether it has shown that it serves. A program executed again may never, a fork of this one does from the beginning. Relaxed: only
    /// an error's words depend on it.
    serves: AtomicBool,
}

impl Server {
    /// Executes this program again as a fork server. This process may have any number of threads.
    pub(crate) fn execute() -> Result<Self, Error> {
        refuse_uninitialised()?;
        fork::keep_ended_children();
        let (ours, theirs) = lifeline()?;
        let started = Command::new("/proc/self/exe").env(MARKER, FORK_SERVER).stdin(Stdio::from(theirs)).spawn();
        let pid = started.map_err(Error::io("starting this program again as a fork server"))?.id();
        let process = adopt(pid).map_err(Error::io("watching the fork server"))?;
        Ok(Self { process, socket: Some(ours), serves: AtomicBool::new(false) })
    }

    /// Forks a zygote, whose children live `life`. Descriptors in `keep` stay open in it and in them.
    pub(super) fn fork(keep: &[RawFd], life: impl FnMut(Arrival) -> i32) -> Result<Self, Error> {
        may_fork()?;
        fork::keep_ended_children();
        let (ours, theirs) = lifeline()?;
        let all: Vec<RawFd> = keep.iter().copied().chain([theirs.as_raw_fd()]).collect();
        let pid = fork::child(&all, || {
            // Its children are told each time whether there is a trace.
            trace::off();
            server::serve(&theirs, keep, life).unwrap_or(LOST)
        });
        let process = pid.and_then(adopt).map_err(Error::io("forking a zygote"))?;
        Ok(Self { process, socket: Some(ours), serves: AtomicBool::new(true) })
    }

    /// The server's pid.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Lets the server fork a process. It waits for its announcement.
    pub(crate) fn start(&self, deadline: Instant) -> Result<Started, Error> {
        let (status, status_theirs) = pipe().map_err(Error::io("making a pipe for a child"))?;
        let (data, data_theirs) = lifeline()?;
        let (line, line_theirs) = lifeline()?;
        let socket = self.socket.as_ref().ok_or_else(|| Kind::Refused { why: "it was told to leave".to_owned() })?;
        let theirs = [status_theirs.as_fd(), data_theirs.as_fd(), line_theirs.as_fd()];
        rights::send(socket.as_fd(), &[server::FORK], &theirs).map_err(|fault| self.silent(fault.to_string()))?;
        // Only the server and its child hold these now, so that their end is seen here.
        drop((status_theirs, data_theirs, line_theirs));
        let prepared = |end: &OwnedFd| fd::set_nonblocking(end).map_err(Error::io("preparing a child"));
        prepared(&status).and_then(|()| prepared(&data))?;
        let (status, data) = (File::from(status), File::from(data));
        let pid = self.pid_of_child(&status, deadline)?;
        let process = Served::hold(pid, status).map_err(Error::io("watching a child"))?;
        Ok(Started::served(process, data, line))
    }

    /// The first number on the status pipe.
    fn pid_of_child(&self, status: &File, deadline: Instant) -> Result<u32, Error> {
        let begin = Instant::now();
        let mut bytes = [0; 8];
        match std::io::Read::read_exact(&mut Waiting::until(status, deadline), &mut bytes) {
            Ok(()) => {
                self.serves.store(true, Relaxed);
                let pid = i64::from_ne_bytes(bytes);
                u32::try_from(pid).map_err(|_| Kind::Refused { why: errno(pid) }.into())
            }
            // Closed without a number, by the server's end or because it could not even take this pipe.
            Err(fault) if fault.kind() == ErrorKind::UnexpectedEof => {
                Err(self.silent("it had no room for the descriptors of a child".to_owned()))
            }
            Err(fault) if fault.kind() == ErrorKind::TimedOut => {
                let limit = deadline.saturating_duration_since(begin);
                Err(Kind::Deadline { doing: "waiting for the fork server", limit }.into())
            }
            Err(fault) => Err(Error::io("waiting for the fork server")(fault)),
        }
    }

    /// Why the server does not answer: its death, or `why` if it lives.
    fn silent(&self, why: String) -> Error {
        // Its death may be known a moment after its socket is closed.
        let ended =
            fd::wait(&mut [(self.process.exit_event(), PollFlags::POLLIN)], Some(Instant::now() + LEAVE_WITHIN));
        match ended.and_then(|_| self.process.peek()) {
            Ok(Some(status)) => Kind::ServerDied { pid: self.pid(), status, served: self.serves.load(Relaxed) }.into(),
            _ => Kind::Refused { why }.into(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Without its client the server kills and reaps its children and leaves. If it does not, it is killed with `process`.
        self.socket = None;
        let _ = self.process.wait_until(Instant::now() + LEAVE_WITHIN);
    }
}

/// A negative number in place of a pid is the error of the fork.
pub(super) fn errno(negative: i64) -> String {
    std::io::Error::from_raw_os_error(i32::try_from(negative.unsigned_abs()).unwrap_or(0)).to_string()
}
