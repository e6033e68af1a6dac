//! What a handler thread calls when a job is done.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::results::Settled;
use crate::error::Error;

/// Called by a handler thread of the pool when a job is done, before anybody who waits for it is woken: after CPython's `callback` and
/// `error_callback`.
///
/// As long as one runs, no other result is taken, so it should be short, and must not wait for another job of the pool. One that
/// panics is counted ([`Pool::callback_panics`](super::Pool::callback_panics)) and the panic's message goes to standard error; in CPython one
/// that raises ends the thread, and nobody gets a result any more.
///
/// ```
/// use multiprocess::classic::Callbacks;
/// let callbacks = Callbacks::<u64>::none().on_success(|outputs| println!("{outputs:?}")).on_error(|error| eprintln!("{error}"));
/// ```
pub struct Callbacks<O> {
    success: Option<OnSuccess<O>>,
    error: Option<OnError>,
}

type OnSuccess<O> = Box<dyn FnOnce(&[O]) + Send>;
type OnError = Box<dyn FnOnce(&Error) + Send>;

impl<O> Callbacks<O> {
    /// Nothing is called.
    pub fn none() -> Self {
        Self { success: None, error: None }
    }

    /// The same, with what is called with the outputs of a job that has succeeded; one output for `apply_async`.
    #[must_use]
    pub fn on_success(self, callback: impl FnOnce(&[O]) + Send + 'static) -> Self {
        Self { success: Some(Box::new(callback)), ..self }
    }

    /// The same, with what is called with the error of a job that has failed.
    #[must_use]
    pub fn on_error(self, callback: impl FnOnce(&Error) + Send + 'static) -> Self {
        Self { error: Some(Box::new(callback)), ..self }
    }

    /// Calls what is to be called; true if it panicked.
    pub(super) fn run(self, settled: &Settled<O>) -> bool {
        let call = || match settled {
            Settled::Done(outputs) => self.success.into_iter().for_each(|callback| callback(outputs)),
            Settled::Failed { failures, whole, .. } => {
                let error = whole.as_ref().or_else(|| failures.first().map(|failure| &failure.error));
                self.error.into_iter().zip(error).for_each(|(callback, error)| callback(error));
            }
        };
        catch_unwind(AssertUnwindSafe(call)).is_err()
    }
}

impl<O> fmt::Debug for Callbacks<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (success, error) = (self.success.is_some(), self.error.is_some());
        f.debug_struct("Callbacks").field("success", &success).field("error", &error).finish()
    }
}
