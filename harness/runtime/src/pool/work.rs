//! One job in the parent: its items until they are answered, and what became of them.

use std::any::{Any, type_name};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::serve::{ABSENT, Outcome};
use super::{Order, Tally};
use crate::codec;
use crate::error::{Error, Kind};
use crate::function::{Function, panic_message};

/// A job with its types erased, as the engine sees it. Its tasks are numbered from 0.
pub(super) trait Job: Any + Send {
    /// The name of its function.
    fn function(&self) -> &'static str;

    /// The function, encoded: what a worker is sent before the first task of the job.
    fn preamble(&self) -> &[u8];

    /// How many tasks were never sent.
    fn unsent(&self) -> u64;

    /// Takes the next of them.
    fn next(&mut self) -> Option<u64>;

    /// Adds the items of a task to `out`, and tells how many there are; none if there is nothing left of it to be sent.
    fn encode(&mut self, task: u64, out: &mut Vec<u8>, tally: &mut Tally) -> Option<u32>;

    /// Takes the answers to a task. Items without an answer fail.
    fn accept(&mut self, task: u64, body: &[u8], tally: &mut Tally);

    /// Fails what is left of a task.
    fn fail(&mut self, task: u64, tally: &mut Tally, why: &dyn Fn() -> Error);

    /// Cancels every task that was never sent.
    fn cancel(&mut self, tally: &mut Tally);

    /// Whether every item is settled.
    fn is_settled(&self) -> bool;
}

/// One item on its way.
enum Entry<F: Function> {
    Waiting(F::Item),
    /// A thread has it.
    Lent,
    Settled(Result<F::Output, Error>),
    /// Its outcome was taken.
    Taken,
}

/// A job with its types. Its entries are those that were not all taken yet.
pub(super) struct Work<F: Function> {
    preamble: Vec<u8>,
    entries: VecDeque<Entry<F>>,
    /// The number of the first entry.
    first: u64,
    /// How many items make a task. Items are added in whole tasks, but for the last.
    chunk: u64,
    /// The number of the first entry that was never sent.
    next: u64,
    unsettled: u64,
    /// The numbers of the settled entries in the order in which they became so, if they are to be taken in that order.
    settled: Option<VecDeque<u64>>,
}

/// Encodes a function with its name.
pub(super) fn preamble<F: Function>(function: &F) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&(F::NAME.len() as u32).to_le_bytes());
    bytes.extend_from_slice(F::NAME.as_bytes());
    guarded(type_name::<F>(), || codec::append(function, &mut bytes))?;
    if bytes.len() > codec::LIMIT_BYTES {
        return Err(Kind::FrameTooLarge { bytes: bytes.len() as u64, limit: codec::LIMIT_BYTES as u64 }.into());
    }
    Ok(bytes)
}

/// Runs the user's encoding; a panic is an error like any other.
fn guarded(what: &'static str, encode: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    catch_unwind(AssertUnwindSafe(encode)).unwrap_or_else(|panic| {
        Err(Kind::Encode { what, why: format!("it panicked: {}", panic_message(&*panic)) }.into())
    })
}

impl<F: Function> Work<F> {
    /// A job without items yet.
    pub(super) fn new(preamble: Vec<u8>, chunk: usize, order: Order) -> Self {
        let settled = match order {
            Order::OfItems => None,
            Order::OfOutcomes => Some(VecDeque::new()),
        };
        Self {
            preamble,
            entries: VecDeque::new(),
            first: 0,
            chunk: chunk.max(1) as u64,
            next: 0,
            unsettled: 0,
            settled,
        }
    }

    /// Adds items.
    pub(super) fn add(&mut self, items: Vec<F::Item>, tally: &mut Tally) {
        let before = self.entries.len();
        self.entries.extend(items.into_iter().map(Entry::Waiting));
        let added = (self.entries.len() - before) as u64;
        self.unsettled += added;
        tally.submitted += added;
    }

    /// Takes the next outcome, and the number of its item: in the order of the items, or in the order in which they came.
    pub(super) fn take(&mut self) -> Option<(u64, Result<F::Output, Error>)> {
        let number = match &mut self.settled {
            Some(settled) => settled.pop_front()?,
            None => self.first,
        };
        let entry = self.entries.get_mut((number - self.first) as usize)?;
        if !matches!(entry, Entry::Settled(_)) {
            return None;
        }
        let Entry::Settled(outcome) = std::mem::replace(entry, Entry::Taken) else { return None };
        while let Some(Entry::Taken) = self.entries.front() {
            self.entries.pop_front();
            self.first += 1;
        }
        Some((number, outcome))
    }

    /// All outcomes of a settled job that were not taken yet, in the order of the items.
    pub(super) fn drain_outcomes(&mut self) -> Vec<Result<F::Output, Error>> {
        let entries = std::mem::take(&mut self.entries);
        self.first += entries.len() as u64;
        let outcome = |entry| match entry {
            Entry::Settled(outcome) => Some(outcome),
            Entry::Waiting(_) | Entry::Lent | Entry::Taken => None,
        };
        entries.into_iter().filter_map(outcome).collect()
    }

