//! Futures over the machinery of the [`Pool`](crate::Pool): what CPython's `concurrent.futures.ProcessPoolExecutor` means, without its hangs.
//!
//! An [`Executor`] hands out a [`Future`] for each task; a manager thread drives the workers. A worker that ends unasked breaks the
//! executor: whatever is under way fails with an error that names it ([`Error::is_broken`](crate::Error::is_broken)), and nothing more is taken.
//! Who wants to go on working uses the [`Pool`](crate::Pool), which loses one task with a worker and no more.
//!
//! `README.md` beside this file has the protocol: parties, states, the manager's loop, the races.
//!
//! ```no_run
//! use std::time::Duration;
//! use multiprocess::executor::{Config, Executor, as_completed};
//!
//! #[derive(bincode::Encode, bincode::Decode)]
//! struct Square;
//!
//! impl multiprocess::Function for Square {
//!     const NAME: &'static str = "example::Square";
//!     type State = ();
//!     type Item = u64;
//!     type Output = u64;
//!     fn call(&self, _: &(), item: u64) -> u64 {
//!         item * item
//!     }
//! }
//! multiprocess::register_function!(Square);
//!
//! # fn main() -> Result<(), multiprocess::Error> {
//! multiprocess::init();
//! let executor = Executor::new(Config::new(4))?;
//! let futures: Vec<_> = (0..100).map(|x| executor.submit(Square, x)).collect::<Result<_, _>>()?;
//! for future in as_completed(&futures, Duration::from_secs(10)) {
//!     println!("{}", future?.result(Duration::ZERO)?);
//! }
//! for output in executor.map(Square, 0..1_000, 50, Duration::from_secs(10))? {
//!     println!("{}", output?);
//! }
//! executor.shutdown(true, false);
//! # Ok(())
//! # }
//! ```
//!
//! # How it differs from CPython
//!
//! - **A torn result breaks it.** A worker that dies in the middle of a reply leaves CPython's manager waiting for the rest, and `shutdown` with it.
//!   Here each worker has a socket of its own, and its end ends the reply.
//! - **Nothing outlives its parent.** After SIGKILL of the parent CPython's workers live on (gh-111873); here a lifeline ends them.
//! - **`fork` starts workers as they are needed**, as the other methods do, and allows
//!   [`max_tasks_per_child`](Config::max_tasks_per_child). CPython starts all at once and refuses the latter, because forking while its manager
//!   thread runs is unsafe (gh-90622). Here a zygote forks, made while the process has one thread; so the executor must be made then.
//! - **A task that exits ends its worker.** CPython delivers `SystemExit` as the task's error; here `std::process::exit(3)` is the end of a process,
//!   and the executor is broken by a worker that "exited with code 3". A panic is delivered, as an exception is.
//! - **What goes wrong on the way costs one task, wherever it does.** An item that panics while a worker decodes it, or an output that cannot be
//!   decoded, breaks CPython's executor; here it is the error of its future. In a chunk of a map it is the error of its item, and not of the chunk.
//! - **The error names the worker**: its pid, how it ended, and the function it was at. CPython says that some process was terminated abruptly.
//! - **The call queue is here**, in the parent, so that a task is encoded only when a worker is free for it. It has the same length, and what
//!   stands in it counts as running: of m tasks that never end on n workers, 2n + 1 cannot be cancelled.
//! - **A worker that ignores SIGTERM** is killed after [`grace`](Config::grace); CPython waits for it.
//! - **`shutdown(.., true)` tells whoever waits** for the futures it cancels; in CPython `wait` never returns for them.
//! - **Callbacks that panic** are counted as well as reported.
//! - **The end of `main` waits for nothing.** After `shutdown(false, ..)` and a drop the work goes on only while the process lives; what is not
//!   finished then is lost without a word. CPython joins at its exit.
//! - **Dropping it kills** its workers, if it was not shut down before; CPython lets the work go on.

mod call;
mod config;
mod desk;
mod future;
mod manager;
mod map;
mod watch;

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, ThreadId};
use std::time::Duration;

pub use config::{Config, Tally};
pub use future::{Future, State};
pub use map::Map;
pub use watch::{AsCompleted, ReturnWhen, Waited, as_completed, wait};

use crate::error::{Error, Kind};
use crate::function::{Function, Initializer};
use crate::pool::{Crew, Record, encoded};
use crate::start::LEAVE_WITHIN;
use crate::{StartMethod, codec};
use call::{Call, Task};
use desk::{Desk, Stance};
use manager::Manager;
use map::Outcomes;

