//! A pool whose workers are threads of this process, CPython's `ThreadPool`: nothing is encoded, and nobody can be ended.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::engine::Broken;
use super::thread_job::{InThreads, Shared};
use super::underway::Underway;
use super::work::Work;
use super::{Config, Order, Tally, Workers};
use crate::error::{Error, Kind};
use crate::function::{Function, Initializer, panic_message};
use crate::waiting;

/// A pool of threads that hold an `S` each, left there by its initializer.
///
/// It differs from a [`Pool`](crate::Pool) where threads differ from processes. Functions, items and outputs are handed over, not
/// encoded. A panic is an error of its item, as there; but what ends a process ends the program: an exit, an abort, a fault. A thread cannot be
/// ended: with a [`task_limit`](Config::task_limit) the items of a task that takes too long fail, and their thread goes on with it. There is
/// no start method, no credit and no replacement. All tasks wait in one queue, so that no thread holds one that it does not do.
///
/// Dropping it calls off what no thread has begun, and waits for the threads for at most the [`grace`](Config::grace).
pub struct Threads<S = ()> {
    floor: Arc<Floor<S>>,
    threads: Vec<JoinHandle<()>>,
    config: Config,
}

pub(super) struct Floor<S> {
    pub(super) queue: Mutex<Queue<S>>,
    /// There is work, or the end.
    pub(super) called: Condvar,
    pub(super) tally: Mutex<Tally>,
}

pub(super) struct Queue<S> {
    pub(super) jobs: VecDeque<Arc<dyn Shared<S>>>,
    pub(super) broken: Option<Broken>,
    is_closing: bool,
    /// Threads that have not left.
    present: usize,
    /// Initializers in a row that have failed.
    failed_starts: usize,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The user's code runs under none of these locks, but for the dropping of items, which is caught.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Threads {
    /// Starts threads without an initializer.
    ///
    /// # Errors
    /// If `config` has no workers, or the system has no room for a thread.
    pub fn start(config: Config) -> Result<Self, Error> {
        Self::launch(config, || ())
    }
}

impl<S: 'static> Threads<S> {
    /// Starts threads of which each first runs a copy of `initializer`; what that returns stays with its thread.
    ///
    /// # Errors
    /// As [`Threads::start`].
    pub fn start_with<I>(config: Config, initializer: I) -> Result<Self, Error>
    where
        I: Initializer<State = S> + Clone + Send,
    {
        Self::launch(config, move || initializer.clone().initialize())
    }

    fn launch(config: Config, initialize: impl Fn() -> S + Clone + Send + 'static) -> Result<Self, Error> {
        if config.workers == 0 {
            return Err(Kind::NoWorkers.into());
        }
        let queue = Queue { jobs: VecDeque::new(), broken: None, is_closing: false, present: 0, failed_starts: 0 };
        let floor = Arc::new(Floor { queue: Mutex::new(queue), called: Condvar::new(), tally: Mutex::default() });
        let mut pool = Self { floor, threads: Vec::with_capacity(config.workers), config };
        for _ in 0..config.workers {
            let (floor, initialize) = (Arc::clone(&pool.floor), initialize.clone());
            locked(&floor.queue).present += 1;
            let life = move || floor.live(initialize, config.failed_starts);
            match std::thread::Builder::new().name("pool-thread".to_owned()).spawn(life) {
                Ok(thread) => pool.threads.push(thread),
                Err(fault) => {
                    locked(&pool.floor.queue).present -= 1;
                    return Err(Error::io("starting a thread")(fault));
                }
            }
        }
        Ok(pool)
    }

    /// Takes nothing more, and lets what is under way end. Outputs can still be had afterwards.
    ///
    /// # Errors
    /// If a thread is still at a task after `limit`. It goes on: a thread cannot be ended.
    pub fn finish(mut self, limit: Duration) -> Result<(), Error> {
        self.leave(limit)
    }

    fn leave(&mut self, limit: Duration) -> Result<(), Error> {
        let deadline = waiting::after(limit);
        let mut queue = locked(&self.floor.queue);
        queue.is_closing = true;
        self.floor.called.notify_all();
        while queue.present > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Kind::ThreadsLeft { count: queue.present, limit }.into());
            }
            queue = self.floor.called.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(queue);
        for thread in self.threads.drain(..) {
            // It has left, and what panics in it is caught.
            let _ = thread.join();
        }
        Ok(())
    }
}

