//! How a pool is made, and what it counts.

use std::time::Duration;

use super::Transport;
use crate::StartMethod;
use crate::meter::{Traffic, WorkerReport};

/// How a [`Pool`](crate::Pool) is made.
///
/// ```
/// use std::time::Duration;
/// use multiprocess::StartMethod;
/// use multiprocess::pool::Config;
///
/// let config = Config::new(4).start_method(StartMethod::Spawn).task_limit(Duration::from_secs(10)).tasks_per_worker(1_000);
/// assert_eq!((config.workers, config.credits), (4, 256));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How many workers.
    pub workers: usize,
    /// How they come to life.
    pub start_method: StartMethod,
    /// What tasks and replies go by; [`Transport::Stream`] at first.
    pub transport: Transport,
    /// How many tasks a worker holds at most: the one it carries out, and those that wait for it. 256 at first; so many only if they are
    /// short.
    pub credits: usize,
    /// How long one task may take; without a limit at first. Whoever takes longer is ended, by SIGTERM and, after
    /// [`grace`](Self::grace), by SIGKILL.
    pub task_limit: Option<Duration>,
    /// How long a worker that is told to end may take; one second at first.
    pub grace: Duration,
    /// How long the start of one worker may take; one minute at first.
    pub start_limit: Duration,
    /// How many workers in a row may end before they can work; then the pool gives up. 3 at first.
    pub failed_starts: usize,
    /// After how many tasks a worker is replaced by a new one, CPython's `maxtasksperchild`; never at first.
    pub tasks_per_worker: Option<u64>,
}

impl Config {
    /// A pool of `workers` forked workers.
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            start_method: StartMethod::Fork,
            transport: Transport::Stream,
            credits: 256,
            task_limit: None,
            grace: Duration::from_secs(1),
            start_limit: Duration::from_secs(60),
            failed_starts: 3,
            tasks_per_worker: None,
        }
    }

    /// The same with another start method.
    #[must_use]
    pub fn start_method(self, start_method: StartMethod) -> Self {
        Self { start_method, ..self }
    }

    /// The same with another transport.
    #[must_use]
    pub fn transport(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// The same with at most `credits` tasks held by a worker; at least 1.
    #[must_use]
    pub fn credits(self, credits: usize) -> Self {
        Self { credits: credits.max(1), ..self }
    }

    /// The same with a limit on the time of each task.
    #[must_use]
    pub fn task_limit(self, limit: Duration) -> Self {
        Self { task_limit: Some(limit), ..self }
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

    /// The same, giving up after `failed_starts` failures in a row; at least 1.
    #[must_use]
    pub fn failed_starts(self, failed_starts: usize) -> Self {
        Self { failed_starts: failed_starts.max(1), ..self }
    }

    /// The same with workers that are replaced after `tasks` tasks; at least 1.
    #[must_use]
    pub fn tasks_per_worker(self, tasks: u64) -> Self {
        Self { tasks_per_worker: Some(tasks.max(1)), ..self }
    }
}

/// What a pool has done so far. `submitted == succeeded + failed + cancelled` as soon as nothing is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items taken over.
    pub submitted: u64,
    /// Items with an output.
    pub succeeded: u64,
    /// Items with an error; those of lost tasks among them.
    pub failed: u64,
    /// Items that were cancelled before they were sent.
    pub cancelled: u64,
    /// Tasks sent; one that is sent again counts again.
    pub tasks: u64,
    /// Tasks that a worker had been sent and had not begun when it ended, and that another was sent.
    pub resent: u64,
    /// Tasks that a worker had begun when it ended.
    pub lost: u64,
    /// Functions sent: one for each job and worker.
    pub functions: u64,
    /// Workers started.
    pub started: u64,
    /// Calls of write(2) to workers, or pieces put into their rings.
    pub writes: u64,
    /// Calls of read(2) from workers, or looks into their rings.
    pub reads: u64,
}

impl Tally {
    /// Items that are under way.
    pub fn open(&self) -> u64 {
        self.submitted - self.succeeded - self.failed - self.cancelled
    }
}

/// A worker that has ended, with what went through its socket as the pool saw it.
///
/// If it ended by itself, then `sent` is what it counted as read, and `received` what it counted as written, frame by frame and byte by
/// byte.
#[derive(Clone, Debug)]
pub struct Record {
    /// What the worker counted, how it ended, what it used.
    pub worker: WorkerReport,
    /// Frames that it was sent, its preparation among them. Their time is not measured.
    pub sent: Traffic,
    /// Frames that came from it. Their time is not measured.
    pub received: Traffic,
    /// Tasks that it had answered.
    pub answered: u64,
    /// Whether it ended in the middle of a task.
    pub lost: bool,
}
