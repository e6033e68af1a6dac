//! One job under way, as whoever waits for it sees it; and the one in processes.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use super::drive::{Shop, into_work, work_of};
use super::engine::Engine;
use super::work::Work;
use crate::error::Error;
use crate::function::Function;

/// The outcomes of some items: the number of each in its job, counted from 0, and what became of it.
pub type Outcomes<F> = VecDeque<(u64, Result<<F as Function>::Output, Error>)>;

/// A job under way: what [`Workers`](super::Workers) makes everything else of. Dropping it calls off what was not sent yet.
pub trait Underway<F: Function>: Sized {
    /// Adds items, in whole tasks but for the last.
    fn add(&self, items: Vec<F::Item>);

    /// Waits until every item is settled; false if that is not before `deadline`.
    fn wait(&self, deadline: Option<Instant>) -> bool;

    /// Whether every item is settled.
    fn is_settled(&self) -> bool;

    /// Takes the outcomes that are next, and waits for the first of them; none if there are no items left.
    fn take(&self) -> Outcomes<F>;

    /// All outcomes that were not taken yet, in the order of the items.
    fn into_outcomes(self) -> Vec<Result<F::Output, Error>>;

    /// Calls off what was not sent yet; tells whether there was anything.
    fn cancel(&self) -> bool;
}

/// A job of a [`Pool`](crate::Pool).
pub struct InProcesses<F: Function> {
    shop: Arc<Shop>,
    job: u64,
    function: PhantomData<fn() -> F>,
}

impl<F: Function> InProcesses<F> {
    pub(super) fn begin(shop: &Arc<Shop>, work: Work<F>, items: Vec<F::Item>) -> Result<Self, Error> {
        let job = shop.submit(work, items)?;
        Ok(Self { shop: Arc::clone(shop), job, function: PhantomData })
    }

    fn settled(&self, engine: &Engine) -> bool {
        engine.jobs.get(&self.job).is_none_or(|job| job.is_settled())
    }
}

impl<F: Function> Underway<F> for InProcesses<F> {
    fn add(&self, items: Vec<F::Item>) {
        self.shop.submit_more::<F>(self.job, items);
    }

    fn wait(&self, deadline: Option<Instant>) -> bool {
        self.shop.wait_for(deadline, |engine| self.settled(engine).then_some(())).is_some()
    }

    fn is_settled(&self) -> bool {
        self.settled(&self.shop.look())
    }

    fn take(&self) -> Outcomes<F> {
        let taken = self.shop.wait_for(None, |engine| {
            let work = engine.jobs.get_mut(&self.job).and_then(|job| work_of::<F>(job.as_mut()));
            let Some(work) = work else { return Some(VecDeque::new()) };
            let outcomes: VecDeque<_> = std::iter::from_fn(|| work.take()).collect();
            (!outcomes.is_empty() || work.is_empty()).then_some(outcomes)
        });
        taken.unwrap_or_default()
    }

    fn into_outcomes(self) -> Vec<Result<F::Output, Error>> {
        self.wait(None);
        let job = self.shop.lock().remove_job(self.job);
        let work = job.and_then(into_work::<F>);
        work.map_or_else(Vec::new, |mut work| work.drain_outcomes())
    }

    fn cancel(&self) -> bool {
        let mut engine = self.shop.lock();
        let before = engine.tally.cancelled;
        engine.change(self.job, |job, tally| job.cancel(tally));
        engine.tally.cancelled > before
    }
}

impl<F: Function> Drop for InProcesses<F> {
    fn drop(&mut self) {
        self.shop.drop_job(self.job);
    }
}

impl<F: Function> fmt::Debug for InProcesses<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcesses").field("function", &F::NAME).field("job", &self.job).finish_non_exhaustive()
    }
}
