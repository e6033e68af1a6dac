//! CPython's start method `forkserver`: a small server, started while it has one thread, forks children on request.
//!
//! The server is this program executed again, as with [`StartMethod::Spawn`](crate::StartMethod::Spawn), so that nothing the client's
//! threads hold at that moment is copied, then or later. A child costs a fork, not an execution. After
//! `Lib/multiprocessing/forkserver.py`; `README.md` beside this file describes the protocol. Unlike CPython's, a child of a server that
//! was killed is not called dead with code 255 while it lives: it is ended, and its status is unknown.

mod server;

use std::fs::File;
use std::marker::PhantomData;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bincode::Decode;
use nix::poll::PollFlags;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::classic::{FORK_SERVER, MARKER};
use crate::codec;
use crate::error::{Error, Kind};
use crate::frame;
use crate::function::{Function, Task};
use crate::sys::pid::{self, Status, Stranger, kill_unwatched};
use crate::sys::{fd, fork, rights};
use crate::waiting::{self, Waiting, pipe};

pub(crate) use server::serve;

/// How long the server may take to end by itself once its client has left.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// How long a killed process may take to disappear; it is in the kernel's hands by then.
const REAP_WITHIN: Duration = Duration::from_secs(10);

/// A running fork server. Dropping it ends it, and every child of it that still runs.
///
/// ```no_run
/// # use std::time::Duration;
/// # #[derive(bincode::Encode, bincode::Decode)]
/// # struct Square;
/// # impl multiprocess::Function for Square {
/// #     const NAME: &'static str = "example::Square";
/// #     type State = ();
/// #     type Item = u64;
/// #     type Output = u64;
/// #     fn call(&self, _: &(), item: u64) -> u64 { item * item }
/// # }
/// # multiprocess::register_function!(Square);
/// // The first line of `main` is `multiprocess::init()`.
/// let server = multiprocess::forkserver::ForkServer::start().unwrap();
/// let child = server.run(&Square, 12, Duration::from_secs(30)).unwrap();
/// assert_eq!(child.join().unwrap(), 144);
/// ```
#[derive(Debug)]
pub struct ForkServer {
    process: pid::Child,
    /// None once the server is told to leave.
    socket: Option<OwnedFd>,
}

/// A child of the server that runs one function. Dropping it ends it.
#[derive(Debug)]
pub struct Served<O> {
    pid: u32,
    /// None if it had already ended when we could have taken hold of it.
    process: Option<Stranger>,
    status: File,
    data: File,
    /// The child ends when this end of the socket is gone.
    _lifeline: OwnedFd,
    function: &'static str,
    deadline: Instant,
    limit: Duration,
    output: PhantomData<fn() -> O>,
}

impl ForkServer {
    /// Starts a server. This process may have any number of threads.
    ///
    /// # Errors
    /// If this program cannot be executed again, or is itself a worker whose `main` does not begin with [`init`](crate::init).
    pub fn start() -> Result<Self, Error> {
        if std::env::var_os(MARKER).is_some() {
            return Err(Kind::NotInitialised.into());
        }
        fork::keep_ended_children();
        let (ours, theirs) = socket_pair()?;
        let started = Command::new("/proc/self/exe").env(MARKER, FORK_SERVER).stdin(Stdio::from(theirs)).spawn();
        let pid = started.map_err(Error::io("starting this program again as a fork server"))?.id();
        let process = pid::Child::adopt(pid).inspect_err(|_| kill_unwatched(pid));
        Ok(Self { process: process.map_err(Error::io("watching the fork server"))?, socket: Some(ours) })
    }