    /// Gives away the items of a task, with their numbers.
    pub(super) fn lend(&mut self, task: u64) -> Vec<(u64, F::Item)> {
        let range = self.range(task);
        let lend = |number| match self.entry(number)? {
            entry @ Entry::Waiting(_) => match std::mem::replace(entry, Entry::Lent) {
                Entry::Waiting(item) => Some((number, item)),
                _ => None,
            },
            _ => None,
        };
        range.filter_map(lend).collect()
    }

    /// Whether every outcome was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The numbers of the entries of a task that were not taken yet.
    fn range(&self, task: u64) -> std::ops::Range<u64> {
        let begin = task.saturating_mul(self.chunk);
        begin..begin.saturating_add(self.chunk).min(self.end())
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry<F>> {
        let place = number.checked_sub(self.first)?;
        self.entries.get_mut(place as usize)
    }

    /// Settles an item that is not settled yet. Dropping it is the user's code.
    pub(super) fn settle(&mut self, number: u64, outcome: Result<F::Output, Error>, tally: &mut Tally) {
        let succeeded = outcome.is_ok();
        let Some(entry @ (Entry::Waiting(_) | Entry::Lent)) = self.entry(number) else { return };
        let item = std::mem::replace(entry, Entry::Settled(outcome));
        let _ = catch_unwind(AssertUnwindSafe(|| drop(item)));
        self.unsettled -= 1;
        if let Some(settled) = &mut self.settled {
            settled.push_back(number);
        }
        if succeeded { tally.succeeded += 1 } else { tally.failed += 1 }
    }

    /// The outcome in one answer; none if the item was not even sent.
    fn outcome(outcome: Outcome, bytes: &[u8]) -> Option<Result<F::Output, Error>> {
        let why = || String::from_utf8_lossy(bytes).into_owned();
        Some(Err(match outcome {
            Outcome::Absent => return None,
            Outcome::Done => match catch_unwind(|| codec::exactly(bytes)) {
                Ok(Ok(output)) => return Some(Ok(output)),
                Ok(Err(fault)) => fault,
                Err(panic) => {
                    let why = format!("it panicked: {}", panic_message(&*panic));
                    Kind::Decode { what: type_name::<F::Output>(), why }.into()
                }
            },
            Outcome::Undecodable => Kind::Decode { what: type_name::<F::Item>(), why: why() }.into(),
            Outcome::Unencodable => Kind::Encode { what: type_name::<F::Output>(), why: why() }.into(),
            Outcome::Failed => Kind::TaskFailed { function: F::NAME, why: why() }.into(),
        }))
    }
}

impl<F: Function> Job for Work<F> {
    fn function(&self) -> &'static str {
        F::NAME
    }

    fn preamble(&self) -> &[u8] {
        &self.preamble
    }

    fn unsent(&self) -> u64 {
        (self.end() - self.next).div_ceil(self.chunk)
    }

    fn next(&mut self) -> Option<u64> {
        if self.next >= self.end() {
            return None;
        }
        let task = self.next / self.chunk;
        self.next = self.range(task).end;
        Some(task)
    }

    fn encode(&mut self, task: u64, out: &mut Vec<u8>, tally: &mut Tally) -> Option<u32> {
        let range = self.range(task);
        let count = u32::try_from(range.end - range.start).ok()?;
        let mut sent = false;
        for number in range {
            let begin = out.len();
            out.extend_from_slice(&ABSENT.to_le_bytes());
            let Some(Entry::Waiting(item)) = self.entry(number) else { continue };
            match guarded(type_name::<F::Item>(), || codec::append(item, out)) {
                Ok(()) => {
                    // Longer than what fits here is longer than a frame may be, and is refused when the frame ends.
                    let length = (out.len() - begin - 4) as u32;
                    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
                    sent = true;
                }
                Err(fault) => {
                    out.truncate(begin + 4);
                    self.settle(number, Err(fault), tally);
                }
            }
        }
        sent.then_some(count)
    }

    fn accept(&mut self, task: u64, body: &[u8], tally: &mut Tally) {
        let mut rest = body;
        for number in self.range(task) {
            let Some((head, after)) = rest.split_first_chunk::<5>() else { break };
            let outcome = Outcome::from_byte(head[4]);
            let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
            let (Some(outcome), Some((answer, after))) = (outcome, after.split_at_checked(length as usize)) else {
                break;
            };
            rest = after;
            if let Some(outcome) = Self::outcome(outcome, answer) {
                self.settle(number, outcome, tally);
            }
        }
        self.fail(task, tally, &|| {
            Kind::Decode { what: "a reply", why: "it does not answer every item".to_owned() }.into()
        });
    }

    fn fail(&mut self, task: u64, tally: &mut Tally, why: &dyn Fn() -> Error) {
        for number in self.range(task) {
            if matches!(self.entry(number), Some(Entry::Waiting(_) | Entry::Lent)) {
                self.settle(number, Err(why()), tally);
            }
        }
    }

    fn cancel(&mut self, tally: &mut Tally) {
        while let Some(task) = self.next() {
            let failed = tally.failed;
            self.fail(task, tally, &|| Kind::Cancelled.into());
            tally.cancelled += tally.failed - failed;
            tally.failed = failed;
        }
    }

    fn is_settled(&self) -> bool {
        self.unsettled == 0
    }
}
