//! A pool after its close.

use super::engine::{Ended, Engine};
use crate::error::Error;

/// A pool that takes no more jobs. Dropping it kills its workers, whatever is left to do.
#[derive(Debug)]
pub struct Closed {
    engine: Engine,
}

impl Closed {
    pub(super) fn of(engine: Engine) -> Self {
        Self { engine }
    }

    /// Waits for the last job and for everybody's end, at most for the pool's deadline.
    ///
    /// CPython's `join` never returns once a job was lost with a worker, because the worker handler keeps the pool up for it. This one
    /// returns, and tells in [`Ended::hangs`] what CPython's would wait for.
    ///
    /// # Errors
    /// At the deadline; or if the pool has failed by anything but a worker's death.
    pub fn join(self) -> Result<Ended, Error> {
        self.engine.join()
    }

    /// As [`Pool::terminate`](super::Pool::terminate).
    ///
    /// # Errors
    /// As [`Pool::terminate`](super::Pool::terminate).
    pub fn terminate(self) -> Result<Ended, Error> {
        self.engine.terminate()
    }
}