    /// The server's pid.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Lets the server fork a child that calls `function` on `item`. The child has until `limit` from now on.
    ///
    /// # Errors
    /// If the item cannot be encoded, the server is gone ([`Error::is_server_died`]), or it cannot fork: for want of memory, processes or
    /// descriptors. The server and its other children live on then.
    pub fn run<F: Function<State = ()>>(
        &self,
        function: &F,
        item: F::Item,
        limit: Duration,
    ) -> Result<Served<F::Output>, Error> {
        let deadline = waiting::after(limit);
        let task = Task { job: 0, index: 0, name: F::NAME, function, chunk: &[item] };
        let message = codec::dumps(&(true, task))?;
        let (status, status_theirs) = pipe().map_err(Error::io("making a pipe for a child"))?;
        let (data, data_theirs) = socket_pair()?;
        let (lifeline, lifeline_theirs) = socket_pair()?;
        let socket = self.socket.as_ref().ok_or_else(|| Kind::Refused { why: "it was told to leave".to_owned() })?;
        let theirs = [status_theirs.as_fd(), data_theirs.as_fd(), lifeline_theirs.as_fd()];
        rights::send(socket, &[server::FORK], theirs).map_err(|fault| self.silent(fault.to_string()))?;
        // Only the server and its child hold these now, so that their end is seen here.
        drop((status_theirs, data_theirs, lifeline_theirs));
        let prepared = |end: &OwnedFd| fd::set_nonblocking(end).map_err(Error::io("preparing a child"));
        prepared(&status).and_then(|()| prepared(&data))?;
        let (status, data) = (File::from(status), File::from(data));
        let pid = self.pid_of_child(&status, deadline, limit)?;
        let process = alive(pid, &status).map_err(Error::io("watching a child"))?;
        let child = Served {
            pid,
            process,
            status,
            data,
            _lifeline: lifeline,
            function: F::NAME,
            deadline,
            limit,
            output: PhantomData,
        };
        // A child that has died already says so when it is joined.
        match frame::write(&mut Waiting::until(&child.data, deadline), &message) {
            Err(fault) if fault.kind() == std::io::ErrorKind::TimedOut => Err(child.too_late()),
            _ => Ok(child),
        }
    }

    /// The first number on the status pipe.
    fn pid_of_child(&self, status: &File, deadline: Instant, limit: Duration) -> Result<u32, Error> {
        match number(status, deadline) {
            Ok(Some(pid)) => u32::try_from(pid).map_err(|_| Kind::Refused { why: errno(pid) }.into()),
            // Closed without a number, by the server's end or because it could not even take this pipe.
            Ok(None) => Err(self.silent("it had no room for the descriptors of a child".to_owned())),
            Err(fault) if fault.kind() == std::io::ErrorKind::TimedOut => {
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
            Ok(Some(status)) => Kind::ServerDied { pid: self.pid(), status }.into(),
            _ => Kind::Refused { why }.into(),
        }
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        // Without its client the server kills and reaps its children and leaves. If it does not, it is killed with `process`.
        self.socket = None;
        let _ = self.process.wait_until(Instant::now() + LEAVE_WITHIN);
    }
}

impl<O: Decode<()>> Served<O> {
    /// Waits for what the function returns, and for the child's end.
    ///
    /// # Errors
    /// If the function panicked, the child died, its server died (the child is then ended, and how it would have ended is unknown), or
    /// its deadline has passed, which ends it too.
    pub fn join(self) -> Result<O, Error> {
        let mut events = [(self.data.as_fd(), PollFlags::POLLIN), (self.status.as_fd(), PollFlags::POLLIN)];
        let ready = fd::wait(&mut events, Some(self.deadline)).map_err(Error::io("waiting for a child"))?;
        if !ready.contains(&true) {
            return Err(self.too_late());
        }
        // Without data, the status says why there is none.
        let reply = if self.has_data(ready[0])? {
            frame::read(&mut Waiting::until(&self.data, self.deadline))
        } else {
            Ok(None)
        };
        if self.deadline <= Instant::now() && reply.is_err() {
            return Err(self.too_late());
        }
        let status = self.ended()?;
        let failed = || Kind::ChildFailed { pid: self.pid, status };
        let reply = reply.ok().flatten().filter(|_| status == Status::Exited(0)).ok_or_else(failed)?;
        let (_, _, _, outcome): (bool, u64, u64, Result<Vec<O>, String>) = codec::loads(&reply)?;
        let outputs = outcome.map_err(|why| Error::from(Kind::TaskFailed { function: self.function, why }))?;
        let output = outputs.into_iter().next();
        output.ok_or_else(|| Kind::Decode { what: "a reply", why: "it holds no output".to_owned() }.into())
    }

