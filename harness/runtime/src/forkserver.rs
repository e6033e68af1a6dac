//! CPython's start method `forkserver` by itself: a small server, started while it has one thread, forks children on request.
//!
//! The server is this program executed again, as with [`StartMethod::Spawn`], so that nothing the client's
//! threads hold at that moment is copied, then or later. A child costs a fork, not an execution. After
//! `Lib/multiprocessing/forkserver.py`; `start/README.md` describes the protocol. Unlike CPython's, a child of a server that
//! was killed is not called dead with code 255 while it lives: it is ended, and its status is unknown.

use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bincode::Decode;
use nix::poll::PollFlags;

use crate::codec::{self, Items, ItemsOf};
use crate::error::{Error, Kind};
use crate::function::{self, Function, Task};
use crate::start::{Arrival, LOST, REAP_WITHIN, Role, Started, Starter};
use crate::sys::fd;
use crate::sys::pid::Status;
use crate::waiting::{self, Waiting};
use crate::{StartMethod, frame};

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
pub struct ForkServer(Starter);

/// A child of the server that runs one function. Dropping it ends it.
#[derive(Debug)]
pub struct Served<O> {
    process: Started,
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
        Starter::new(StartMethod::ForkServer, Role::Call, &[], |_| LOST)
            .map(|starter| Self(starter.may_have_children()))
    }

    /// The server's pid.
    ///
    /// # Panics
    /// Never: there is always a server.
    pub fn pid(&self) -> u32 {
        self.0.server_pid().expect("a starter by fork server has one")
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
        let task = Task { job: 0, index: 0, name: F::NAME, function, chunk: ItemsOf(&[item]) };
        let process = self.0.start([0; 2], &[], &codec::dumps(&(true, task))?, deadline)?;
        Ok(Served { process, function: F::NAME, deadline, limit, output: PhantomData })
    }
}

impl<O: Decode<()>> Served<O> {
    /// Waits for what the function returns, and for the child's end.
    ///
    /// # Errors
    /// If the function panicked, the child died, its server died (the child is then ended, and how it would have ended is unknown), or
    /// its deadline has passed, which ends it too.
    pub fn join(mut self) -> Result<O, Error> {
        let data = self.process.socket();
        let mut events = [(data.as_fd(), PollFlags::POLLIN), (self.process.exit_event(), PollFlags::POLLIN)];
        let ready = fd::wait(&mut events, Some(self.deadline)).map_err(Error::io("waiting for a child"))?;
        if !ready.contains(&true) {
            return Err(self.too_late());
        }
        // Without data, the status says why there is none.
        let reply =
            if self.has_data(ready[0])? { frame::read(&mut Waiting::until(data, self.deadline)) } else { Ok(None) };
        if self.deadline <= Instant::now() && reply.is_err() {
            return Err(self.too_late());
        }
        let status = match self.process.wait_until(self.deadline).map_err(Error::io("waiting for a child"))? {
            Some((Status::Unknown, _)) => return Err(Kind::StatusUnknown { pid: self.pid() }.into()),
            Some((status, _)) => status,
            None => return Err(self.too_late()),
        };
        let failed = || Kind::ChildFailed { pid: self.pid(), status };
        let reply = reply.ok().flatten().filter(|_| status == Status::Exited(0)).ok_or_else(failed)?;
        let (_, _, _, outcome): (bool, u64, u64, Result<Items<O>, String>) = codec::loads(&reply)?;
        let outputs = outcome.map_err(|why| Error::from(Kind::TaskFailed { function: self.function, why }))?;
        let output = outputs.0.into_iter().next();
        output.ok_or_else(|| Kind::Decode { what: "a reply", why: "it holds no output".to_owned() }.into())
    }
}

impl<O> Served<O> {
    /// Whether a reply, or the end of the data, is there: `seen` in the look that saw this or the status, or else by a second look. The
    /// first takes one after the other, and between them the child may have answered and ended; its status is told after that.
    fn has_data(&self, seen: bool) -> Result<bool, Error> {
        let look = || fd::wait(&mut [(self.process.socket().as_fd(), PollFlags::POLLIN)], Some(Instant::now()));
        Ok(seen || look().map_err(Error::io("waiting for a child"))?[0])
    }

    /// The child's pid.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends the child. When this returns it is gone.
    fn too_late(&mut self) -> Error {
        self.process.kill();
        // A killed process ends; if the kernel refuses to say so there is nothing left that could be done here.
        let _ = self.process.wait_until(Instant::now() + REAP_WITHIN);
        Kind::Deadline { doing: "waiting for a child of the fork server", limit: self.limit }.into()
    }
}

/// The life of a child: one task, one reply.
pub(crate) fn arrived_call(arrival: Arrival) -> Result<i32, Error> {
    let Some(reply) = function::answer(&arrival.message()?, &())? else { return Ok(LOST) };
    frame::write(&mut &arrival.socket, &reply).map_err(Error::io("sending a reply"))?;
    Ok(0)
}
