//! Waiting for several futures at once: `wait` and `as_completed`.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::future::Future;
use crate::error::{Error, Kind};
use crate::waiting;

/// Who waits for several futures. A future tells it under its own lock: no lock of a future is ever taken under this one.
#[derive(Debug, Default)]
pub(super) struct Watch {
    done: Mutex<VecDeque<usize>>,
    changed: Condvar,
}

impl Watch {
    /// The future that is number `place` here is done.
    pub(super) fn tell(&self, place: usize) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push_back(place);
        self.changed.notify_all();
    }

    /// The next one that is done; none if there is none until the deadline.
    fn next(&self, deadline: Instant) -> Option<usize> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(done, left, |done| done.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.pop_front()
    }
}

/// When [`wait`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// When any of the futures is finished or was cancelled.
    FirstCompleted,
    /// When any of them is finished with an error; otherwise when all are done.
    FirstException,
    /// When all of them are done.
    AllCompleted,
}

/// What [`wait`] has found: each future once, in the order in which they were given.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that are done.
    pub done: Vec<Future<T>>,
    /// Those that are not.
    pub not_done: Vec<Future<T>>,
}

/// Each future once, in the order in which they are given.
fn distinct<T>(futures: &[Future<T>]) -> Vec<Future<T>> {
    let mut seen = std::collections::HashSet::new();
    futures.iter().filter(|future| seen.insert(future.address())).cloned().collect()
}

/// Waits for several futures, for at most `limit` ([`Duration::MAX`] for as long as it takes). That some are not done then is no error.
///
/// A future that was cancelled counts as done once its executor has come to it, as in CPython.
///
/// ```no_run
/// # use std::time::Duration;
/// # use multiprocess::executor::{Future, ReturnWhen, wait};
/// # fn example(futures: Vec<Future<u64>>) {
/// let waited = wait(&futures, Duration::from_secs(1), ReturnWhen::FirstCompleted);
/// println!("{} are done, {} are not", waited.done.len(), waited.not_done.len());
/// # }
/// ```
pub fn wait<T>(futures: &[Future<T>], limit: Duration, until: ReturnWhen) -> Waited<T> {
    let deadline = waiting::after(limit);
    let watching = Watching::new(distinct(futures));
    let mut is_done = vec![false; watching.futures.len()];
    let (mut open, mut failed) = (is_done.len(), false);
    // What is done already is told already: it is all taken before the first wait.
    while open > 0 {
        let now = Instant::now();
        let enough = match until {
            ReturnWhen::FirstCompleted => open < is_done.len(),
            ReturnWhen::FirstException => failed,
            ReturnWhen::AllCompleted => false,
        };
        let Some(place) = watching.watch.next(if enough { now } else { deadline }) else { break };
        is_done[place] = true;
        failed |= watching.futures[place].has_failed();
        open -= 1;
    }
    let mut waited = Waited { done: Vec::new(), not_done: Vec::new() };
    for (future, done) in watching.futures.iter().zip(is_done) {
        if done { &mut waited.done } else { &mut waited.not_done }.push(future.clone());
    }
    waited
}

/// Gives each of several futures when it is done; one that is given twice comes once.
///
/// All of it takes at most `limit`, counted from this call ([`Duration::MAX`] for as long as it takes); then it gives one error
/// ([`Error::is_deadline`]) and ends.
///
/// ```no_run
/// # use std::time::Duration;
/// # use multiprocess::executor::{Future, as_completed};
/// # fn example(futures: Vec<Future<u64>>) -> Result<(), multiprocess::Error> {
/// for future in as_completed(&futures, Duration::from_secs(10)) {
///     println!("{}", future?.result(Duration::ZERO)?);
/// }
/// # Ok(())
/// # }
/// ```
pub fn as_completed<T>(futures: &[Future<T>], limit: Duration) -> AsCompleted<T> {
    let watching = Watching::new(distinct(futures));
    AsCompleted { open: watching.futures.len(), watching, limit, deadline: waiting::after(limit) }
}

/// The iterator of [`as_completed`].
pub struct AsCompleted<T> {
    watching: Watching<T>,
    open: usize,
    limit: Duration,
    deadline: Instant,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Result<Future<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.open == 0 {
            return None;
        }
        Some(match self.watching.watch.next(self.deadline) {
            Some(place) => {
                self.open -= 1;
                Ok(self.watching.futures[place].clone())
            }
            None => {
                let limit = self.limit;
                self.open = 0;
                Err(Kind::Deadline { doing: "waiting for futures", limit }.into())
            }
        })
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("open", &self.open).finish_non_exhaustive()
    }
}

/// Futures that tell a watch; those that still would do so no more once this is dropped.
struct Watching<T> {
    futures: Vec<Future<T>>,
    watch: Arc<Watch>,
}

impl<T> Watching<T> {
    fn new(futures: Vec<Future<T>>) -> Self {
        let watch = Arc::new(Watch::default());
        for (place, future) in futures.iter().enumerate() {
            future.watch(&watch, place);
        }
        Self { futures, watch }
    }
}

impl<T> Drop for Watching<T> {
    fn drop(&mut self) {
        self.futures.iter().for_each(|future| future.unwatch(&self.watch));
    }
}
