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

    pub(super) fn push(&self, item: T) {
        self.change(|state| state.items.push_back(item));
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

    /// Counts the item at hand as lost, and with `all` every other one too, after which nothing is accepted any more. Tells how many.
    fn lose(&self, fault: Error, all: bool) -> usize {
        let mut state = self.state();
        let mut lost = 1;
        if all {
            lost += state.items.len();
            state.items.clear();
            state.closed = true;
        }
        state.lost += lost as u64;
        state.first_loss.get_or_insert(fault);
        lost
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
                buffer.change(|state| {
                    state.ended = true;
                    if fed.is_err() {
                        state.lost += 1 + state.items.len() as u64;
                        state.first_loss.get_or_insert_with(|| panicked().into());
                    }
                });
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

/// Writes what is put until the queue is closed and everything is written, or the pipe is of no more use.
fn feed<T: Encode>(pipe: &Pipe, buffer: &Buffer<T>, stop: &Stop) {
    while let Some(item) = buffer.next() {
        // Encoded before the lock is taken: feeders of several processes encode at the same time, and write one after another.
        let encoded = codec::dumps(&item);
        drop(item);
        let sent = encoded.map_err(Failed::Alone).and_then(|bytes| {
            buffer.change(|state| state.writing = Some(bytes.len()));
            write(pipe, buffer, stop, &bytes).map_err(Failed::ForGood)
        });
        buffer.change(|state| state.writing = None);
        // As in CPython a lost item is gone and its slot is free again; unlike there somebody is told.
        let lost = match sent {
            Ok(()) => continue,
            Err(Failed::Alone(fault)) => buffer.lose(fault, false),
            Err(Failed::ForGood(fault)) => buffer.lose(fault, true),
        };
        (0..lost).for_each(|_| drop(pipe.slots().release()));
    }
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
