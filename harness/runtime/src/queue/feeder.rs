//! The feeder thread of a process that puts, and the buffer it feeds from.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bincode::Encode;

use super::{Pipe, WRITE_LOCK};
use crate::error::{Error, Kind};
use crate::sys::lock::Held;
use crate::waiting::{self, Stop, StopSwitch, Waiting};
use crate::{codec, frame, meter};

/// How often a feeder that waits for the write lock looks whether it has been called off.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

/// What has been put and not yet written.
#[derive(Debug)]
pub(super) struct Buffer<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    /// The size of the encoded item that is being written.
    writing: Option<usize>,
    closed: bool,
    called_off: bool,
    ended: bool,
    lost: u64,
    first_loss: Option<Error>,
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        let state = State {
            items: VecDeque::new(),
            writing: None,
            closed: false,
            called_off: false,
            ended: false,
            lost: 0,
            first_loss: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<T> Buffer<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State<T>)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Adds an item for the feeder, unless nothing is accepted any more: then nobody would feed it.
    pub(super) fn push(&self, item: T) -> Result<(), Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Kind::QueueClosed.into());
        }
        state.items.push_back(item);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    pub(super) fn close(&self) {
        self.change(|state| state.closed = true);
    }

    pub(super) fn call_off(&self) {
        self.change(|state| {
            state.closed = true;
            state.called_off = true;
        });
    }

    /// Whether the feeder ended within `limit`.
    pub(super) fn wait_for_end(&self, limit: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), limit, |state| !state.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.ended
    }

    /// How many items are not written, and how large the first of them is once encoded.
    pub(super) fn pending(&self) -> (usize, usize) {
        let state = self.state();
        (state.items.len() + usize::from(state.writing.is_some()), state.writing.unwrap_or(0))
    }

    /// Counts the item at hand as lost, and with `all` every other one too, after which nothing is accepted any more. Gives the others.
    fn lose(&self, fault: Error, all: bool) -> VecDeque<T> {
        let mut state = self.state();
        let others = if all { std::mem::take(&mut state.items) } else { VecDeque::new() };
        state.closed |= all;
        state.lost += 1 + others.len() as u64;
        state.first_loss.get_or_insert(fault);
        others
    }

    pub(super) fn losses(&self) -> Result<(), Error> {
        let mut state = self.state();
        match (state.lost, state.first_loss.take()) {
            (0, _) => Ok(()),
            (_, Some(fault)) if fault.is_lock_owner_died() => Err(fault),
            (items, why) => {
                let why = why.map_or_else(|| "reported before".to_owned(), |fault| fault.to_string());
                Err(Kind::ItemsLost { items, why }.into())
            }
        }
    }

    /// The next item as soon as there is one; none once the queue is closed and empty, or called off.
    fn next(&self) -> Option<T> {
        let idle = |state: &mut State<T>| state.items.is_empty() && !state.closed;
        let waited = self.changed.wait_while(self.state(), idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.called_off { None } else { state.items.pop_front() }
    }
}

/// The running feeder thread of this process.
#[derive(Debug)]
pub(super) struct Feeder {
    thread: JoinHandle<()>,
    stop: StopSwitch,
}

impl Feeder {
    pub(super) fn start<T: Encode + Send + 'static>(pipe: &Arc<Pipe>, buffer: &Arc<Buffer<T>>) -> Result<Self, Error> {
        let (stop, stopped) = waiting::stop().map_err(Error::io("starting a feeder"))?;
        let (pipe, buffer) = (Arc::clone(pipe), Arc::clone(buffer));
        let thread = std::thread::Builder::new()
            .name("queue-feeder".to_owned())
            .spawn(move || {
                // Whatever happens in there, whoever waits for the end of it must learn of it.
                let fed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| feed(&pipe, &buffer, &stopped)));
                let panicked = || Kind::HandlerPanicked {
                    name: "queue-feeder".to_owned(),
                    why: "an item's encoding panicked".to_owned(),
                };
                let lost = fed.unwrap_or_else(|_| lose(&pipe, &buffer, panicked().into(), true));
                buffer.change(|state| state.ended = true);
                // Last of all: it is the user's code that drops an item.
                drop(lost);
            })
            .map_err(Error::io("starting a feeder"))?;
        Ok(Self { thread, stop })
    }

    /// Calls it off, if it still runs, and joins it.
    pub(super) fn end(self) {
        drop(self.stop);
        // A panic in it has been reported to whoever joined the queue.
        let _ = self.thread.join();
    }
}

/// Counts items as lost and frees their slots, as [`Buffer::lose`]. As in CPython a lost item is gone and its slot is free again; unlike
/// there somebody is told.
fn lose<T>(pipe: &Pipe, buffer: &Buffer<T>, fault: Error, all: bool) -> VecDeque<T> {
    let others = buffer.lose(fault, all);
    (0..=others.len()).for_each(|_| drop(pipe.slots().release()));
    others
}

/// Writes what is put until the queue is closed and everything is written, or the pipe is of no more use; gives what was lost then beside
/// the item at hand.
fn feed<T: Encode>(pipe: &Pipe, buffer: &Buffer<T>, stop: &Stop) -> VecDeque<T> {
    while let Some(item) = buffer.next() {
        // Encoded before the lock is taken: feeders of several processes encode at the same time, and write one after another.
        let encoded = codec::dumps(&item);
        drop(item);
        let sent = encoded.map_err(Failed::Alone).and_then(|bytes| {
            buffer.change(|state| state.writing = Some(bytes.len()));
            write(pipe, buffer, stop, &bytes).map_err(Failed::ForGood)
        });
        buffer.change(|state| state.writing = None);
        match sent {
            Ok(()) => {}
            Err(Failed::Alone(fault)) => drop(lose(pipe, buffer, fault, false)),
            Err(Failed::ForGood(fault)) => return lose(pipe, buffer, fault, true),
        }
    }
    VecDeque::new()
}

/// Why an item was not sent.
enum Failed {
    /// It could not be encoded; the next one may be.
    Alone(Error),
    /// The pipe or its lock is of no more use.
    ForGood(Error),
}

fn write<T>(pipe: &Pipe, buffer: &Buffer<T>, stop: &Stop, bytes: &[u8]) -> Result<(), Error> {
    let begin = Instant::now();
    let held = write_lock(pipe, buffer)?;
    meter::slot().lock_waits.add(bytes.len(), begin);
    let written = frame::write(&mut Waiting::until_stopped(&pipe.writer, stop), bytes);
    if written.is_err() {
        // A frame that was begun and not finished makes the queue unusable. The lock stays locked and dies with this thread, which
        // is about to end: that tells the others.
        std::mem::forget(held);
    }
    written.map_err(Error::io("writing an item"))
}

fn write_lock<'a, T>(pipe: &'a Pipe, buffer: &Buffer<T>) -> Result<Held<'a>, Error> {
    loop {
        if let Some(held) = pipe.lock(WRITE_LOCK, LOOK_UP_EVERY)? {
            return Ok(held);
        }
        if buffer.state().called_off {
            return Err(Error::io("waiting for the write lock")(io::ErrorKind::ConnectionAborted.into()));
        }
    }
}
