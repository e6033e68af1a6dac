//! CPython's `Pool`, part by part: a task queue in the process, an in-queue and an out-queue (one pipe and one lock each), and
//! the task, worker and result handler threads. After `Lib/multiprocessing/pool.py`.
//!
//! Faithful where it costs: every task carries its function, every message goes through one shared pipe, results come back
//! the same way. Unfaithful where CPython would hang: a dead worker ends the job with an error that names it.
//!
//! `README.md` beside this file describes the protocol between its parties, and why it never waits for ever.
//!
//! Not here yet: `imap`, `apply_async`, `maxtasksperchild`, replacement of dead workers.

mod handlers;
mod jobs;
mod start;
mod worker;

use std::fs::File;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};

pub use start::init;
pub(crate) use start::{FORK_SERVER, MARKER};

use crate::StartMethod;
use crate::codec;
use crate::error::{Error, Kind};
use crate::function::{self, Function, Initializer, Task};
use crate::meter::{Counts, WorkerReport};
use crate::sys::pid::Status;
use crate::sys::{fd, fork};
use crate::waiting::{self, StopSwitch};
use handlers::{Order, Shop};
use jobs::MapJob;
use start::{Ends, Setup, Worker};
use worker::Board;

/// How a pool is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many workers.
    pub workers: usize,
    /// How they come to life.
    pub start_method: StartMethod,
    /// The longest that starting, one `map`, or finishing may take.
    pub deadline: Duration,
}

impl Config {
    /// A pool of `workers` forked workers whose every step may take ten minutes.
    pub fn new(workers: usize) -> Self {
        Self { workers, start_method: StartMethod::Fork, deadline: Duration::from_secs(600) }
    }

    /// The same with another start method.
    #[must_use]
    pub fn start_method(self, start_method: StartMethod) -> Self {
        Self { start_method, ..self }
    }

    /// The same with another deadline.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }
}

/// How many items make a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chunksize {
    /// As `Pool.map` does: the items divided by four times the workers, rounded up.
    #[default]
    Automatic,
    /// This many.
    Items(NonZeroUsize),
}

impl Chunksize {
    /// The items per task for `items` items on `workers` workers.
    ///
    /// ```
    /// use multiprocess::classic::Chunksize;
    /// assert_eq!(Chunksize::Automatic.resolve(100, 4), 7);
    /// assert_eq!(Chunksize::Automatic.resolve(1_000_000, 8), 31_250);
    /// ```
    pub fn resolve(self, items: usize, workers: usize) -> usize {
        match self {
            Self::Automatic => items.div_ceil(4 * workers.max(1)).max(1),
            Self::Items(items) => items.get(),
        }
    }
}

impl From<u64> for Chunksize {
    /// 0 is the automatic one.
    fn from(items: u64) -> Self {
        let items = usize::try_from(items).unwrap_or(usize::MAX);
        NonZeroUsize::new(items).map_or(Self::Automatic, Self::Items)
    }
}

