//! A task on its way to the crew: its items, its future, and its types erased.

use std::sync::Arc;

use super::future::Future;
use super::map::Outcomes;
use crate::error::{Error, Kind};
use crate::function::Function;
use crate::pool::Crew;

/// A task as the manager sees it.
pub(super) trait Call: Send {
    /// It was taken over: from now on its future will be done, whatever happens.
    fn accept(&mut self);

    /// The manager turns to it; false if it was cancelled.
    fn begin(&self) -> bool;

    /// Hands its items to the crew, and tells the number that they have there.
    fn hand_in(&mut self, crew: &mut Crew) -> Result<u64, Error>;

    /// Finishes its future with what the crew has of it.
    ///
    /// # Errors
    /// If the crew has nothing because it fails as a whole; then the future is not finished.
    fn settle(&self, crew: &mut Crew, job: u64) -> Result<(), Error>;

    /// Finishes its future with an error.
    fn fail(&self, why: &Error);

    /// Cancels its future, and tells everybody.
    fn call_off(&self);
}

/// A task with its types: several items, and one future for what becomes of them.
///
/// Dropping one that was taken over finishes its future, if nobody has: even if the manager panics half way, nobody waits for ever.
pub(super) struct Task<F: Function, T> {
    pub(super) future: Future<T>,
    pub(super) function: Arc<[u8]>,
    /// Empty once they are handed in.
    pub(super) items: Vec<F::Item>,
    /// Makes the outcome of the future from those of the items.
    pub(super) shape: fn(Outcomes<F>) -> Result<T, Error>,
    pub(super) is_taken_over: bool,
}

impl<F: Function, T> Drop for Task<F, T> {
    fn drop(&mut self) {
        if self.is_taken_over {
            let why = Some("the task was given up".to_owned());
            self.future.settle(Err(Kind::ExecutorBroken { worker: None, why, torn: false }.into()));
        }
    }
}

impl<F: Function, T: Send> Call for Task<F, T> {
    fn accept(&mut self) {
        self.is_taken_over = true;
    }

    fn begin(&self) -> bool {
        self.future.begin()
    }

    fn hand_in(&mut self, crew: &mut Crew) -> Result<u64, Error> {
        crew.hand_in::<F>(&self.function, std::mem::take(&mut self.items))
    }

    fn settle(&self, crew: &mut Crew, job: u64) -> Result<(), Error> {
        let mut outcomes = crew.collect::<F>(job).unwrap_or_default();
        let is_collapse = |outcome: &Result<F::Output, Error>| outcome.as_ref().is_err_and(Error::is_of_the_pool);
        match outcomes.iter().position(is_collapse) {
            Some(place) => outcomes.swap_remove(place).map(drop),
            None => {
                self.future.settle((self.shape)(outcomes));
                Ok(())
            }
        }
    }

    fn fail(&self, why: &Error) {
        self.future.settle(Err(why.clone()));
    }

    fn call_off(&self) {
        self.future.call_off();
    }
}
