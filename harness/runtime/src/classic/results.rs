//! Results that come later: CPython's `AsyncResult` and `MapResult`.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};
use crate::waiting;

/// The outputs of a `map` that was not waited for: CPython's `MapResult`.
///
/// It outlives its pool: a pool that ends settles every job.
#[derive(Debug)]
pub struct MapResult<O>(Arc<Promise<O>>);

/// What a job and whoever waits for it share.
#[derive(Debug)]
pub(super) struct Promise<O> {
    state: Mutex<State<O>>,
    changed: Condvar,
}

#[derive(Debug)]
enum State<O> {
    Open,
    Settled(Settled<O>),
    Taken,
}

/// How a job ended.
#[derive(Debug)]
pub(super) enum Settled<O> {
    Done(Vec<O>),
    /// `whole` is what the job as a whole failed with, if that is not the first of `failures`.
    Failed {
        outputs: Vec<Option<O>>,
        failures: Vec<TaskFailure>,
        whole: Option<Error>,
    },
}

/// A task that has failed.
#[derive(Debug)]
pub struct TaskFailure {
    /// Which task of its job, counted from 0.
    pub task: u64,
    /// The items that were in it, by their number in the job.
    pub items: Range<u64>,
    /// Why.
    pub error: Error,
}

impl<O> Promise<O> {
    pub(super) fn open() -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::Open), changed: Condvar::new() })
    }

    pub(super) fn settle(&self, settled: Settled<O>) {
        *self.lock() = State::Settled(settled);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settled_within(&self, limit: Duration) -> MutexGuard<'_, State<O>> {
        let deadline = waiting::after(limit);
        let mut state = self.lock();
        while matches!(*state, State::Open) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}

impl<O> MapResult<O> {
    pub(super) fn of(promise: Arc<Promise<O>>) -> Self {
        Self(promise)
    }

    /// Settles a job without items.
    pub(super) fn settle_empty(&self) {
        self.0.settle(Settled::Done(Vec::new()));
    }

    /// Whether the outcome is there.
    pub fn ready(&self) -> bool {
        !matches!(*self.0.lock(), State::Open)
    }

    /// Whether every task has succeeded; none while the outcome is not there, or once it was taken. CPython raises `ValueError` then.
    pub fn successful(&self) -> Option<bool> {
        match &*self.0.lock() {
            State::Settled(settled) => Some(matches!(settled, Settled::Done(_))),
            State::Open | State::Taken => None,
        }
    }

    /// Waits until the outcome is there, for at most `limit`; false if it is not.
    pub fn wait(&self, limit: Duration) -> bool {
        !matches!(*self.0.settled_within(limit), State::Open)
    }

    fn take(&mut self, limit: Duration) -> Result<Settled<O>, Error> {
        let mut state = self.0.settled_within(limit);
        if matches!(*state, State::Open) {
            return Err(Kind::Deadline { doing: "waiting for the results of a pool", limit }.into());
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Settled(settled) => Ok(settled),
            State::Open | State::Taken => Err(Kind::Taken.into()),
        }
    }

    /// Waits for the outputs, for at most `limit`, and takes them.
    ///
    /// # Errors
    /// At the limit ([`Error::is_deadline`]; ask again); if the outcome was taken before; or with why the job failed. As in CPython that is the
    /// first error, and all other results are dropped; see [`outcomes`](Self::outcomes). A loss that CPython would not notice at all
    /// ([`Error::hang_report`]) comes before all other errors.
    pub fn get(&mut self, limit: Duration) -> Result<Vec<O>, Error> {
        match self.take(limit)? {
            Settled::Done(outputs) => Ok(outputs),
            Settled::Failed { failures, whole, .. } => {
                let first = || failures.into_iter().next().map(|failure| failure.error);
                Err(whole.or_else(first).expect("a job that has failed has an error, or a task has"))
            }
        }
    }

    /// Waits as [`get`](Self::get) does, and takes everything: the output of each item or none, and why each task that failed has failed.
    /// CPython drops the other results of a job with an error.
    ///
    /// # Errors
    /// At the limit, or if the outcome was taken before.
    pub fn outcomes(&mut self, limit: Duration) -> Result<Outcomes<O>, Error> {
        Ok(match self.take(limit)? {
            Settled::Done(outputs) => {
                Outcomes { outputs: outputs.into_iter().map(Some).collect(), failures: Vec::new() }
            }
            Settled::Failed { outputs, failures, .. } => Outcomes { outputs, failures },
        })
    }
}

/// Everything that became of a `map`.
#[derive(Debug)]
pub struct Outcomes<O> {
    /// One for each item, in their order; none where its task failed.
    pub outputs: Vec<Option<O>>,
    /// The tasks that failed, in the order in which that was known.
    pub failures: Vec<TaskFailure>,
}

/// The output of one call that was not waited for: CPython's `AsyncResult`.
#[derive(Debug)]
pub struct AsyncResult<O>(pub(super) MapResult<O>);

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} (items {} to {}): {}", self.task, self.items.start, self.items.end, self.error)
    }
}

impl<O> AsyncResult<O> {
    /// Whether the outcome is there.
    pub fn ready(&self) -> bool {
        self.0.ready()
    }

    /// Whether the call has succeeded; none while the outcome is not there, or once it was taken. CPython raises `ValueError` then.
    pub fn successful(&self) -> Option<bool> {
        self.0.successful()
    }

    /// Waits until the outcome is there, for at most `limit`; false if it is not.
    pub fn wait(&self, limit: Duration) -> bool {
        self.0.wait(limit)
    }

    /// Waits for the output, for at most `limit`, and takes it.
    ///
    /// # Errors
    /// As [`MapResult::get`].
    pub fn get(&mut self, limit: Duration) -> Result<O, Error> {
        let mut outputs = self.0.get(limit)?;
        outputs.pop().ok_or_else(|| {
            Kind::Decode { what: "a reply", why: "it holds no output for the one item".to_owned() }.into()
        })
    }
}