/// A pool whose workers hold an `S` each, left there by its initializer.
///
/// A pool that is dropped without [`finish`](Pool::finish) kills its workers and reaps them.
#[derive(Debug)]
pub struct Pool<S> {
    config: Config,
    shop: Arc<Shop>,
    tasks: Option<Sender<Order>>,
    handlers: Vec<JoinHandle<()>>,
    /// Under a lock only because a receiver alone is not `Sync`, and a pool is.
    handlers_done: Mutex<Receiver<()>>,
    close: Option<StopSwitch>,
    abort: Option<StopSwitch>,
    workers: Option<Arc<Vec<Worker>>>,
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
        if config.workers == 0 {
            return Err(Kind::NoWorkers.into());
        }
        function::check_names()?;
        fork::keep_ended_children();
        let failed = || Error::io("making a pool");
        let board = Board::create(config.workers).map_err(failed())?;
        let (inqueue_reader, inqueue) = waiting::pipe().map_err(failed())?;
        let (outqueue, outqueue_writer) = waiting::pipe().map_err(failed())?;
        let ends = Ends { inqueue: inqueue_reader, outqueue: outqueue_writer };
        let deadline = waiting::after(config.deadline);
        // All workers exist before the first thread does: that is what makes the forks safe.
        let workers = Arc::new(start::workers(config.start_method, config.workers, &board, &ends, setup, deadline)?);
        // Our copy of the workers' end must go, or a write to a pool without workers would never fail.
        let Ends { inqueue: reader, outqueue: outqueue_writer } = ends;
        drop(reader);
        fd::set_nonblocking(&inqueue).map_err(failed())?;
        fd::set_nonblocking(&outqueue).map_err(failed())?;
        let (close, closing) = waiting::stop().map_err(failed())?;
        let (abort, aborted) = waiting::stop().map_err(failed())?;
        let shop = Arc::new(Shop {
            board,
            inqueue: inqueue.into(),
            outqueue: outqueue.into(),
            outqueue_writer: File::from(outqueue_writer),
            jobs: jobs::Jobs::default(),
            workers: config.workers,
            abort: aborted,
            closing,
        });
        let (tasks, queue) = mpsc::channel();
        let (done, handlers_done) = mpsc::channel();
        let mut pool = Self {
            config,
            shop,
            tasks: Some(tasks.clone()),
            handlers: Vec::with_capacity(3),
            handlers_done: Mutex::new(handlers_done),
            close: Some(close),
            abort: Some(abort),
            workers: Some(Arc::clone(&workers)),
            state: PhantomData,
        };
        pool.start_handlers(done, queue, tasks, workers)?;
        Ok(pool)
    }

    fn start_handlers(
        &mut self,
        done: Sender<()>,
        queue: Receiver<Order>,
        tasks: Sender<Order>,
        workers: Arc<Vec<Worker>>,
    ) -> Result<(), Error> {
        let handlers = &mut self.handlers;
        let shop = &self.shop;
        handlers.push(handlers::thread("worker-handler", shop, done.clone(), move |shop| {
            handlers::handle_workers(shop, &workers, &tasks);
        })?);
        handlers.push(handlers::thread("task-handler", shop, done.clone(), move |shop| {
            handlers::handle_tasks(shop, &queue);
        })?);
        handlers.push(handlers::thread("result-handler", shop, done, handlers::handle_results)?);
        Ok(())
    }

    /// Applies `function` to every item, in chunks, and returns the outputs in the order of the items.
    ///
    /// # Errors
    /// If the function panics, something cannot be encoded or decoded, a worker dies, or the deadline passes. The first error
    /// wins, and as in CPython all other results are dropped.
    pub fn map<F: Function<State = S>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunksize: Chunksize,
    ) -> Result<Vec<F::Output>, Error> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let chunksize = chunksize.resolve(items.len(), self.config.workers);
        let tasks = items.len().div_ceil(chunksize);
        let (outcome, waiting) = mpsc::channel();
        let job = self.shop.jobs.add(Box::new(MapJob::<F::Output>::new(F::NAME, tasks, outcome)))?;
        let encoded = (0..tasks).map(move |index| {
            let begin = index * chunksize;
            let chunk = &items[begin..items.len().min(begin + chunksize)];
            codec::dumps(&(true, Task { job, index: index as u64, name: F::NAME, function: &function, chunk }))
        });
        let queue = self.tasks.as_ref().ok_or(Kind::Closed)?;
        queue.send(Order::Tasks(job, Box::new(encoded))).map_err(|_| Error::from(Kind::Closed))?;
        match waiting.recv_timeout(self.config.deadline) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => {
                Err(Kind::Deadline { doing: "mapping over a pool", limit: self.config.deadline }.into())
            }
            Err(RecvTimeoutError::Disconnected) => Err(Kind::Closed.into()),
        }
    }

    /// The pids of the workers.
    pub fn worker_pids(&self) -> Vec<u32> {
        self.workers.iter().flat_map(|workers| workers.iter()).map(|worker| worker.child.pid()).collect()
    }

    /// What each worker has counted so far, in the order of [`worker_pids`](Self::worker_pids).
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
        (0..self.config.workers).map(|worker| self.shop.board.slot(worker).counts()).collect()
    }

    /// Ends the pool as leaving CPython's `with` block does, and reports what each worker counted.
    ///
    /// The sequence is CPython's, so that the count of messages is too: the worker handler ends the task queue, the task
    /// handler puts one sentinel on the out-queue and one per worker on the in-queue, and `terminate` puts one more on the
    /// out-queue.
    ///
    /// # Errors
    /// If the pool has failed, a worker died, or something had to be killed at the deadline.
    pub fn finish(mut self) -> Result<Vec<WorkerReport>, Error> {
        let deadline = waiting::after(self.config.deadline);
        if let Some(failure) = self.shop.jobs.failure() {
            return Err(failure.into());
        }
        self.close.take();
        if let Err(fault) = self.shop.end_results() {
            // A worker took the lock with it. Without its sentinel nothing would end by itself; dropping the pool ends it all.
            let workers = self.workers.as_deref().map_or(&[][..], Vec::as_slice);
            return Err(match handlers::culprit(&self.shop, workers) {
                Some((pid, status)) => Kind::WorkerDied { pid, status }.into(),
                None => fault,
            });
        }
        let handlers_done = self.handlers_done.get_mut().unwrap_or_else(PoisonError::into_inner);
        let late = handlers_done.recv_timeout(self.config.deadline) == Err(RecvTimeoutError::Timeout);
        self.stop_handlers();
        let workers = self.workers.take().and_then(Arc::into_inner).ok_or(Kind::Closed)?;
        let reports = self.reap(workers, deadline)?;
        // The first to die, not those that ended themselves because of it.
        let died = reports.iter().filter(|report| report.status != Status::Exited(0));
        if let Some(report) = died.min_by_key(|report| report.status == handlers::LOST) {
            return Err(Kind::WorkerDied { pid: report.pid, status: report.status }.into());
        }
        if late {
            return Err(Kind::Deadline { doing: "ending the handler threads", limit: self.config.deadline }.into());
        }
        Ok(reports)
    }

    fn reap(&self, workers: Vec<Worker>, deadline: Instant) -> Result<Vec<WorkerReport>, Error> {
        let report = |(number, mut worker): (usize, Worker)| {
            let reaped = worker.child.wait_until(deadline).map_err(Error::io("waiting for a worker"))?;
            let (status, usage) =
                reaped.ok_or(Kind::Deadline { doing: "ending a worker", limit: self.config.deadline })?;
            Ok(WorkerReport { pid: worker.child.pid(), status, counts: self.shop.board.slot(number).counts(), usage })
        };
        workers.into_iter().enumerate().map(report).collect()
    }
}

impl<S> Pool<S> {
    /// Calls off whatever the handlers still wait for, and joins them.
    fn stop_handlers(&mut self) {
        self.abort.take();
        self.tasks.take();
        for handler in self.handlers.drain(..) {
            // A handler that panicked has failed the pool before it ended.
            let _ = handler.join();
        }
    }
}

impl<S> Drop for Pool<S> {
    fn drop(&mut self) {
        // Killing first frees a handler that waits for a lock a worker holds.
        for worker in self.workers.iter().flat_map(|workers| workers.iter()) {
            worker.child.kill();
        }
        self.close.take();
        self.stop_handlers();
    }
}
