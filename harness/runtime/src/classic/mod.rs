//! CPython's `Pool`, part by part: a task queue in the process, an in-queue and an out-queue (one pipe and one lock each), and
//! the task, worker and result handler threads. After `Lib/multiprocessing/pool.py`.
//!
//! Faithful where it costs: every task carries its function, every message goes through one shared pipe, results come back
//! the same way. Unfaithful where CPython would hang: there a [`HangReport`] says which worker died, doing what, which lock it took with it and
//! which tasks were lost.
//!
//! `README.md` beside this file describes the protocol between its parties, and why it never waits for ever.

mod arguments;
mod board;
mod callbacks;
mod closed;
mod config;
mod crew;
mod draw;
mod engine;
mod handlers;
mod imap;
mod jobs;
mod map_job;
mod report;
mod results;
mod start;
mod worker;

use std::marker::PhantomData;
use std::sync::atomic::Ordering::Relaxed;

use bincode::{Decode, Encode};

pub use arguments::Arguments;
pub use callbacks::Callbacks;
pub use closed::Closed;
pub use config::{Chunksize, Config};
pub use engine::Ended;
pub use imap::ImapIterator;
pub use jobs::TaskCounts;
pub use report::{Death, Doing, HangReport, LostTask, QueueLock};
pub use results::{AsyncResult, MapResult, Outcomes, TaskFailure};
pub(crate) use start::arrived_worker;

use crate::error::{Error, Kind};
use crate::function::{Function, Initializer};
use crate::meter::{Counts, WorkerReport};
use draw::Sequence;
use engine::Engine;
use handlers::Order;
use imap::{ImapJob, Turns};
use map_job::MapJob;
use start::Setup;

/// A pool whose workers hold an `S` each, left there by its initializer.
///
/// A pool that is dropped without [`finish`](Pool::finish), [`close`](Pool::close) or [`terminate`](Pool::terminate) kills its workers and
/// reaps them; whoever still waits for a result gets an error.
#[derive(Debug)]
pub struct Pool<S> {
    engine: Engine,
    state: PhantomData<fn() -> S>,
}

/// The initializer of a pool that has none.
#[derive(Debug, Encode, Decode)]
struct Nothing;

impl Initializer for Nothing {
    const NAME: &'static str = "multiprocess::Nothing";
    type State = ();

    fn initialize(self) {}
}

impl Pool<()> {
    /// Starts a pool without an initializer.
    ///
    /// # Errors
    /// If a worker cannot be started, a fork is refused because this process has threads or holds a part of a shared array or a block
    /// ([`Error::is_fork_refused`]), or two functions share a name.
    pub fn start(config: Config) -> Result<Self, Error> {
        Self::launch::<Nothing>(config, Setup(None))
    }
}

