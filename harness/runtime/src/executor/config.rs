//! How an executor is made, and what it counts.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::StartMethod;
use crate::pool;

/// How an [`Executor`](crate::Executor) is made.
///
/// ```
/// use multiprocess::StartMethod;
/// use multiprocess::executor::Config;
///
/// let config = Config::new(4).start_method(StartMethod::Spawn).max_tasks_per_child(100);
/// assert_eq!((config.max_workers, config.max_tasks_per_child), (4, Some(100)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How many workers at most; they start as tasks come that no idle one is there for.
    pub max_workers: usize,
    /// How they come to life.
    pub start_method: StartMethod,
    /// After how many tasks a worker is replaced; never at first. CPython refuses this with `fork`, because it would fork while its manager
    /// thread runs; here a zygote forks, which has one thread for ever.
    pub max_tasks_per_child: Option<u64>,
    /// How long a worker that is told to end may take until it is killed; one second at first.
    pub grace: Duration,
    /// How long the start of one worker may take; one minute at first.
    pub start_limit: Duration,
}

impl Config {
    /// An executor of at most `max_workers` forked workers.
    pub fn new(max_workers: usize) -> Self {
        let pool::Config { grace, start_limit, .. } = pool::Config::new(max_workers);
        Self { max_workers, start_method: StartMethod::Fork, max_tasks_per_child: None, grace, start_limit }
    }

    /// The same with another start method.
    #[must_use]
    pub fn start_method(self, start_method: StartMethod) -> Self {
        Self { start_method, ..self }
    }

    /// The same with workers that are replaced after `tasks` tasks; at least 1.
    #[must_use]
    pub fn max_tasks_per_child(self, tasks: u64) -> Self {
        Self { max_tasks_per_child: Some(tasks.max(1)), ..self }
    }

    /// The same with another time between SIGTERM and SIGKILL.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// The same with another limit on the start of a worker.
    #[must_use]
    pub fn start_limit(self, start_limit: Duration) -> Self {
        Self { start_limit, ..self }
    }

    pub(super) fn of_the_pool(self) -> pool::Config {
        let config = pool::Config::new(self.max_workers).start_method(self.start_method);
        let config = config.grace(self.grace).start_limit(self.start_limit);
        match self.max_tasks_per_child {
            Some(tasks) => config.tasks_per_worker(tasks),
            None => config,
        }
    }
}

/// What an executor has done so far, in futures; each chunk of a map is one. `submitted == succeeded + failed + cancelled` as soon as
/// nothing is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Futures handed out.
    pub submitted: u64,
    /// Futures with an output.
    pub succeeded: u64,
    /// Futures with an error.
    pub failed: u64,
    /// Futures that were cancelled, once the executor has noticed.
    pub cancelled: u64,
    /// Callbacks that panicked.
    pub callbacks_panicked: u64,
    /// Workers started.
    pub started: u64,
}

impl Tally {
    /// Futures that are under way.
    pub fn open(&self) -> u64 {
        self.submitted - self.succeeded - self.failed - self.cancelled
    }
}

/// What the futures of one executor count: `submitted` when they are handed in, the others under the lock of the future, before anybody
/// can see it done. All accesses are in one
/// order (`SeqCst`), so that [`tally`](Self::tally), which reads `submitted` last, never finds more futures over than submitted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) submitted: AtomicU64,
    pub(super) succeeded: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) callbacks_panicked: AtomicU64,
}

impl Counters {
    pub(super) fn tally(&self, started: u64) -> Tally {
        // Each was submitted before it was over, and that is read last: what is over was submitted.
        let [callbacks_panicked, cancelled, failed, succeeded, submitted] =
            [&self.callbacks_panicked, &self.cancelled, &self.failed, &self.succeeded, &self.submitted]
                .map(|count| count.load(SeqCst));
        Tally { submitted, succeeded, failed, cancelled, callbacks_panicked, started }
    }
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, SeqCst);
}
