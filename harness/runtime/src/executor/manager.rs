//! The manager: the one thread that owns the crew, gives it tasks, finishes futures, and sees to it that nothing waits for ever.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::call::Call;
use super::desk::{Desk, Round};
use crate::error::{Error, Kind};
use crate::function::panic_message;
use crate::pool::{Crew, Record};

/// Name of the thread.
pub(super) const NAME: &str = "executor-manager";

/// CPython's `EXTRA_QUEUED_CALLS`: the call queue holds one task more than there are workers.
const EXTRA_QUEUED_CALLS: usize = 1;

pub(super) struct Manager {
    desk: Arc<Desk>,
    crew: Crew,
    /// How many tasks may wait in the call queue. They count as running.
    room: usize,
    /// Tasks that the crew has, by their number there.
    open: BTreeMap<u64, Box<dyn Call>>,
    is_broken: bool,
    /// The first loss that an outcome has told of: it knows more than the end of a worker does.
    loss: Option<Error>,
}

impl Manager {
    pub(super) fn new(desk: Arc<Desk>, crew: Crew, max_workers: usize) -> Self {
        let room = max_workers.saturating_add(EXTRA_QUEUED_CALLS);
        Self { desk, crew, room, open: BTreeMap::new(), is_broken: false, loss: None }
    }

    /// The life of the thread. Whatever happens, afterwards every future is done, no worker is left, and nothing is taken any more.
    pub(super) fn live(mut self) {
        let lived = catch_unwind(AssertUnwindSafe(|| while self.turn() {}));
        if let Err(panic) = lived {
            let why = format!("the thread '{NAME}' panicked: {}", panic_message(&*panic));
            self.break_down(&Kind::ExecutorBroken { worker: None, why: Some(why), torn: false }.into());
        }
        let Self { desk, mut crew, open, .. } = self;
        let records: Vec<Record> = crew.end();
        // The last descriptors and processes go before anybody learns that this is the end.
        drop((crew, open));
        desk.end(records);
    }

    /// One round; false if it was the last.
    fn turn(&mut self) -> bool {
        let room = if self.is_broken { 0 } else { self.room.saturating_sub(self.crew.unsent()) };
        let Round { calls, cancelled, signal, is_last } = self.desk.next(room);
        let mut has_moved = !calls.is_empty();
        cancelled.iter().for_each(|call| call.call_off());
        calls.into_iter().for_each(|call| self.take_over(call));
        if let Some(signal) = signal {
            self.crew.signal(signal);
        }
        if is_last && self.open.is_empty() {
            self.crew.close();
        }
        let unsent = self.crew.unsent();
        self.crew.pump();
        // What was sent has made room.
        has_moved |= self.crew.unsent() < unsent;
        self.desk.tell(self.crew.pids(), self.crew.started());
        has_moved |= self.settle();
        self.look_for_a_fault();
        if self.crew.is_gone() {
            return false;
        }
        if !has_moved {
            self.crew.wait();
            self.desk.tell(self.crew.pids(), self.crew.started());
            self.settle();
            self.look_for_a_fault();
        }
        true
    }

    /// A task goes into the call queue, unless it was cancelled.
    fn take_over(&mut self, mut call: Box<dyn Call>) {
        if call.begin() {
            match call.hand_in(&mut self.crew) {
                Ok(job) => drop(self.open.insert(job, call)),
                Err(fault) => call.fail(&fault),
            }
        }
    }

    /// Finishes the futures of tasks that are over; true if there were any.
    fn settle(&mut self) -> bool {
        let over: Vec<u64> = self.open.keys().copied().filter(|job| self.crew.is_settled(*job)).collect();
        for job in &over {
            let Some(call) = self.open.remove(job) else { continue };
            if let Err(fault) = call.settle(&mut self.crew, *job) {
                if self.crew.fault().is_some() {
                    // It fails with all others, next.
                    self.loss.get_or_insert(fault);
                    self.open.insert(*job, call);
                } else {
                    call.fail(&fault);
                }
            }
        }
        over.iter().any(|job| !self.open.contains_key(job))
    }

    fn look_for_a_fault(&mut self) {
        let Some(fault) = self.crew.fault().filter(|_| !self.is_broken).cloned() else { return };
        let loss = self.loss.as_ref().and_then(Error::loss);
        let worker = loss.map(|loss| (loss.pid, loss.status)).or(fault.worker);
        let why = fault.why.or_else(|| loss.map(|loss| format!("in a task of '{}'", loss.function)));
        let torn = loss.is_some_and(|loss| loss.torn);
        self.break_down(&Kind::ExecutorBroken { worker, why, torn }.into());
    }

    /// Everything fails with this, now and later. First it is known at the desk: a callback that hands in a task then is refused.
    fn break_down(&mut self, why: &Error) {
        self.is_broken = true;
        let pending = self.desk.break_down(why.clone());
        self.crew.break_up();
        let open = std::mem::take(&mut self.open);
        open.values().chain(&pending).for_each(|call| call.fail(why));
    }
}
