//! The jobs that wait for replies: CPython's `_cache`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::report::{Death, HangReport, LostTask, QueueLock};
use crate::codec::Loading;
use crate::error::{Error, Kind};
use crate::waiting::StopSwitch;

/// What becomes of a task.
#[derive(Debug)]
pub(super) enum Fate<'a> {
    /// Its reply has come.
    Replied(Loading<'a>),
    /// It never left, and why.
    Refused(Error),
    /// It was lost with this worker.
    Lost(Death),
}

/// What the jobs of a pool have counted. Relaxed: each count is made before the outcome that it is about is handed over under a lock, and whoever
/// has the outcome finds it counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    submitted: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    callback_panics: AtomicU64,
}

impl Tally {
    /// Counts a task that is settled.
    pub(super) fn settled(&self, succeeded: bool) {
        if succeeded { &self.succeeded } else { &self.failed }.fetch_add(1, Relaxed);
    }

    pub(super) fn callback_panicked(&self) {
        self.callback_panics.fetch_add(1, Relaxed);
    }
}

/// A job of any type, as the handlers see it.
pub(super) trait Job: Send {
    /// Settles task `index` of this job, whose number it is told, unless it was settled before; true if no task is left.
    fn settle(&mut self, number: u64, index: u64, fate: Fate<'_>, tally: &Tally) -> bool;
    /// Notes one more task, of so many items, of a job whose number of tasks nobody knows yet.
    fn drawn(&mut self, items: u64);
    /// Notes that this is all of them; true if all are settled.
    fn all_drawn(&mut self, tasks: u64) -> bool;
    /// How many of the tasks that are known are not settled.
    fn unsettled(&self) -> u64;
    /// Gives the outcome to whoever waits for it: with `failure` every task that is not settled has failed. Returns a
    /// report if the job has lost tasks with a worker.
    fn complete(self: Box<Self>, number: u64, failure: Option<&Failure>, tally: &Tally) -> Option<HangReport>;
}

/// How many tasks a pool was given, and what became of them. Once no job waits, `submitted == succeeded + failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// Tasks of all jobs so far.
    pub submitted: u64,
    /// Those whose results have come.
    pub succeeded: u64,
    /// Those that failed, were lost with a worker, or were given up with their job.
    pub failed: u64,
}

/// All jobs of a pool, and whether it has failed.
#[derive(Default)]
pub(super) struct Jobs {
    state: Mutex<State>,
    tally: Tally,
}

/// A job under a lock of its own, so that decoding a large reply holds up nobody else; none once it is complete.
type Waiting = Arc<Mutex<Option<Box<dyn Job>>>>;

#[derive(Default)]
struct State {
    next: u64,
    cache: BTreeMap<u64, Waiting>,
    /// Why the pool has failed, if it has.
    failure: Option<Failure>,
    /// Dropped as soon as no job waits.
    when_empty: Option<StopSwitch>,
    /// The reports of the jobs that have lost tasks, and of the pool.
    hangs: Vec<HangReport>,
}

/// Why a pool takes no more jobs.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// This worker ended, and with it a lock, or a pool that does not replace its workers.
    WorkerDied { death: Death, lock: Option<QueueLock>, replaced: bool },
    /// New workers ended before they were ready, one after the other.
    Initializer { death: Death, calls: u64 },
    /// A worker could not be replaced.
    NotReplaced { why: String },
    /// The stream of replies cannot be read any further.
    Unreadable { why: String },
    /// A handler thread panicked.
    HandlerPanicked { name: String, why: String },
    /// It was terminated or dropped.
    Terminated,
}

impl Failure {
    /// The error for a job that loses these tasks, or for a call that comes later.
    pub(super) fn error(&self, job: Option<u64>, tasks: &[(u64, std::ops::Range<u64>)]) -> Error {
        let kind = match self.clone() {
            Self::WorkerDied { death, lock, replaced } => {
                let lost = tasks.iter().map(|(task, items)| LostTask { task: *task, items: items.clone(), death });
                Kind::WouldHang(HangReport { death, lock, job, lost: lost.collect(), replaced })
            }
            Self::Initializer { death, calls } => {
                Kind::InitializerGivenUp { pid: death.pid, status: death.status, calls }
            }
            Self::NotReplaced { why } => Kind::WorkerNotReplaced { why },
            Self::Unreadable { why } => Kind::Decode { what: "a reply", why },
            Self::HandlerPanicked { name, why } => Kind::HandlerPanicked { name, why },
            Self::Terminated => Kind::Closed,
        };
        kind.into()
    }
}

