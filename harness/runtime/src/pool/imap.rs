//! Items that are taken as outcomes are asked for: a bounded number is under way, whatever the source holds.

use std::fmt;

use super::underway::{InProcesses, Outcomes, Underway};
use crate::error::Error;
use crate::function::Function;

/// How an [`Imap`] flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// How many items make a task; CPython's default for `imap` is 1.
    pub chunksize: usize,
    /// How many items are taken from the source at most whose outcomes were not given yet; at least one chunk. 0 is twice what the workers
    /// may hold. CPython's `imap` has no such bound.
    pub prefetch: usize,
}

impl Default for Flow {
    fn default() -> Self {
        Self { chunksize: 1, prefetch: 0 }
    }
}

/// The outcomes of [`Workers::imap`](super::Workers::imap) and [`Workers::imap_unordered`](super::Workers::imap_unordered): the number of
/// each item, counted from 0, and what became of it.
///
/// Dropping it calls off what was not sent yet.
pub struct Imap<F: Function, I, U: Underway<F> = InProcesses<F>> {
    job: U,
    /// None once it has ended.
    source: Option<I>,
    chunk: usize,
    prefetch: usize,
    /// Outcomes that came and were not given yet.
    ready: Outcomes<F>,
    /// Items taken from the source whose outcomes were not given yet.
    open: usize,
}

impl<F: Function, I: Iterator<Item = F::Item>, U: Underway<F>> Imap<F, I, U> {
    pub(super) fn new(job: U, source: I, flow: Flow, held_at_most: usize) -> Self {
        let chunk = flow.chunksize.max(1);
        let automatic = held_at_most.saturating_mul(2).saturating_mul(chunk);
        let prefetch = if flow.prefetch == 0 { automatic } else { flow.prefetch.max(chunk) };
        Self { job, source: Some(source), chunk, prefetch, ready: Outcomes::<F>::new(), open: 0 }
    }

    /// Takes whole chunks from the source while there is room for them. The source is the user's code and runs without a lock.
    fn refill(&mut self) {
        let room = (self.prefetch - self.open) / self.chunk * self.chunk;
        // Half at a time, so that items go out many at once.
        if self.source.is_none() || self.open > self.prefetch / 2 || room == 0 {
            return;
        }
        let mut items = Vec::new();
        if let Some(source) = &mut self.source {
            items.extend(source.take(room));
        }
        if items.len() < room {
            self.source = None;
        }
        self.open += items.len();
        if !items.is_empty() {
            self.job.add(items);
        }
    }
}

impl<F: Function, I: Iterator<Item = F::Item>, U: Underway<F>> Iterator for Imap<F, I, U> {
    type Item = (u64, Result<F::Output, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        self.refill();
        if self.ready.is_empty() {
            self.ready = self.job.take();
        }
        let next = self.ready.pop_front()?;
        self.open -= 1;
        Some(next)
    }
}

impl<F: Function, I, U: Underway<F>> fmt::Debug for Imap<F, I, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap").field("function", &F::NAME).field("open", &self.open).finish_non_exhaustive()
    }
}
