//! `Event`: a flag that processes wait for.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::sys::futex;
use crate::sys::shared::Shared;
use crate::waiting;

/// CPython's `multiprocessing.Event`: a flag that processes set, clear, and wait for.
///
/// Who waits is not missed, even if the flag is cleared right after it was set. It has no owner: nothing is lost when a process dies. (In
/// CPython `set` waits for ever for one that died in its wait.)
///
/// ```
/// use std::time::Duration;
/// let event = multiprocess::Event::new().unwrap();
/// assert!(event.wait(Duration::ZERO).unwrap_err().is_deadline());
/// event.set();
/// event.wait(Duration::ZERO).unwrap();
/// event.clear();
/// assert!(!event.is_set());
/// ```
#[derive(Debug)]
pub struct Event(Shared);

impl Event {
    /// An event that is not set.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn new() -> Result<Self, Error> {
        Shared::create(size_of::<AtomicU32>()).map(Self).map_err(Error::io("making an event"))
    }

    /// Counts how often the flag was set and cleared; odd while it is set. What a process wrote before it set the flag another one sees once
    /// it has seen it set: the exchange in [`change`](Self::change) releases, the look in [`wait`](Self::wait) acquires.
    fn changes(&self) -> &AtomicU32 {
        self.0.at(0)
    }

    fn change(&self, set: bool) -> bool {
        let next = |changes: u32| ((changes % 2 == 1) != set).then(|| changes.wrapping_add(1));
        self.changes().fetch_update(SeqCst, SeqCst, next).is_ok()
    }

    /// Sets the flag, and wakes all who wait.
    pub fn set(&self) {
        if self.change(true) {
            futex::wake_all(self.changes());
        }
    }

    /// Clears the flag.
    pub fn clear(&self) {
        self.change(false);
    }

    /// Whether the flag is set just now.
    pub fn is_set(&self) -> bool {
        self.changes().load(SeqCst) % 2 == 1
    }

    /// Waits until the flag is set, or was at some time since the call, for at most `limit`.
    ///
    /// # Errors
    /// If it was not ([`Error::is_deadline`]).
    pub fn wait(&self, limit: Duration) -> Result<(), Error> {
        let deadline = waiting::after(limit);
        let first = self.changes().load(SeqCst);
        loop {
            let changes = self.changes().load(SeqCst);
            if changes % 2 == 1 || changes != first {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Kind::Deadline { doing: "waiting for an event", limit }.into());
            }
            futex::wait(self.changes(), changes, left).map_err(Error::io("waiting for an event"))?;
        }
    }
}

impl Inherited for Event {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.fd()]
    }
}
