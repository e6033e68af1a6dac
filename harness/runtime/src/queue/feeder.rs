//! The feeder thread of a process that puts, and the buffer it feeds from.
//!
//! An item costs each side one turn of the buffer's lock, and a wake only if the feeder sleeps.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bincode::Encode;

use super::flow::{LOOK_UP_EVERY, Until};
use super::joinable;
use super::pipe::{Pipe, Side};
use crate::error::{Error, Kind};
use crate::sys::lock::Held;
use crate::waiting::{self, Stop, StopSwitch};
use crate::{codec, meter};

/// What this process has put and not yet written, and who writes it.
#[derive(Debug)]
pub(super) struct Buffer<T> {
    pub(super) pipe: Arc<Pipe>,
    state: Mutex<State<T>>,
    /// Told when the feeder sleeps and there is something for it.
    filled: Condvar,
    /// Told once the feeder has ended.
    ended: Condvar,
    /// Only to refuse early: the state knows it under its lock, where this is written.
    closed: AtomicBool,
    called_off: AtomicBool,
    /// The size of the encoded item that is being written, for reports.
    writing_bytes: AtomicUsize,
    /// Bytes that the feeder has written: whether it comes forward.
    written: AtomicU64,
    #[cfg(test)]
    traffic: Traffic,
}

#[derive(Debug)]
struct State<T> {
    /// Whose buffer it is. A forked child has a copy of its parent's and begins anew, as in CPython (`Queue._reset`).
    pid: u32,
    feeder: Option<Feeder>,
    items: VecDeque<T>,
    /// Whether the feeder waits to be told.
    asleep: bool,
    /// Whether an item is in the feeder's hands.
    writing: bool,
    /// Items that the feeder has taken out.
    fed: u64,
    closed: bool,
    ended: bool,
    lost: u64,
    /// Which item was lost first, counted from 1, and why; none again once somebody was told.
    first_loss: Option<(u64, Error)>,
}

impl<T> State<T> {
    fn of(pid: u32) -> Self {
        Self {
            pid,
            feeder: None,
            items: VecDeque::new(),
            asleep: false,
            writing: false,
            fed: 0,
            closed: false,
            ended: false,
            lost: 0,
            first_loss: None,
        }
    }
}

impl<T> Buffer<T> {
    pub(super) fn new(pipe: Arc<Pipe>) -> Self {
        Self {
            pipe,
            state: Mutex::new(State::of(std::process::id())),
            filled: Condvar::new(),
            ended: Condvar::new(),
            closed: AtomicBool::new(false),
            called_off: AtomicBool::new(false),
            writing_bytes: AtomicUsize::new(0),
            written: AtomicU64::new(0),
            #[cfg(test)]
            traffic: Traffic::default(),
        }
    }

