//! The jobs that wait for replies: CPython's `_cache`.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bincode::Decode;

use crate::codec::Loading;
use crate::error::{Error, Kind};
use crate::sys::pid::Status;

/// A job of any type, as the handlers see it.
pub(super) trait Job: Send {
    /// Takes the reply to task `index`; true once every task has one.
    fn accept(&mut self, index: u64, reply: Loading<'_>) -> bool;
    /// Notes that task `index` never left, and why; true once every task has a reply.
    fn refuse(&mut self, index: u64, error: Error) -> bool;
    /// Gives the outcome to whoever waits for it.
    fn complete(self: Box<Self>, error: Option<Error>);
}

/// One `map`: the first error wins, but the job is done only when every task has a reply, as in CPython.
#[derive(Debug)]
pub(super) struct MapJob<O> {
    function: &'static str,
    chunks: Vec<Option<Vec<O>>>,
    missing: usize,
    error: Option<Error>,
    outcome: Sender<Result<Vec<O>, Error>>,
}

impl<O> MapJob<O> {
    pub(super) fn new(function: &'static str, tasks: usize, outcome: Sender<Result<Vec<O>, Error>>) -> Self {
        let chunks = std::iter::repeat_with(|| None).take(tasks).collect();
        Self { function, chunks, missing: tasks, error: None, outcome }
    }

    fn settle(&mut self, index: u64, outcome: Result<Vec<O>, Error>) -> bool {
        let place = usize::try_from(index).ok().and_then(|index| self.chunks.get_mut(index));
        match (place, outcome) {
            (Some(place @ None), Ok(outputs)) => *place = Some(outputs),
            (Some(None), Err(fault)) => self.error = self.error.take().or(Some(fault)),
            (Some(Some(_)) | None, _) => {
                let why = format!("a reply to task {index}, which is not one that waits");
                self.error = self.error.take().or(Some(Kind::Decode { what: "a reply", why }.into()));
            }
        }
        self.missing = self.missing.saturating_sub(1);
        self.missing == 0
    }
}

impl<O: Decode<()> + Send> Job for MapJob<O> {
    fn accept(&mut self, index: u64, mut reply: Loading<'_>) -> bool {
        let mut decode = || -> Result<Vec<O>, Error> {
            let outcome: Result<Vec<O>, String> = reply.piece()?;
            outcome.map_err(|why| Kind::TaskFailed { function: self.function, why }.into())
        };
        let outcome = match decode() {
            // What is left of a message that cannot be read means nothing.
            Err(fault) if fault.is_decode() => Err(fault),
            outcome => reply.finish().and(outcome),
        };
        self.settle(index, outcome)
    }

    fn refuse(&mut self, index: u64, error: Error) -> bool {
        self.settle(index, Err(error))
    }

    fn complete(self: Box<Self>, error: Option<Error>) {
        let outcome = match error.or(self.error) {
            Some(fault) => Err(fault),
            None => Ok(self.chunks.into_iter().flatten().flatten().collect()),
        };
        // Nobody waits any more if the caller's deadline has passed.
        let _ = self.outcome.send(outcome);
    }
}

/// All jobs of a pool, and whether it has failed.
#[derive(Default)]
pub(super) struct Jobs {
    state: Mutex<State>,
}

/// A job under a lock of its own, so that decoding a large reply holds up nobody else; none once it is complete.
type Waiting = Arc<Mutex<Option<Box<dyn Job>>>>;

#[derive(Default)]
struct State {
    next: u64,
    cache: BTreeMap<u64, Waiting>,
    /// Why the pool has failed, if it has.
    failure: Option<Failure>,
}

/// Why a pool takes no more jobs.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// This worker ended while the pool was in use.
    WorkerDied(u32, Status),
    /// A handler thread panicked, in the encoding or decoding of the user's types.
    HandlerPanicked { name: String, why: String },
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::WorkerDied(pid, status) => Kind::WorkerDied { pid, status }.into(),
            Failure::HandlerPanicked { name, why } => Kind::HandlerPanicked { name, why }.into(),
        }
    }
}

impl Jobs {
    /// Adds a job and returns its number.
    pub(super) fn add(&self, job: Box<dyn Job>) -> Result<u64, Error> {
        let mut state = self.lock();
        if let Some(failure) = &state.failure {
            return Err(failure.clone().into());
        }
        let number = state.next;
        state.next += 1;
        state.cache.insert(number, Arc::new(Mutex::new(Some(job))));
        Ok(number)
    }

    /// Takes one reply from the out-queue.
    pub(super) fn accept(&self, number: u64, index: u64, reply: Loading<'_>) {
        self.settle(number, |job| job.accept(index, reply));
    }

    /// Notes that a task could not be sent.
    pub(super) fn refuse(&self, number: u64, index: u64, error: Error) {
        self.settle(number, |job| job.refuse(index, error));
    }

    fn settle(&self, number: u64, change: impl FnOnce(&mut dyn Job) -> bool) {
        let Some(waiting) = self.lock().cache.get(&number).cloned() else { return };
        let mut job = open(&waiting);
        let complete_now = match job.as_mut() {
            Some(job) => change(&mut **job),
            None => false,
        };
        if complete_now {
            self.lock().cache.remove(&number);
            complete(&mut job, None);
        }
    }

    /// The pool has failed: every job that waits fails with it, and no new one is taken. The first failure stays.
    pub(super) fn fail(&self, failure: Failure) {
        let (failure, waiting) = {
            let mut state = self.lock();
            let failure = state.failure.get_or_insert(failure).clone();
            (failure, std::mem::take(&mut state.cache))
        };
        for job in waiting.into_values() {
            complete(&mut open(&job), Some(failure.clone().into()));
        }
    }

    /// Why the pool has failed, if it has.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.lock().failure.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(job: &Waiting) -> MutexGuard<'_, Option<Box<dyn Job>>> {
    job.lock().unwrap_or_else(PoisonError::into_inner)
}

fn complete(job: &mut Option<Box<dyn Job>>, error: Option<Error>) {
    if let Some(job) = job.take() {
        job.complete(error);
    }
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("waiting", &self.lock().cache.len()).finish()
    }
}
