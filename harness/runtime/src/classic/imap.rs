//! `imap` and `imap_unordered`: results one by one, while the items are still being drawn.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bincode::Decode;

use super::jobs::{Failure, Fate, Job, Tally};
use super::map_job;
use super::report::{HangReport, LostTask};
use crate::error::{Error, Kind};
use crate::waiting;

/// The outputs of an `imap` or `imap_unordered`, one by one: CPython's `IMapIterator`.
///
/// A task that fails gives one error in place of its outputs, and the iteration goes on after it.
///
/// **Nothing holds the items back**, as in CPython up to 3.14: the task handler draws them as fast as the workers take tasks, whether
/// anybody asks for the outputs or not, and what has come waits here. [`most_waiting`](Self::most_waiting) tells how far it went.
#[derive(Debug)]
pub struct ImapIterator<O> {
    belt: Arc<Belt<O>>,
    /// What is left of the last task's outputs.
    chunk: std::vec::IntoIter<O>,
    limit: Duration,
}

/// What the job and the iterator share.
#[derive(Debug)]
pub(super) struct Belt<O> {
    state: Mutex<State<O>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<O> {
    /// What has come and was not given out, by its turn.
    arrived: BTreeMap<u64, Result<Vec<O>, Error>>,
    /// Whose turn it is.
    turn: u64,
    /// How many turns there are, once that is known.
    turns: Option<u64>,
    most_waiting: usize,
}

impl<O> Belt<O> {
    fn lock(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O> State<O> {
    fn put(&mut self, turn: u64, outputs: Result<Vec<O>, Error>) {
        self.arrived.insert(turn, outputs);
        self.most_waiting = self.most_waiting.max(self.arrived.len());
    }
}

impl<O> ImapIterator<O> {
    /// The most tasks whose outputs were there at one time and had not been asked for.
    pub fn most_waiting(&self) -> usize {
        self.belt.lock().most_waiting
    }

    /// The next output, waited for for at most `limit`; none at the end. After an error at the limit ([`Error::is_deadline`]) ask again.
    pub fn next_within(&mut self, limit: Duration) -> Option<Result<O, Error>> {
        loop {
            if let Some(output) = self.chunk.next() {
                return Some(Ok(output));
            }
            match self.next_chunk(limit)? {
                Ok(chunk) => self.chunk = chunk.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn next_chunk(&mut self, limit: Duration) -> Option<Result<Vec<O>, Error>> {
        let deadline = waiting::after(limit);
        let mut state = self.belt.lock();
        loop {
            let turn = state.turn;
            if let Some(outputs) = state.arrived.remove(&turn) {
                state.turn += 1;
                return Some(outputs);
            }
            if state.turns.is_some_and(|turns| turn >= turns) {
                return None;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Err(Kind::Deadline { doing: "waiting for the next result of a pool", limit }.into()));
            }
            state = self.belt.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<O> Iterator for ImapIterator<O> {
    type Item = Result<O, Error>;

    /// Waits for at most the pool's deadline.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_within(self.limit)
    }
}

/// In which order the outputs are given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turns {
    /// In the order of the items.
    InOrder,
    /// As they come.
    AsTheyCome,
}

/// The job behind an [`ImapIterator`].
pub(super) struct ImapJob<O> {
    function: &'static str,
    turns: Turns,
    tasks: u64,
    items: u64,
    /// Tasks that are not settled, with their items.
    open: BTreeMap<u64, Range<u64>>,
    all: Option<u64>,
    lost: Vec<LostTask>,
    /// The outputs that settled the last task, with their turn. Held back until the job is complete and off the pool's list: whoever has all
    /// outputs may end the pool at once, and it must not find work to give up.
    last: Option<(u64, Result<Vec<O>, Error>)>,
    belt: Arc<Belt<O>>,
}

impl<O> ImapJob<O> {
    pub(super) fn new(function: &'static str, turns: Turns, limit: Duration) -> (Self, ImapIterator<O>) {
        let state = State { arrived: BTreeMap::new(), turn: 0, turns: None, most_waiting: 0 };
        let belt = Arc::new(Belt { state: Mutex::new(state), changed: Condvar::new() });
        let iterator = ImapIterator { belt: Arc::clone(&belt), chunk: Vec::new().into_iter(), limit };
        let (open, lost) = (BTreeMap::new(), Vec::new());
        (Self { function, turns, tasks: 0, items: 0, open, all: None, lost, last: None, belt }, iterator)
    }

    fn settled(&self) -> u64 {
        self.tasks - self.open.len() as u64
    }

    /// The turn of a task that was open until now.
    fn turn(&self, index: u64) -> u64 {
        if self.turns == Turns::InOrder { index } else { self.settled() - 1 }
    }

    fn put(&self, turn: u64, outputs: Result<Vec<O>, Error>) {
        self.belt.lock().put(turn, outputs);
        self.belt.changed.notify_all();
    }
}

impl<O: Decode<()> + Send> Job for ImapJob<O> {
    fn settle(&mut self, number: u64, index: u64, fate: Fate<'_>, tally: &Tally) -> bool {
        let Some(items) = self.open.remove(&index) else { return false };
        let outputs = match fate {
            Fate::Replied(reply) => map_job::outputs(self.function, reply, Some(items.end - items.start)),
            Fate::Refused(error) => Err(error),
            Fate::Lost(death) => {
                let lost = LostTask { task: index, items, death };
                self.lost.push(lost.clone());
                Err(HangReport::of_lost(number, vec![lost]).into())
            }
        };
        tally.settled(outputs.is_ok());
        let (turn, last) = (self.turn(index), self.all == Some(self.settled()));
        match last {
            true => self.last = Some((turn, outputs)),
            false => self.put(turn, outputs),
        }
        last
    }

    fn drawn(&mut self, items: u64) {
        self.open.insert(self.tasks, self.items..self.items + items);
        self.tasks += 1;
        self.items += items;
    }

    fn all_drawn(&mut self, tasks: u64) -> bool {
        self.all = Some(tasks);
        self.settled() == tasks
    }

    fn unsettled(&self) -> u64 {
        self.open.len() as u64
    }

    fn complete(mut self: Box<Self>, number: u64, failure: Option<&Failure>, _tally: &Tally) -> Option<HangReport> {
        let hang = Some(std::mem::take(&mut self.lost)).filter(|lost| !lost.is_empty());
        let hang = hang.map(|lost| HangReport::of_lost(number, lost));
        if let Some((turn, outputs)) = self.last.take() {
            self.put(turn, outputs);
        }
        while let (Some(failure), Some((index, items))) = (failure, self.open.pop_first()) {
            self.put(self.turn(index), Err(failure.error(Some(number), &[(index, items)])));
        }
        let mut state = self.belt.lock();
        state.turns = self.all;
        if let (Some(failure), None) = (failure, self.all) {
            // Nobody will draw the rest of the items, and that is an error of its own.
            state.put(self.tasks, Err(failure.error(Some(number), &[])));
            state.turns = Some(self.tasks + 1);
        }
        drop(state);
        self.belt.changed.notify_all();
        hang
    }
}