/// Carries out tasks in processes that hold an `S` each, left there by an initializer, and hands out a [`Future`] for each task.
///
/// It may be shared between threads. Dropping it cancels what is pending, kills its workers and waits for their end, unless it was
/// [shut down](Self::shutdown) before: then what is under way is finished, for as long as this process lives. A callback that does not return
/// holds a drop up for [`grace`](Config::grace) and two seconds at most.
///
/// [`StartMethod::Fork`], which a [`Config`] begins with, is refused while this process has other threads, those of another pool or executor
/// among them: then use [`StartMethod::ForkServer`] or [`StartMethod::Spawn`], or make this one first.
pub struct Executor<S = ()> {
    desk: Arc<Desk>,
    manager: Mutex<Option<JoinHandle<()>>>,
    manager_id: ThreadId,
    config: Config,
    state: PhantomData<fn() -> S>,
}

impl Executor {
    /// An executor without an initializer. No worker is started yet.
    ///
    /// With [`StartMethod::Fork`] this process must have one thread: a copy of it as it is now, the zygote, forks the workers.
    ///
    /// # Errors
    /// If there are to be no workers, the system has no room, a fork is refused because this process has threads or holds a part of a
    /// shared array or a block ([`Error::is_fork_refused`]), or two functions share a name.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::launch(config, &codec::dumps(&false)?, |_| Ok(Box::new(())))
    }
}

impl<S: 'static> Executor<S> {
    /// An executor whose workers first run `initializer`; what that returns is handed to every function.
    ///
    /// If an initializer fails, the executor is broken.
    ///
    /// # Errors
    /// As [`Executor::new`]; also if the initializer cannot be encoded for a worker that is not forked.
    pub fn with_initializer<I: Initializer<State = S>>(config: Config, initializer: I) -> Result<Self, Error> {
        // A forked worker has inherited it; the message then only says so.
        let preparation = match config.start_method {
            StartMethod::Fork => codec::dumps(&false)?,
            StartMethod::ForkServer | StartMethod::Spawn => codec::dumps(&Some((I::NAME, &initializer)))?,
        };
        let mut initializer = Some(initializer);
        Self::launch(config, &preparation, move |_| {
            let initializer = initializer.take().ok_or(Kind::Closed)?;
            Ok(Box::new(initializer.initialize()))
        })
    }

    fn launch(
        config: Config,
        preparation: &[u8],
        initialize: impl FnMut(&[u8]) -> Result<Box<dyn Any>, Error>,
    ) -> Result<Self, Error> {
        // Before the thread: a zygote is forked in here.
        let crew = Crew::form(config.of_the_pool(), preparation, initialize)?;
        let desk = Arc::new(Desk::new(crew.bell()));
        let manager = Manager::new(Arc::clone(&desk), crew, config.max_workers);
        let thread = std::thread::Builder::new().name(manager::NAME.to_owned()).spawn(|| manager.live());
        let thread = thread.map_err(Error::io("starting an executor's manager"))?;
        let manager_id = thread.thread().id();
        Ok(Self { desk, manager: Mutex::new(Some(thread)), manager_id, config, state: PhantomData })
    }

    /// Hands in one item, and returns the future of its output.
    ///
    /// # Errors
    /// If the function cannot be encoded, the executor is broken ([`Error::is_broken`]) or was shut down ([`Error::is_shut_down`]).
    pub fn submit<F: Function<State = S>>(&self, function: F, item: F::Item) -> Result<Future<F::Output>, Error> {
        self.desk.check()?;
        let function = encoded(&function)?;
        let future = Future::new(&self.desk.counters);
        let task = Task::<F, F::Output> {
            future: future.clone(),
            function,
            items: vec![item],
            shape: |outcomes| outcomes.into_iter().next().unwrap_or_else(|| Err(Kind::Closed.into())),
            is_taken_over: false,
        };
        self.desk.submit(vec![Box::new(task)])?;
        Ok(future)
    }

    /// Applies `function` to every item, in tasks of `chunksize` items each (at least 1, which is CPython's default), and returns the outcomes in
    /// the order of the items. All items are taken and handed in now.
    ///
    /// The whole may take `limit`, counted from this call ([`Duration::MAX`] for as long as it takes): an output that is not there by then is given
    /// as an error ([`Error::is_deadline`]), which is the last.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn map<F: Function<State = S>>(
        &self,
        function: F,
        items: impl IntoIterator<Item = F::Item>,
        chunksize: usize,
        limit: Duration,
    ) -> Result<Map<F>, Error> {
        self.desk.check()?;
        let function = encoded(&function)?;
        let (mut calls, mut chunks): (Vec<Box<dyn Call>>, _) = (Vec::new(), VecDeque::new());
        let mut items = items.into_iter();
        loop {
            let chunk: Vec<F::Item> = items.by_ref().take(chunksize.max(1)).collect();
            if chunk.is_empty() {
                break;
            }
            let future = Future::new(&self.desk.counters);
            chunks.push_back((future.clone(), chunk.len()));
            let function = Arc::clone(&function);
            let task = Task::<F, Outcomes<F>> { future, function, items: chunk, shape: Ok, is_taken_over: false };
            calls.push(Box::new(task));
        }
        self.desk.submit(calls)?;
        Ok(Map::new(chunks, limit))
    }

    /// Takes nothing more. What is under way is finished, unless `cancel_futures` says that what is still pending is cancelled.
    ///
    /// With `wait` this returns when every worker has ended, which takes as long as their tasks do; without, at once. It may be called again.
    /// A callback of a future that calls it does not wait.
    ///
    /// Nothing waits at the end of `main`: what is not finished by then is lost without a word. CPython joins at its exit. So wait here, call
    /// [`finish`](Self::finish), or wait for the futures before `main` returns.
    pub fn shutdown(&self, wait: bool, cancel_futures: bool) {
        self.desk.shut(cancel_futures, None);
        if wait {
            self.join(Duration::MAX);
        }
    }

    /// Shuts down as `shutdown(false, true)` and sends SIGTERM to every worker: what is running fails, with an error that says that the executor
    /// is broken. From CPython 3.14. Does not wait.
    pub fn terminate_workers(&self) {
        self.desk.shut(true, Some(libc::SIGTERM));
    }

    /// As [`terminate_workers`](Self::terminate_workers), with SIGKILL.
    pub fn kill_workers(&self) {
        self.desk.shut(true, Some(libc::SIGKILL));
    }

    /// Shuts down, waits until everything is done and every worker has left, and reports on every worker that there ever was, each once.
    ///
    /// # Errors
    /// If that takes longer than `limit`. Then what is pending was cancelled and the workers were killed. If the manager does not get to that
    /// within [`grace`](Config::grace) and two seconds more, because it is in a callback that does not return, it is left behind, and the
    /// error says so; it ends the workers when the callback returns, or they end with this process.
    pub fn finish(self, limit: Duration) -> Result<Vec<Record>, Error> {
        self.desk.shut(false, None);
        if self.join(limit) {
            return Ok(self.desk.told().records);
        }
        self.kill_workers();
        let doing = if self.is_manager() || self.join(self.ends_within()) {
            "finishing an executor"
        } else {
            // Dropping it does not wait for the same once more.
            drop(self.manager.lock().unwrap_or_else(PoisonError::into_inner).take());
            "finishing an executor, whose manager thread a callback holds up and is left behind"
        };
        Err(Kind::Deadline { doing, limit }.into())
    }

    /// What it has done so far.
    pub fn tally(&self) -> Tally {
        self.desk.counters.tally(self.desk.told().started)
    }

    /// The pids of its workers.
    pub fn worker_pids(&self) -> Vec<u32> {
        self.desk.told().pids
    }
}

