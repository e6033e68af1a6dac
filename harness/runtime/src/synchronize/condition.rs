//! `Condition`: wait, under a lock, for what another process does under it.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::robust::{Guard, ROBUST_BYTES, Robust};
use super::room::{ROOM_BYTES, Room};
use crate::error::Error;
use crate::process::Inherited;
use crate::sys::shared::Shared;
use crate::waiting;

/// How long a wait may at least take to get the lock back.
const LOCK_AGAIN: Duration = Duration::from_secs(10);

/// CPython's `multiprocessing.Condition`: a lock, and a room to wait in until another process says that something has changed.
///
/// What it says is said to those who wait at that moment, oldest first, exactly as many as it wants, and to none that died in the wait.
/// (CPython's `notify` waits for ever for one that died.) The lock is this condition's own, a [`Lock`](super::Lock): it is not taken
/// twice by one thread, and who dies with it is noticed. Up to 256 threads can wait at the same time.
///
/// ```
/// use std::time::Duration;
/// let condition = multiprocess::Condition::new().unwrap();
/// let guard = condition.acquire(Duration::ZERO).unwrap();
/// assert_eq!(guard.notify(1).unwrap(), 0);
/// let (_guard, notified) = guard.wait(Duration::from_millis(1)).unwrap();
/// assert!(!notified);
/// ```
#[derive(Debug)]
pub struct Condition(Shared);

/// Holds a condition's lock until it is dropped, in the thread that took it.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct ConditionGuard<'a> {
    condition: &'a Condition,
    lock: Guard<'a>,
}

impl Condition {
    /// A condition that nobody waits for.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn new() -> Result<Self, Error> {
        let shared = Shared::create(ROBUST_BYTES + ROOM_BYTES).map_err(Error::io("making a condition"))?;
        Robust::create(&shared, 0, WHAT)?;
        Room::create(&shared, ROBUST_BYTES)?;
        Ok(Self(shared))
    }

    fn robust(&self) -> Robust<'_> {
        Robust::at(&self.0, 0, WHAT)
    }

    /// Takes the lock, waiting for it for at most `limit`.
    ///
    /// # Errors
    /// As [`Lock::acquire`](super::Lock::acquire).
    pub fn acquire(&self, limit: Duration) -> Result<ConditionGuard<'_>, Error> {
        self.robust().lock_within(limit).map(|lock| ConditionGuard { condition: self, lock })
    }

    /// Takes the lock although a process died with it, as [`Lock::recover`](super::Lock::recover). Those who wait still do.
    ///
    /// # Errors
    /// As [`Lock::recover`](super::Lock::recover).
    pub fn recover(&self, limit: Duration) -> Result<ConditionGuard<'_>, Error> {
        self.robust().recover(limit).map(|lock| ConditionGuard { condition: self, lock })
    }
}

const WHAT: &str = "a Condition's lock";

impl ConditionGuard<'_> {
    fn room(&self) -> Room<'_> {
        Room::at(&self.condition.0, ROBUST_BYTES)
    }

    /// Releases the lock, waits to be notified for at most `limit`, and takes the lock again; tells whether it was notified. Nothing
    /// notified after the release is missed.
    ///
    /// # Errors
    /// If too many wait; or if the lock cannot be had again for `limit` and at least ten seconds, or a process died with it. The lock is
    /// not held then.
    pub fn wait(self, limit: Duration) -> Result<(Self, bool), Error> {
        let Self { condition, lock } = self;
        let place = Room::at(&condition.0, ROBUST_BYTES).enter(&lock)?;
        drop(lock);
        place.wait(waiting::after(limit))?;
        let told = place.leave();
        Ok((condition.acquire(limit.max(LOCK_AGAIN))?, told.is_some()))
    }

    /// Waits until `predicate` is true, which it is asked under the lock, first now and then after every notification, for at most
    /// `limit`; tells whether it was.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn wait_for(mut self, limit: Duration, mut predicate: impl FnMut() -> bool) -> Result<(Self, bool), Error> {
        let deadline = waiting::after(limit);
        loop {
            if predicate() {
                return Ok((self, true));
            }
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return Ok((self, false));
            }
            (self, _) = self.wait(left)?;
        }
    }

    /// Notifies those of the living who have waited longest, at most `count`; tells how many they were.
    ///
    /// # Errors
    /// If the system cannot tell who lives.
    pub fn notify(&self, count: usize) -> Result<usize, Error> {
        let room = self.room();
        let present = room.present(&self.lock)?;
        Ok(room.tell(&self.lock, &present, count, |_| 0) as usize)
    }

    /// Notifies all who wait; tells how many they were.
    ///
    /// # Errors
    /// As [`notify`](Self::notify).
    pub fn notify_all(&self) -> Result<usize, Error> {
        self.notify(usize::MAX)
    }

    /// How many wait just now and live.
    ///
    /// # Errors
    /// As [`notify`](Self::notify).
    pub fn waiting(&self) -> Result<usize, Error> {
        self.room().present(&self.lock).map(|present| present.count())
    }
}

impl Inherited for Condition {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.fd()]
    }
}