impl<S: 'static> Pool<S> {
    /// Starts a pool in which each worker first runs `initializer`; what that returns is handed to every mapped function.
    ///
    /// This is the encapsulated initializer that the post "Multiprocessing.Pool() - Stuck in a Pickle" proposes.
    ///
    /// # Errors
    /// As [`Pool::start`]; also if the initializer cannot be encoded for a spawned worker.
    pub fn start_with<I: Initializer<State = S>>(config: Config, initializer: I) -> Result<Self, Error> {
        Self::launch(config, Setup(Some(initializer)))
    }

    fn launch<I: Initializer>(config: Config, setup: Setup<I>) -> Result<Self, Error> {
        Ok(Self { engine: Engine::launch(config, setup)?, state: PhantomData })
    }

    /// Applies `function` to every item, in chunks, and returns the outputs in the order of the items.
    ///
    /// # Errors
    /// If the function panics, something cannot be encoded or decoded, a worker dies, or the deadline passes. The first error
    /// wins, and as in CPython all other results are dropped; [`map_async`](Self::map_async) can keep them.
    pub fn map<F: Function<State = S>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunksize: Chunksize,
    ) -> Result<Vec<F::Output>, Error> {
        self.map_async(function, items, chunksize, Callbacks::none())?.get(self.engine.config.deadline)
    }

    /// Begins to apply `function` to every item, and returns at once.
    ///
    /// ```no_run
    /// # use multiprocess::{classic::{Callbacks, Chunksize, Config, Pool}, Function};
    /// # use std::time::Duration;
    /// # fn show<F: Function<State = (), Item = u64>>(pool: &Pool<()>, function: F) -> Result<(), multiprocess::Error> {
    /// let mut result = pool.map_async(function, vec![1, 2, 3], Chunksize::from(1), Callbacks::none())?;
    /// let all = result.outcomes(Duration::from_secs(10))?;
    /// println!("{} outputs, {} failures", all.outputs.iter().flatten().count(), all.failures.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the pool has failed.
    pub fn map_async<F: Function<State = S>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunksize: Chunksize,
        callbacks: Callbacks<F::Output>,
    ) -> Result<MapResult<F::Output>, Error> {
        let chunksize = chunksize.resolve(items.len(), self.engine.config.workers);
        let (job, result) = MapJob::<F::Output>::new(F::NAME, items.len(), chunksize, callbacks);
        if items.is_empty() {
            // As in CPython: done before it began, without a task, and no callback is called.
            result.settle_empty();
            return Ok(result);
        }
        let number = self.engine.shop.jobs.add(Box::new(job), items.len().div_ceil(chunksize) as u64)?;
        self.send(draw::all(number, function, items, chunksize))?;
        Ok(result)
    }

    /// As [`map`](Self::map) for a function of several arguments: CPython's `starmap`. An item is a tuple of them.
    ///
    /// # Errors
    /// As [`map`](Self::map).
    pub fn starmap<F: Function<State = S, Item: Arguments>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunksize: Chunksize,
    ) -> Result<Vec<F::Output>, Error> {
        self.map(function, items, chunksize)
    }

    /// As [`map_async`](Self::map_async) for a function of several arguments.
    ///
    /// # Errors
    /// As [`map_async`](Self::map_async).
    pub fn starmap_async<F: Function<State = S, Item: Arguments>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunksize: Chunksize,
        callbacks: Callbacks<F::Output>,
    ) -> Result<MapResult<F::Output>, Error> {
        self.map_async(function, items, chunksize, callbacks)
    }

    /// Applies `function` to one item, in some worker.
    ///
    /// # Errors
    /// As [`map`](Self::map).
    pub fn apply<F: Function<State = S>>(&self, function: F, item: F::Item) -> Result<F::Output, Error> {
        self.apply_async(function, item, Callbacks::none())?.get(self.engine.config.deadline)
    }

    /// Begins to apply `function` to one item, and returns at once.
    ///
    /// # Errors
    /// If the pool has failed.
    pub fn apply_async<F: Function<State = S>>(
        &self,
        function: F,
        item: F::Item,
        callbacks: Callbacks<F::Output>,
    ) -> Result<AsyncResult<F::Output>, Error> {
        Ok(AsyncResult(self.map_async(function, vec![item], Chunksize::from(1), callbacks)?))
    }

    /// Applies `function` to every item, and gives out the outputs in the order of the items, one by one as soon as they are there. Items are
    /// drawn by the task handler thread, as fast as the workers take tasks; see [`ImapIterator`]. With [`Chunksize::Automatic`] an item is a
    /// task, as in CPython. An iterator that blocks holds up the end of the pool.
    ///
    /// ```no_run
    /// # use multiprocess::{classic::{Chunksize, Config, Pool}, Function};
    /// # fn show<F: Function<State = (), Item = u64, Output = u64>>(pool: &Pool<()>, function: F) -> Result<(), multiprocess::Error> {
    /// for output in pool.imap(function, 0..1_000, Chunksize::Automatic)? {
    ///     println!("{}", output?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the pool has failed.
    pub fn imap<F, I>(&self, function: F, items: I, chunksize: Chunksize) -> Result<ImapIterator<F::Output>, Error>
    where
        F: Function<State = S>,
        I: IntoIterator<Item = F::Item, IntoIter: Send + 'static>,
    {
        self.imap_in(Turns::InOrder, function, items.into_iter(), chunksize)
    }

    /// As [`imap`](Self::imap), with the outputs as they come; those of one task stay together.
    ///
    /// # Errors
    /// If the pool has failed.
    pub fn imap_unordered<F, I>(
        &self,
        function: F,
        items: I,
        chunksize: Chunksize,
    ) -> Result<ImapIterator<F::Output>, Error>
    where
        F: Function<State = S>,
        I: IntoIterator<Item = F::Item, IntoIter: Send + 'static>,
    {
        self.imap_in(Turns::AsTheyCome, function, items.into_iter(), chunksize)
    }

    fn imap_in<F: Function<State = S>>(
        &self,
        turns: Turns,
        function: F,
        items: impl Iterator<Item = F::Item> + Send + 'static,
        chunksize: Chunksize,
    ) -> Result<ImapIterator<F::Output>, Error> {
        let (job, iterator) = ImapJob::<F::Output>::new(F::NAME, turns, self.engine.config.deadline);
        let number = self.engine.shop.jobs.add(Box::new(job), 0)?;
        self.send(draw::one_by_one(number, function, items, chunksize.without_end()))?;
        Ok(iterator)
    }

    fn send(&self, sequence: Sequence) -> Result<(), Error> {
        let queue = self.engine.tasks.as_ref().ok_or(Kind::Closed)?;
        // The task handler ends early only in a pool that has failed, and then the job has failed with it.
        let _ = queue.send(Order::Tasks(sequence));
        Ok(())
    }

    /// The pids of the workers.
    pub fn worker_pids(&self) -> Vec<u32> {
        self.engine.shop.crew.pids()
    }

    /// What the workers of each place have counted so far, in the order of [`worker_pids`](Self::worker_pids).
    ///
    /// When `map` has returned, its tasks, their loads, their work and the dumps of their replies are counted. The write of a reply
    /// is counted a moment after it has arrived.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), multiprocess::Error> {
    /// use multiprocess::classic::{Config, Pool};
    /// let pool = Pool::start(Config::new(2))?;
    /// assert_eq!(pool.worker_counts().len(), 2);
    /// # pool.finish()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn worker_counts(&self) -> Vec<Counts> {
        (0..self.engine.config.workers).map(|worker| self.engine.shop.board.slot(worker).counts()).collect()
    }

    /// How many tasks the pool was given, and what became of them.
    pub fn task_counts(&self) -> TaskCounts {
        self.engine.shop.jobs.counts()
    }

    /// How many workers were replaced.
    pub fn replaced(&self) -> u64 {
        self.engine.shop.replaced.load(Relaxed)
    }

    /// How many callbacks have panicked.
    pub fn callback_panics(&self) -> u64 {
        self.engine.shop.jobs.callback_panics()
    }

    /// Ends the pool as leaving CPython's `with` block does, and reports what each worker counted.
    ///
    /// The sequence is CPython's, so that the count of messages is too: the worker handler ends the task queue, the task
    /// handler puts one sentinel on the out-queue and one per worker on the in-queue, and `terminate` puts one more on the
    /// out-queue. Jobs that nobody has waited for are given up, and the workers ended, as [`terminate`](Self::terminate) does.
    ///
    /// # Errors
    /// If the pool has failed, a worker died that is not replaced, or something had to be killed at the deadline.
    pub fn finish(self) -> Result<Vec<WorkerReport>, Error> {
        self.engine.finish()
    }

    /// Takes no more jobs. What the pool was given is done, and its workers are replaced until then.
    pub fn close(mut self) -> Closed {
        self.engine.close();
        Closed::of(self.engine)
    }

    /// Gives up all jobs, and ends the workers by SIGTERM.
    ///
    /// CPython's `terminate` takes the in-queue's lock first, and waits for ever if a dead worker holds it. Whoever waits for a job gets an
    /// error here; in CPython he waits for ever.
    ///
    /// # Errors
    /// If the system cannot tell how a worker ended.
    pub fn terminate(self) -> Result<Ended, Error> {
        self.engine.terminate()
    }
}