impl<S> Executor<S> {
    /// Waits for the manager's end, for at most `limit`; tells whether it has come. No lock is held meanwhile: callbacks may ask for the same.
    fn join(&self, limit: Duration) -> bool {
        if self.is_manager() || !self.desk.wait_until_over(limit) {
            // The manager, in a callback, cannot wait for itself.
            return false;
        }
        let thread = self.manager.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Its panics are caught.
            let _ = thread.join();
        }
        true
    }

    /// How long the manager may take once the workers are to be killed, if no callback holds it up.
    fn ends_within(&self) -> Duration {
        self.config.grace.saturating_add(LEAVE_WITHIN)
    }

    fn is_manager(&self) -> bool {
        std::thread::current().id() == self.manager_id
    }
}

impl<S> Drop for Executor<S> {
    fn drop(&mut self) {
        match self.desk.stance() {
            // Left to finish what it has: so it was told.
            Stance::Finishing => return,
            Stance::Open => self.desk.shut(true, Some(libc::SIGKILL)),
            Stance::Ending => {}
        }
        if self.manager.get_mut().unwrap_or_else(PoisonError::into_inner).is_some() {
            // If the last handle goes with a callback, or one holds the manager up, that ends without being waited for.
            self.join(self.ends_within());
        }
    }
}

impl<S> fmt::Debug for Executor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("config", &self.config).finish_non_exhaustive()
    }
}
