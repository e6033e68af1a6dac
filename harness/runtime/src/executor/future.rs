//! A future: one output that is still to come, and whoever waits for it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::config::{Counters, count};
use super::watch::Watch;
use crate::error::{Error, Kind};
use crate::function::panic_message;
use crate::waiting;

/// Where a future stands; the five states of CPython (`Lib/concurrent/futures/_base.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can still be cancelled.
    Pending,
    /// It is carried out, or stands in the call queue to be; it cannot be cancelled any more.
    Running,
    /// It was cancelled, and its executor has not noticed yet.
    Cancelled,
    /// It was cancelled, and whoever waits for several futures is told.
    CancelledAndNotified,
    /// It has an output or an error.
    Finished,
}

type Callback<T> = Box<dyn FnOnce(&Future<T>) + Send>;

/// One output that is still to come; clones mean the same one.
///
/// Dropping it changes nothing: the task is carried out all the same, as in CPython.
pub struct Future<T>(Arc<Shared<T>>);

struct Shared<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
    counters: Arc<Counters>,
}

struct Inner<T> {
    state: State,
    /// None as long as it is not finished, and once it was taken.
    outcome: Option<Result<T, Error>>,
    callbacks: Vec<Callback<T>>,
    /// Who waits for this one among several, and which of them it is there.
    watches: Vec<(Arc<Watch>, usize)>,
}

impl<T> Inner<T> {
    fn is_done(&self) -> bool {
        !matches!(self.state, State::Pending | State::Running)
    }

    fn is_cancelled(&self) -> bool {
        matches!(self.state, State::Cancelled | State::CancelledAndNotified)
    }

    /// Whether those who wait for several are told.
    fn is_told(&self) -> bool {
        matches!(self.state, State::CancelledAndNotified | State::Finished)
    }

    fn tell(&mut self) {
        for (watch, place) in self.watches.drain(..) {
            watch.tell(place);
        }
    }
}

impl<T> Future<T> {
    pub(super) fn new(counters: &Arc<Counters>) -> Self {
        let inner = Inner { state: State::Pending, outcome: None, callbacks: Vec::new(), watches: Vec::new() };
        Self(Arc::new(Shared { inner: Mutex::new(inner), changed: Condvar::new(), counters: Arc::clone(counters) }))
    }

