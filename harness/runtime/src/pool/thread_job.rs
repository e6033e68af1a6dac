//! One job of a pool of threads: whichever thread is free takes its next task.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::engine::Broken;
use super::threads::{Floor, locked};
use super::underway::{Outcomes, Underway};
use super::work::{Job, Work};
use crate::error::{Error, Kind};
use crate::function::{Function, panic_message};

/// A job whose tasks any thread may take.
pub(super) trait Shared<S>: Send + Sync {
    fn next(&self) -> Option<u64>;
    fn carry_out(&self, task: u64, state: &S);
    fn fail(&self, broken: &Broken);
}

/// A job of [`Threads`](crate::Threads).
pub struct InThreads<F: Function> {
    floor: Arc<Floor<F::State>>,
    job: Arc<ThreadJob<F>>,
}

impl<F: Function> InThreads<F> {
    pub(super) fn new(floor: &Arc<Floor<F::State>>, function: F, work: Work<F>, limit: Option<Duration>) -> Self {
        let progress = Mutex::new(Progress { work, begun: BTreeMap::new() });
        let job = ThreadJob { floor: Arc::clone(floor), function, limit, progress, turned: Condvar::new() };
        Self { floor: Arc::clone(floor), job: Arc::new(job) }
    }
}

struct ThreadJob<F: Function> {
    floor: Arc<Floor<F::State>>,
    function: F,
    limit: Option<Duration>,
    progress: Mutex<Progress<F>>,
    turned: Condvar,
}

struct Progress<F: Function> {
    work: Work<F>,
    /// The tasks that threads are at, and since when.
    begun: BTreeMap<u64, Instant>,
}

impl<F: Function> Shared<F::State> for ThreadJob<F> {
    fn next(&self) -> Option<u64> {
        let mut progress = locked(&self.progress);
        let task = progress.work.next()?;
        if self.limit.is_some() {
            progress.begun.insert(task, Instant::now());
        }
        Some(task)
    }

    fn carry_out(&self, task: u64, state: &F::State) {
        let items = locked(&self.progress).work.lend(task);
        let outcomes: Vec<_> = items.into_iter().map(|(number, item)| (number, self.outcome(state, item))).collect();
        let mut progress = locked(&self.progress);
        let tally = &mut *locked(&self.floor.tally);
        tally.tasks += 1;
        for (number, outcome) in outcomes {
            progress.work.settle(number, outcome, tally);
        }
        progress.begun.remove(&task);
        self.turned.notify_all();
    }

    fn fail(&self, broken: &Broken) {
        let mut progress = locked(&self.progress);
        let tally = &mut *locked(&self.floor.tally);
        while let Some(task) = progress.work.next() {
            progress.work.fail(task, tally, &|| broken.error());
        }
        self.turned.notify_all();
    }
}

impl<F: Function> ThreadJob<F> {
    fn outcome(&self, state: &F::State, item: F::Item) -> Result<F::Output, Error> {
        catch_unwind(AssertUnwindSafe(|| self.function.call(state, item))).map_err(|panic| {
            let why = format!("it panicked: {}", panic_message(&*panic));
            Kind::TaskFailed { function: F::NAME, why }.into()
        })
    }

    /// Waits until `ready` finds what it looks for; none if that is not before `deadline`. Tasks that take too long fail meanwhile.
    fn wait_for<R>(&self, deadline: Option<Instant>, mut ready: impl FnMut(&mut Work<F>) -> Option<R>) -> Option<R> {
        let mut progress = locked(&self.progress);
        loop {
            let look_at = self.fail_late(&mut progress);
            if let Some(found) = ready(&mut progress.work) {
                return Some(found);
            }
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return None;
            }
            // A task that is not begun yet begins to count when it is; then somebody has to look.
            let tick = self.limit.map(|limit| now + limit);
            progress = match deadline.into_iter().chain(look_at).chain(tick).min() {
                None => self.turned.wait(progress).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(now);
                    self.turned.wait_timeout(progress, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Fails the items of tasks that take too long; tells when the next one will.
    fn fail_late(&self, progress: &mut Progress<F>) -> Option<Instant> {
        let limit = self.limit?;
        let now = Instant::now();
        let Progress { work, begun } = progress;
        begun.retain(|task, since| {
            let is_late = now.saturating_duration_since(*since) >= limit;
            if is_late {
                let tally = &mut *locked(&self.floor.tally);
                work.fail(*task, tally, &|| Kind::ThreadOverdue { function: F::NAME, task: *task, limit }.into());
            }
            !is_late
        });
        begun.values().min().map(|since| *since + limit)
    }
}

impl<F: Function> Underway<F> for InThreads<F> {
    fn add(&self, items: Vec<F::Item>) {
        let mut queue = locked(&self.floor.queue);
        locked(&self.job.progress).work.add(items, &mut locked(&self.floor.tally));
        if let Some(broken) = &queue.broken {
            return self.job.fail(broken);
        }
        queue.jobs.push_back(Arc::clone(&self.job) as Arc<dyn Shared<F::State>>);
        self.floor.called.notify_all();
    }

    fn wait(&self, deadline: Option<Instant>) -> bool {
        self.job.wait_for(deadline, |work| work.is_settled().then_some(())).is_some()
    }

    fn is_settled(&self) -> bool {
        let mut progress = locked(&self.job.progress);
        self.job.fail_late(&mut progress);
        progress.work.is_settled()
    }

    fn take(&self) -> Outcomes<F> {
        let taken = self.job.wait_for(None, |work| {
            let outcomes: Outcomes<F> = std::iter::from_fn(|| work.take()).collect();
            (!outcomes.is_empty() || work.is_empty()).then_some(outcomes)
        });
        taken.unwrap_or_default()
    }

    fn into_outcomes(self) -> Vec<Result<F::Output, Error>> {
        self.wait(None);
        locked(&self.job.progress).work.drain_outcomes()
    }

    fn cancel(&self) -> bool {
        let mut progress = locked(&self.job.progress);
        let tally = &mut *locked(&self.floor.tally);
        let before = tally.cancelled;
        progress.work.cancel(tally);
        self.job.turned.notify_all();
        tally.cancelled > before
    }
}

impl<F: Function> Drop for InThreads<F> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<F: Function> fmt::Debug for InThreads<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InThreads").field("function", &F::NAME).finish_non_exhaustive()
    }
}