    /// The state of this process's buffer, under its lock.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        #[cfg(test)]
        self.traffic.locks.fetch_add(1, Relaxed);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.pid != std::process::id() {
            // Everything in it is the parent's: its thread and its descriptors do not exist here, and its items are its own.
            std::mem::forget(std::mem::replace(&mut *state, State::of(std::process::id())));
            self.closed.store(false, Relaxed);
            self.called_off.store(false, Relaxed);
            self.written.store(0, Relaxed);
        }
        state
    }

    /// Whether a put can be refused without waiting for a slot. Exact for who has closed it; a feeder that fails may be a moment ahead.
    pub(super) fn is_closed(&self) -> bool {
        // What a parent closed is not closed in its child.
        self.closed.load(Relaxed) && self.state().closed
    }

    /// Whether a slot that somebody waits for would come too late. To be asked again and again.
    pub(super) fn was_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.closed.store(true, Relaxed);
        self.tell_feeder(state);
    }

    /// Has the feeder drop what is not written yet.
    pub(super) fn call_off(&self) {
        self.called_off.store(true, Relaxed);
        self.close();
    }

    fn tell_feeder(&self, mut state: MutexGuard<'_, State<T>>) {
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            #[cfg(test)]
            self.traffic.wakes.fetch_add(1, Relaxed);
            self.filled.notify_one();
        }
    }

    /// Whether the feeder, if there was one, ended within `limit`. Then its thread is gone too.
    pub(super) fn wait_for_end(&self, limit: Duration) -> bool {
        let running = |state: &mut State<T>| state.feeder.is_some() && !state.ended;
        let waited = self.ended.wait_timeout_while(self.state(), limit, running);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if running(&mut state) {
            return false;
        }
        let feeder = state.feeder.take();
        drop(state);
        if let Some(feeder) = feeder {
            feeder.end();
        }
        true
    }

    /// Ends the feeder, whatever is left to be written.
    pub(super) fn end(&self) {
        self.call_off();
        let feeder = self.state().feeder.take();
        if let Some(feeder) = feeder {
            feeder.end();
        }
    }

    /// Waits for the feeder to write what there is, until no byte went for `patience`. Then how many items were not written.
    pub(super) fn finish(&self, patience: Duration) -> usize {
        self.close();
        let mut written = self.written.load(Relaxed);
        let mut last = Instant::now();
        loop {
            let left = patience.saturating_sub(last.elapsed());
            if left.is_zero() || self.wait_for_end(left.min(LOOK_UP_EVERY)) {
                break;
            }
            let now = self.written.load(Relaxed);
            if now != written {
                (written, last) = (now, Instant::now());
            }
        }
        let (left, _) = self.pending();
        self.end();
        left
    }

    /// How many items are not written, and how large the first of them is once encoded.
    pub(super) fn pending(&self) -> (usize, usize) {
        let state = self.state();
        let bytes = if state.writing { self.writing_bytes.load(Relaxed) } else { 0 };
        (state.items.len() + usize::from(state.writing), bytes)
    }

    /// Counts the item at hand as lost, and with `all` every other one too, after which nothing is accepted any more. Gives the others.
    fn lose(&self, fault: Error, all: bool) -> VecDeque<T> {
        let mut state = self.state();
        let others = if all { std::mem::take(&mut state.items) } else { VecDeque::new() };
        state.writing &= !all;
        state.closed |= all;
        self.closed.store(state.closed, Relaxed);
        state.lost += 1 + others.len() as u64;
        let number = state.fed;
        state.first_loss.get_or_insert((number, fault));
        others
    }

    /// Fails if something was lost.
    pub(super) fn losses(&self) -> Result<(), Error> {
        let mut state = self.state();
        match (state.lost, state.first_loss.take()) {
            (0, _) => Ok(()),
            (_, Some((_, fault))) if fault.is_queue_torn() => Err(fault),
            (items, Some((number, fault))) => {
                Err(Kind::ItemsLost { items, why: format!("item {number} of this process: {fault}") }.into())
            }
            (items, None) => Err(Kind::ItemsLost { items, why: "reported before".to_owned() }.into()),
        }
    }

    /// Fails if something was lost and nobody was told.
    pub(super) fn new_losses(&self) -> Result<(), Error> {
        let told = self.state().first_loss.is_none();
        if told { Ok(()) } else { self.losses() }
    }

    /// The next item as soon as there is one; none once the queue is closed and empty, or called off.
    fn next(&self) -> Option<T> {
        let mut state = self.state();
        state.writing = false;
        while state.items.is_empty() && !state.closed {
            state.asleep = true;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.asleep = false;
        if self.called_off.load(Relaxed) {
            return None;
        }
        let item = state.items.pop_front();
        state.writing = item.is_some();
        state.fed += u64::from(item.is_some());
        self.writing_bytes.store(0, Relaxed);
        item
    }
}

impl<T: Encode + Send + 'static> Buffer<T> {
    /// Adds an item for the feeder, which the first one starts, unless nothing is accepted any more. Tells whether it was the first. Before
    /// the feeder can see the item, `count` is called.
    pub(super) fn push(self: &Arc<Self>, item: T, count: impl FnOnce()) -> Result<bool, Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Kind::QueueClosed.into());
        }
        let first = state.feeder.is_none();
        if first {
            state.feeder = Some(Feeder::start(self)?);
        }
        count();
        state.items.push_back(item);
        self.tell_feeder(state);
        Ok(first)
    }
}

/// The running feeder thread of this process.
#[derive(Debug)]
struct Feeder {
    thread: JoinHandle<()>,
    stop: StopSwitch,
}