    /// How the child ended, by the second number on the status pipe: a code, or a negative signal.
    fn ended(&self) -> Result<Status, Error> {
        match number(&self.status, self.deadline) {
            Ok(Some(code)) => {
                let small = i32::try_from(code).unwrap_or(i32::MAX);
                Ok(if small < 0 { Status::Signalled(-small) } else { Status::Exited(small) })
            }
            // Nobody is left who could tell. The child may still run: it is ended, so that nobody is called dead who is not.
            Ok(None) => {
                self.end();
                Err(Kind::StatusUnknown { pid: self.pid }.into())
            }
            Err(_) => Err(self.too_late()),
        }
    }
}

impl<O> Served<O> {
    /// Whether a reply, or the end of the data, is there: `seen` in the look that saw this or the status, or else by a second look. The
    /// first takes one after the other, and between them the child may have answered and ended; its status is told after that.
    fn has_data(&self, seen: bool) -> Result<bool, Error> {
        let look = || fd::wait(&mut [(self.data.as_fd(), PollFlags::POLLIN)], Some(Instant::now()));
        Ok(seen || look().map_err(Error::io("waiting for a child"))?[0])
    }

    /// The child's pid.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ends the child and waits until it is gone.
    fn end(&self) {
        if let Some(process) = &self.process {
            process.kill();
            let mut gone = [(process.exit_event(), PollFlags::POLLIN)];
            // A killed process ends; if the kernel refuses to say so there is nothing left that could be done here.
            let _ = fd::wait(&mut gone, Some(Instant::now() + REAP_WITHIN));
        }
    }

    fn too_late(&self) -> Error {
        self.end();
        Kind::Deadline { doing: "waiting for a child of the fork server", limit: self.limit }.into()
    }
}

impl<O> Drop for Served<O> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Takes hold of the child, unless it has ended. The server reaps a child only after it has written how it ended: while that is not
/// there, the pid is the child's. If the server died just now, nobody can say whose the pid is; then the lifeline alone ends the child.
fn alive(pid: u32, status: &File) -> std::io::Result<Option<Stranger>> {
    let process = match Stranger::open(pid) {
        Err(fault) if fault.raw_os_error() == Some(nix::libc::ESRCH) => return Ok(None),
        other => other?,
    };
    let ended = fd::wait(&mut [(status.as_fd(), PollFlags::POLLIN)], Some(Instant::now()))?[0];
    Ok((!ended).then_some(process))
}

/// A number as it stands on the status pipe: eight bytes of this machine, CPython's `struct` format `q`. None at the end of the pipe.
fn number(status: &File, deadline: Instant) -> std::io::Result<Option<i64>> {
    let mut bytes = [0; 8];
    match std::io::Read::read_exact(&mut Waiting::until(status, deadline), &mut bytes) {
        Ok(()) => Ok(Some(i64::from_ne_bytes(bytes))),
        Err(fault) if fault.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A negative number in place of a pid is the error of the fork.
fn errno(negative: i64) -> String {
    std::io::Error::from_raw_os_error(i32::try_from(-negative).unwrap_or(0)).to_string()
}

fn socket_pair() -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
        .map_err(|fault| Error::io("making a socket")(fault.into()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_reply_that_came_after_the_look_for_it_is_not_missed() {
        let (status, _server) = pipe().unwrap();
        let [(data, child), (lifeline, _child)] = [(); 2].map(|()| socket_pair().unwrap());
        let limit = Duration::from_secs(60);
        let served = Served::<u64> {
            pid: std::process::id(),
            process: None,
            status: status.into(),
            data: data.into(),
            _lifeline: lifeline,
            function: "tests::function",
            deadline: waiting::after(limit),
            limit,
            output: PhantomData,
        };
        assert!(!served.has_data(false).unwrap());
        File::from(child).write_all(b"a reply").unwrap();
        assert!(served.has_data(false).unwrap());
    }
}