impl<S> Floor<S> {
    /// The life of a thread.
    fn live(&self, initialize: impl Fn() -> S, failed_starts: usize) {
        while !self.is_over() {
            match catch_unwind(AssertUnwindSafe(&initialize)) {
                Ok(state) => {
                    locked(&self.queue).failed_starts = 0;
                    self.work(&state);
                    // Its drop is the user's code.
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(state)));
                }
                Err(panic) => {
                    let mut queue = locked(&self.queue);
                    queue.failed_starts += 1;
                    if queue.failed_starts >= failed_starts && queue.broken.is_none() {
                        let why = format!("it panicked: {}", panic_message(&*panic));
                        let broken = Broken::Initializer { times: queue.failed_starts, why };
                        queue.fail(&broken);
                    }
                }
            }
        }
        locked(&self.queue).present -= 1;
        self.called.notify_all();
    }

    fn is_over(&self) -> bool {
        let queue = locked(&self.queue);
        queue.broken.is_some() || (queue.is_closing && queue.jobs.is_empty())
    }

    /// Takes one task after the other until there will be no more.
    fn work(&self, state: &S) {
        while let Some((job, task)) = self.next() {
            job.carry_out(task, state);
        }
    }

    fn next(&self) -> Option<(Arc<dyn Shared<S>>, u64)> {
        let mut queue = locked(&self.queue);
        loop {
            while let Some(job) = queue.jobs.front() {
                if let Some(task) = job.next() {
                    return Some((Arc::clone(job), task));
                }
                queue.jobs.pop_front();
            }
            if queue.is_closing || queue.broken.is_some() {
                return None;
            }
            queue = self.called.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<S> Queue<S> {
    fn fail(&mut self, broken: &Broken) {
        for job in self.jobs.drain(..) {
            job.fail(broken);
        }
        self.broken = Some(broken.clone());
    }
}

impl<S: 'static> Workers for Threads<S> {
    type State = S;
    type Job<F: Function<State = S>> = InThreads<F>;

    fn begin<F: Function<State = S>>(
        &self,
        function: F,
        items: Vec<F::Item>,
        chunk: usize,
        order: Order,
    ) -> Result<InThreads<F>, Error> {
        if let Some(broken) = &locked(&self.floor.queue).broken {
            return Err(broken.error());
        }
        let work = Work::new(Vec::new(), chunk, order);
        let job = InThreads::new(&self.floor, function, work, self.config.task_limit);
        job.add(items);
        Ok(job)
    }

    fn workers(&self) -> usize {
        self.config.workers
    }

    fn held_at_most(&self) -> usize {
        self.config.workers
    }

    fn tally(&self) -> Tally {
        *locked(&self.floor.tally)
    }
}

impl<S> Drop for Threads<S> {
    fn drop(&mut self) {
        if self.threads.is_empty() {
            return;
        }
        locked(&self.floor.queue).fail(&Broken::Ended);
        self.floor.called.notify_all();
        let deadline = waiting::after(self.config.grace);
        let mut queue = locked(&self.floor.queue);
        while queue.present > 0 && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            queue = self.floor.called.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let all_left = queue.present == 0;
        drop(queue);
        if all_left {
            for thread in self.threads.drain(..) {
                // It has left, and what panics in it is caught.
                let _ = thread.join();
            }
        }
    }
}

impl<S> fmt::Debug for Threads<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("config", &self.config).finish_non_exhaustive()
    }
}
