//! The outcomes of a map, in the order of the items.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use super::future::Future;
use crate::error::{Error, Kind};
use crate::function::Function;
use crate::waiting;

/// What became of each item of a chunk.
pub(super) type Outcomes<F> = Vec<Result<<F as Function>::Output, Error>>;

/// The outcomes of [`Executor::map`](super::Executor::map), in the order of the items: one for each.
///
/// Dropping it cancels what is still pending of it.
pub struct Map<F: Function> {
    /// The future of each chunk, and how many items it has.
    chunks: VecDeque<(Future<Outcomes<F>>, usize)>,
    ready: std::vec::IntoIter<Result<F::Output, Error>>,
    limit: Duration,
    deadline: Instant,
}

impl<F: Function> Map<F> {
    pub(super) fn new(chunks: VecDeque<(Future<Outcomes<F>>, usize)>, limit: Duration) -> Self {
        Self { chunks, ready: Vec::new().into_iter(), limit, deadline: waiting::after(limit) }
    }

    fn cancel(&mut self) {
        for (chunk, _) in self.chunks.drain(..) {
            chunk.cancel();
        }
    }
}

impl<F: Function> Iterator for Map<F> {
    type Item = Result<F::Output, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(outcome) = self.ready.next() {
                return Some(outcome);
            }
            let (chunk, items) = self.chunks.front()?;
            let left = self.deadline.saturating_duration_since(Instant::now());
            self.ready = match chunk.take(left) {
                Ok(outcomes) => outcomes.into_iter(),
                Err(fault) if fault.is_deadline() => {
                    self.cancel();
                    let limit = self.limit;
                    return Some(Err(Kind::Deadline { doing: "waiting for the next output of a map", limit }.into()));
                }
                Err(fault) => (0..*items).map(|_| Err(fault.clone())).collect::<Vec<_>>().into_iter(),
            };
            self.chunks.pop_front();
        }
    }
}

impl<F: Function> Drop for Map<F> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<F: Function> fmt::Debug for Map<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("function", &F::NAME).field("chunks", &self.chunks.len()).finish_non_exhaustive()
    }
}
