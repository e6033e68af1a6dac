//! `BoundedSemaphore`: a semaphore that is never released more often than it was acquired.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::sys::futex;
use crate::sys::shared::Shared;
use crate::waiting;

/// CPython's `multiprocessing.BoundedSemaphore`: a [`Semaphore`](crate::Semaphore) that refuses to be above the number it began with.
///
/// CPython looks at the number and then adds to it, so that two releases at once may both pass; here the two are one step. It has no owner:
/// what a process took and did not give back before it died is gone, and whoever waits for it learns of that at its deadline.
///
/// ```
/// use std::time::Duration;
/// let semaphore = multiprocess::BoundedSemaphore::new(1).unwrap();
/// semaphore.acquire(Duration::ZERO).unwrap();
/// semaphore.release().unwrap();
/// assert!(semaphore.release().unwrap_err().to_string().contains("too often"));
/// assert_eq!(semaphore.value(), 1);
/// ```
#[derive(Debug)]
pub struct BoundedSemaphore {
    shared: Shared,
    bound: u32,
}

/// How often whoever waits looks by itself: a process may be killed after it was woken and before it took what it was woken for.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

impl BoundedSemaphore {
    /// A semaphore that counts from `value`, and never above it.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn new(value: u32) -> Result<Self, Error> {
        let shared = Shared::create(size_of::<AtomicU32>()).map_err(Error::io("making a semaphore"))?;
        let semaphore = Self { shared, bound: value };
        semaphore.number().store(value, SeqCst);
        Ok(semaphore)
    }

    /// What a process wrote before it released, another one sees once it has acquired: both are exchanges of this word.
    fn number(&self) -> &AtomicU32 {
        self.shared.at(0)
    }

    /// Takes one away, waiting for it for at most `limit`.
    ///
    /// # Errors
    /// If there was none ([`Error::is_deadline`]).
    pub fn acquire(&self, limit: Duration) -> Result<(), Error> {
        let deadline = waiting::after(limit);
        while self.number().fetch_update(SeqCst, SeqCst, |number| number.checked_sub(1)).is_err() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Kind::Deadline { doing: "waiting for a semaphore", limit }.into());
            }
            // It is put to sleep only while the number is 0, and every release wakes one.
            futex::wait(self.number(), 0, left.min(LOOK_UP_EVERY)).map_err(Error::io("waiting for a semaphore"))?;
        }
        Ok(())
    }

    /// Adds one.
    ///
    /// # Errors
    /// If the number is what it began with: this was called too often. CPython raises `ValueError`.
    pub fn release(&self) -> Result<(), Error> {
        let more = |number: u32| (number < self.bound).then(|| number + 1);
        if self.number().fetch_update(SeqCst, SeqCst, more).is_err() {
            return Err(Kind::ReleasedTooOften { bound: self.bound }.into());
        }
        futex::wake(self.number());
        Ok(())
    }

    /// How many could be taken away just now.
    pub fn value(&self) -> u32 {
        self.number().load(SeqCst)
    }
}

impl Inherited for BoundedSemaphore {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.shared.fd()]
    }
}