    /// What panics under the lock is the user's `clone`, which changes nothing here.
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.lock().state
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.lock().is_cancelled()
    }

    /// Whether it is carried out, or stands in the call queue to be.
    pub fn running(&self) -> bool {
        self.state() == State::Running
    }

    /// Whether it was cancelled or is finished.
    pub fn done(&self) -> bool {
        self.lock().is_done()
    }

    /// Whether it is finished, with an error.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.lock().outcome, Some(Err(_)))
    }

    /// Waits for the output, for at most `limit` ([`Duration::MAX`] for as long as it takes), and returns a copy of it. It can be asked for
    /// again; [`take`](Self::take) is for what is large or cannot be cloned.
    ///
    /// # Errors
    /// What went wrong with the task; that it was cancelled ([`Error::is_cancelled`]); that it is not done at `limit`
    /// ([`Error::is_deadline`]); or that the output was taken.
    pub fn result(&self, limit: Duration) -> Result<T, Error>
    where
        T: Clone,
    {
        match &self.wait(limit)?.outcome {
            Some(outcome) => outcome.clone(),
            None => Err(Kind::OutputTaken.into()),
        }
    }

    /// As [`result`](Self::result), and gives the output away: afterwards nobody can have it.
    ///
    /// # Errors
    /// As [`result`](Self::result). An error is not taken away.
    pub fn take(&self, limit: Duration) -> Result<T, Error> {
        let mut inner = self.wait(limit)?;
        match &inner.outcome {
            Some(Err(fault)) => return Err(fault.clone()),
            Some(Ok(_)) => {}
            None => return Err(Kind::OutputTaken.into()),
        }
        inner.outcome.take().unwrap_or_else(|| Err(Kind::OutputTaken.into()))
    }

    /// Waits as [`result`](Self::result), and tells what went wrong with the task; none if nothing did.
    ///
    /// # Errors
    /// If it was cancelled, or is not done at `limit`.
    pub fn exception(&self, limit: Duration) -> Result<Option<Error>, Error> {
        let inner = self.wait(limit)?;
        Ok(inner.outcome.as_ref().and_then(|outcome| outcome.as_ref().err().cloned()))
    }

    /// The state of a finished future.
    fn wait(&self, limit: Duration) -> Result<MutexGuard<'_, Inner<T>>, Error> {
        let inner = self.lock();
        let limit = limit.min(waiting::FAR);
        let waited = self.0.changed.wait_timeout_while(inner, limit, |inner| !inner.is_done());
        let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match inner.state {
            State::Finished => Ok(inner),
            State::Cancelled | State::CancelledAndNotified => Err(Kind::Cancelled.into()),
            State::Pending | State::Running => Err(Kind::Deadline { doing: "waiting for a future", limit }.into()),
        }
    }

    /// Cancels it, if it is still pending; tells whether it is cancelled. Its callbacks are called on this thread.
    pub fn cancel(&self) -> bool {
        let mut inner = self.lock();
        if inner.state != State::Pending {
            return inner.is_cancelled();
        }
        inner.state = State::Cancelled;
        self.done_now(inner);
        true
    }

    /// Calls `callback` once this is done: on the executor's manager thread, on the thread that cancels it, or here and now if it is done
    /// already.
    ///
    /// A callback that panics is caught, counted ([`Tally::callbacks_panicked`](super::Tally::callbacks_panicked)) and reported on standard
    /// error. One that waits for another future of the same executor waits for its own thread.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + Send + 'static) {
        let mut inner = self.lock();
        if inner.is_done() {
            drop(inner);
            self.call(Box::new(callback));
        } else {
            inner.callbacks.push(Box::new(callback));
        }
    }

    fn call(&self, callback: Callback<T>) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| callback(self))) {
            count(&self.0.counters.callbacks_panicked);
            eprintln!("a callback of a future panicked: {}", panic_message(&*panic));
        }
    }

    /// Wakes whoever waits for it alone, and calls its callbacks, without its lock.
    fn done_now(&self, mut inner: MutexGuard<'_, Inner<T>>) {
        let callbacks = std::mem::take(&mut inner.callbacks);
        self.0.changed.notify_all();
        drop(inner);
        callbacks.into_iter().for_each(|callback| self.call(callback));
    }

    /// Its executor turns to it: it is running from now on, or false if it was cancelled, which is told now. CPython's
    /// `set_running_or_notify_cancel`.
    pub(super) fn begin(&self) -> bool {
        let mut inner = self.lock();
        match inner.state {
            State::Pending => {
                inner.state = State::Running;
                true
            }
            State::Cancelled => {
                inner.state = State::CancelledAndNotified;
                count(&self.0.counters.cancelled);
                inner.tell();
                false
            }
            State::Running | State::CancelledAndNotified | State::Finished => false,
        }
    }

    /// Cancels it for its executor, which notices at once.
    pub(super) fn call_off(&self) {
        self.cancel();
        self.begin();
    }

    /// Finishes it, unless it was cancelled or is finished.
    pub(super) fn settle(&self, outcome: Result<T, Error>) {
        let mut inner = self.lock();
        match inner.state {
            State::Pending | State::Running => {
                let counters = &self.0.counters;
                count(if outcome.is_ok() { &counters.succeeded } else { &counters.failed });
                inner.state = State::Finished;
                inner.outcome = Some(outcome);
                inner.tell();
                self.done_now(inner);
            }
            State::Cancelled => {
                drop(inner);
                self.begin();
            }
            State::CancelledAndNotified | State::Finished => {}
        }
    }

    /// Lets `watch` be told, as number `place`, when this is done; at once if it is.
    pub(super) fn watch(&self, watch: &Arc<Watch>, place: usize) {
        let mut inner = self.lock();
        if inner.is_told() { watch.tell(place) } else { inner.watches.push((Arc::clone(watch), place)) }
    }

    /// Takes back what [`watch`](Self::watch) did.
    pub(super) fn unwatch(&self, watch: &Arc<Watch>) {
        self.lock().watches.retain(|(known, _)| !Arc::ptr_eq(known, watch));
    }

    /// The same for two that mean the same future, while both are there.
    pub(super) fn address(&self) -> *const () {
        Arc::as_ptr(&self.0).cast()
    }

    /// Whether both mean the same future.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Future").field("state", &self.state()).finish_non_exhaustive()
    }
}
