//! One item that was handed in: its output can be waited for, or called off.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::underway::{InProcesses, Underway};
use crate::error::{Error, Kind};
use crate::function::Function;
use crate::waiting;

/// One item that was handed in with [`Workers::submit`](super::Workers::submit), CPython's `AsyncResult`.
///
/// Dropping it calls the item off if it was not sent yet; if it was, its output is dropped as it comes.
#[must_use = "dropping it calls the item off"]
pub struct Submitted<F: Function, U: Underway<F> = InProcesses<F>> {
    job: U,
    function: PhantomData<fn() -> F>,
}

impl<F: Function, U: Underway<F>> Submitted<F, U> {
    pub(super) fn new(job: U) -> Self {
        Self { job, function: PhantomData }
    }

    /// Waits for the output, for at most `limit`.
    ///
    /// # Errors
    /// What went wrong with the item, or that there is no output yet ([`Error::is_deadline`]): then the item is given up. Who may want to
    /// wait longer calls [`wait`](Self::wait).
    pub fn get(self, limit: Duration) -> Result<F::Output, Error> {
        self.wait(limit)?;
        self.job.into_outcomes().pop().ok_or_else(|| Error::from(Kind::Closed))?
    }

    /// Waits until the item is settled, for at most `limit`.
    ///
    /// # Errors
    /// If it is not settled then.
    pub fn wait(&self, limit: Duration) -> Result<(), Error> {
        let deadline = (limit < waiting::FAR).then(|| waiting::after(limit));
        if self.job.wait(deadline) { Ok(()) } else { Err(Kind::Deadline { doing: "waiting for a task", limit }.into()) }
    }

    /// Whether the item is settled: by an output, an error, or [`cancel`](Self::cancel).
    pub fn is_done(&self) -> bool {
        self.job.is_settled()
    }

    /// Calls the item off, unless it was sent to a worker already; tells whether it could.
    pub fn cancel(&self) -> bool {
        self.job.cancel()
    }
}

impl<F: Function, U: Underway<F>> fmt::Debug for Submitted<F, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted").field("function", &F::NAME).finish_non_exhaustive()
    }
}