impl Jobs {
    /// Adds a job that begins with so many tasks and returns its number.
    pub(super) fn add(&self, job: Box<dyn Job>, tasks: u64) -> Result<u64, Error> {
        let mut state = self.lock();
        if let Some(failure) = &state.failure {
            return Err(failure.error(None, &[]));
        }
        let number = state.next;
        state.next += 1;
        state.cache.insert(number, Arc::new(Mutex::new(Some(job))));
        self.tally.submitted.fetch_add(tasks, Relaxed);
        Ok(number)
    }

    /// Settles one task of a job. One that no job waits for is left alone, as in CPython.
    pub(super) fn settle(&self, number: u64, index: u64, fate: Fate<'_>) {
        self.change(number, |job| job.settle(number, index, fate, &self.tally));
    }

    /// Notes one more task, of so many items; false if the job is gone.
    pub(super) fn drawn(&self, number: u64, items: u64) -> bool {
        let mut there = false;
        self.change(number, |job| {
            job.drawn(items);
            self.tally.submitted.fetch_add(1, Relaxed);
            there = true;
            false
        });
        there
    }

    /// Notes that a job has so many tasks, and no more will come.
    pub(super) fn all_drawn(&self, number: u64, tasks: u64) {
        self.change(number, |job| job.all_drawn(tasks));
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut dyn Job) -> bool) {
        let Some(waiting) = self.lock().cache.get(&number).cloned() else { return };
        let mut job = open(&waiting);
        if !job.as_mut().is_some_and(|job| change(&mut **job)) {
            return;
        }
        // Before it is complete: whoever gets the outcome finds a pool without the job.
        self.lock().cache.remove(&number);
        self.complete(number, &mut job, None);
        let mut state = self.lock();
        if state.cache.is_empty() {
            state.when_empty = None;
        }
    }

    /// The pool has failed: every job that waits fails with it, and no new one is taken. The first failure stays.
    pub(super) fn fail(&self, failure: Failure) {
        let (failure, waiting) = {
            let mut state = self.lock();
            state.when_empty = None;
            if state.failure.is_none() {
                state.hangs.extend(failure.error(None, &[]).hang_report().cloned());
            }
            let failure = state.failure.get_or_insert(failure).clone();
            (failure, std::mem::take(&mut state.cache))
        };
        for (number, job) in waiting {
            let mut job = open(&job);
            self.tally.failed.fetch_add(job.as_ref().map_or(0, |job| job.unsettled()), Relaxed);
            self.complete(number, &mut job, Some(&failure));
        }
    }

    fn complete(&self, number: u64, job: &mut Option<Box<dyn Job>>, failure: Option<&Failure>) {
        if let Some(job) = job.take() {
            let hang = job.complete(number, failure, &self.tally);
            self.lock().hangs.extend(hang);
        }
    }

    /// Drops `switch` as soon as no job waits.
    pub(super) fn when_empty(&self, switch: StopSwitch) {
        let mut state = self.lock();
        state.when_empty = Some(switch).filter(|_| !state.cache.is_empty());
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().cache.len()
    }

    /// Why the pool has failed, if it has.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.lock().failure.clone()
    }

    /// The reports of the jobs that have lost tasks, and of the pool.
    pub(super) fn take_hangs(&self) -> Vec<HangReport> {
        std::mem::take(&mut self.lock().hangs)
    }

    pub(super) fn counts(&self) -> TaskCounts {
        TaskCounts {
            submitted: self.tally.submitted.load(Relaxed),
            succeeded: self.tally.succeeded.load(Relaxed),
            failed: self.tally.failed.load(Relaxed),
        }
    }

    pub(super) fn callback_panics(&self) -> u64 {
        self.tally.callback_panics.load(Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(job: &Waiting) -> MutexGuard<'_, Option<Box<dyn Job>>> {
    job.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("waiting", &self.waiting()).finish()
    }
}
