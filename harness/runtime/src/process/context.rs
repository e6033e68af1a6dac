//! What a process is started with: its options, and the method, held for many of them.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};

use super::arrived::{Setting, arrived_process};
use super::life::Life;
use super::{FAILED, Inherited, Process, family};
use crate::codec::{self, ItemsOf};
use crate::error::Error;
use crate::function::{Function, Task};
use crate::meter::SLOT_BYTES;
use crate::start::{Role, Starter};
use crate::sys::shared::Shared;
use crate::{StartMethod, waiting};

/// How a process is named and ended, and how long its start may take.
#[derive(Clone, Debug)]
pub struct Options {
    pub(super) name: Option<String>,
    pub(super) daemon: bool,
    within: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// No daemon, named by its number, started within a minute.
    ///
    /// ```no_run
    /// use multiprocess::process::Options;
    /// let process = Options::new().name("counter").daemon(true).fork(&[], || 0).unwrap();
    /// assert!(process.is_daemon() && process.name() == "counter");
    /// ```
    pub fn new() -> Self {
        Self { name: None, daemon: false, within: Duration::from_secs(60) }
    }

    /// Names it; else it is called `Process-N`.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Whether it is daemonic: see [`finish_children`](super::finish_children) and [`is_daemonic`](crate::is_daemonic).
    #[must_use]
    pub fn daemon(mut self, daemon: bool) -> Self {
        self.daemon = daemon;
        self
    }

    /// How long its start may take, until it has taken its work.
    #[must_use]
    pub fn start_within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// Forks a process that runs `body`: [`Process::start`] with these options.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn fork(self, inherits: &[&dyn Inherited], body: impl FnOnce() -> i32) -> Result<Process, Error> {
        Process::forked(self, inherits, body)
    }
}

/// Starts processes by one method, CPython's `multiprocessing.get_context`. They run a registered function, from whatever thread they are
/// asked for; a clone shares the zygote or the fork server, which lives for as long as it or a process of it.
///
/// ```no_run
/// use std::time::Duration;
/// use multiprocess::StartMethod;
/// use multiprocess::process::{Context, Options};
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
/// let context = Context::new(StartMethod::Spawn).unwrap();
/// let mut process = context.start(Options::new(), &Square, 12, &[]).unwrap();
/// assert_eq!(process.output(Duration::from_secs(30)).unwrap(), 144);
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    method: StartMethod,
    starter: Arc<Starter>,
}

impl Context {
    /// A context of `method`. With `fork` this process must have a single thread now, and later need not: its zygote forks.
    ///
    /// # Errors
    /// If this process is daemonic ([`Error::is_daemonic`]), a fork is refused ([`Error::is_fork_refused`]), the system has no room for a server,
    /// or this process is a worker whose `main` does not begin with [`init`](crate::init).
    pub fn new(method: StartMethod) -> Result<Self, Error> {
        let life = |arrival| {
            arrived_process(arrival).unwrap_or_else(|fault| {
                eprintln!("process {}: {fault}", std::process::id());
                FAILED
            })
        };
        let starter = Starter::new(method, Role::Process, &[], life)?.may_have_children();
        Ok(Self { method, starter: Arc::new(starter) })
    }

    /// Its method.
    pub fn method(&self) -> StartMethod {
        self.method
    }

    /// The pid of the zygote or the fork server; none with `spawn`.
    pub fn server_pid(&self) -> Option<u32> {
        self.starter.server_pid()
    }

    /// Starts a process that calls `function` on `item`, and waits until it has taken its work. Copies of the descriptors in `handed` go to
    /// it, for a function whose `State` is [`Handed`](super::Handed).
    ///
    /// # Errors
    /// If the item cannot be encoded; if the process ended before it took its work, whoever ended it ([`Error::is_start_failed`]); if the
    /// server is gone ([`Error::is_server_died`]); if the system has no room for it; or at the limit of [`Options::start_within`]. No process
    /// is left then.
    ///
    /// # Panics
    /// If more than 250 descriptors are handed over.
    pub fn start<F>(
        &self,
        options: Options,
        function: &F,
        item: F::Item,
        handed: &[BorrowedFd<'_>],
    ) -> Result<Process<F::Output>, Error>
    where
        F: Function,
        F::State: Setting,
    {
        let deadline = waiting::after(options.within);
        let slot = Arc::new(Shared::create(SLOT_BYTES).map_err(Error::io("making room for counts"))?);
        let output = memfd_create("multiprocess", MFdFlags::MFD_CLOEXEC);
        let output = output.map_err(|fault| Error::io("making room for an output")(fault.into()))?;
        let (name, identity) = family::name_child(options.name);
        let task = Task { job: 0, index: 0, name: F::NAME, function, chunk: ItemsOf(&[item]) };
        let about = (&name, &identity, options.daemon, <F::State as super::arrived::Sealed>::HANDED);
        let message = codec::dumps(&(about, (true, task)))?;
        let descriptors: Vec<_> = [slot.fd(), output.as_fd()].into_iter().chain(handed.iter().copied()).collect();
        let mut started = self.starter.start([0; 2], &descriptors, &message, deadline)?;
        started.wait_until_ready(deadline)?;
        started.hang_up();
        let life = Life::new(started, slot, name, options.daemon, Some(Arc::clone(&self.starter)));
        Ok(Process::of(life, Some((File::from(output), F::NAME))))
    }
}