impl Feeder {
    fn start<T: Encode + Send + 'static>(buffer: &Arc<Buffer<T>>) -> Result<Self, Error> {
        let (stop, stopped) = waiting::stop().map_err(Error::io("starting a feeder"))?;
        let buffer = Arc::clone(buffer);
        let thread = std::thread::Builder::new()
            .name("queue-feeder".to_owned())
            .spawn(move || {
                // Whatever happens in there, whoever waits for the end of it must learn of it.
                let fed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| feed(&buffer, &stopped)));
                let panicked = || Kind::HandlerPanicked {
                    name: "queue-feeder".to_owned(),
                    why: "an item's encoding panicked".to_owned(),
                };
                let lost = fed.unwrap_or_else(|_| lose(&buffer, panicked().into(), true));
                buffer.state().ended = true;
                buffer.ended.notify_all();
                // Last of all: it is the user's code that drops an item.
                drop(lost);
            })
            .map_err(Error::io("starting a feeder"))?;
        Ok(Self { thread, stop })
    }

    /// Calls it off, if it still runs, and joins it.
    fn end(self) {
        drop(self.stop);
        // A panic in it has been reported to whoever joined the queue.
        let _ = self.thread.join();
    }
}

/// Counts items as lost and frees their slots, as [`Buffer::lose`]. As in CPython a lost item is gone and its slot is free again; unlike
/// there somebody is told, and nobody waits for it to be done.
fn lose<T>(buffer: &Buffer<T>, fault: Error, all: bool) -> VecDeque<T> {
    let others = buffer.lose(fault, all);
    for _ in 0..=others.len() {
        buffer.pipe.give_slot_back();
        joinable::one_is_lost(&buffer.pipe);
    }
    others
}

/// Writes what is put until the queue is closed and everything is written, or the pipe is of no more use; gives what was lost then beside
/// the item at hand.
fn feed<T: Encode>(buffer: &Buffer<T>, stop: &Stop) -> VecDeque<T> {
    while let Some(item) = buffer.next() {
        // Encoded before the lock is taken: feeders of several processes encode at the same time, and write one after another.
        let encoded = codec::dumps(&item);
        drop(item);
        match encoded {
            Err(fault) => drop(lose(buffer, fault, false)),
            Ok(message) => {
                buffer.writing_bytes.store(message.len(), Relaxed);
                if let Err(fault) = write(buffer, stop, &message) {
                    return lose(buffer, fault, true);
                }
            }
        }
    }
    VecDeque::new()
}

fn write<T>(buffer: &Buffer<T>, stop: &Stop, message: &[u8]) -> Result<(), Error> {
    let begin = Instant::now();
    let held = write_lock(buffer)?;
    meter::slot().lock_waits.add(message.len(), begin);
    buffer.pipe.send(&held, Until::Stopped { stop, written: &buffer.written }, message)
}

fn write_lock<T>(buffer: &Buffer<T>) -> Result<Held<'_>, Error> {
    loop {
        if let Some(held) = buffer.pipe.lock(Side::Write, LOOK_UP_EVERY)? {
            return Ok(held);
        }
        if buffer.called_off.load(Relaxed) {
            return Err(Error::io("waiting for the write lock")(io::ErrorKind::ConnectionAborted.into()));
        }
    }
}

/// What an item costs, counted.
#[cfg(test)]
#[derive(Debug, Default)]
struct Traffic {
    locks: AtomicU64,
    wakes: AtomicU64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_costs_each_side_one_turn_of_the_lock_and_a_wake_only_a_sleeper() {
        const ITEMS: u64 = 1_000;
        let buffer = Arc::new(Buffer::new(Arc::new(Pipe::new().unwrap())));
        assert!((0..ITEMS).all(|number| buffer.push(number, || {}).unwrap() == (number == 0)));
        buffer.close();
        assert!(buffer.wait_for_end(Duration::from_secs(60)));
        let (locks, wakes) = (buffer.traffic.locks.load(Relaxed), buffer.traffic.wakes.load(Relaxed));
        // One of each put, one of each item fed; then one each for the end seen, the end told, the close and the wait.
        assert_eq!(locks, 2 * ITEMS + 4);
        assert!(wakes <= ITEMS + 1, "{wakes}");
    }
}
