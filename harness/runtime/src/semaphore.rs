//! A counting semaphore that forked processes share.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::sys::semaphore::{Counting, SEMAPHORE_BYTES, VALUE_AT_MOST};
use crate::sys::shared::Shared;

/// CPython's `multiprocessing.Semaphore`: a number that processes count up and down, and wait for to be above 0.
///
/// Like CPython's it has no owner: what a process took away and did not give back before it died is gone. Whoever waits for it
/// learns of that at its deadline.
///
/// ```
/// use std::time::Duration;
/// let semaphore = multiprocess::Semaphore::new(1).unwrap();
/// semaphore.acquire(Duration::ZERO).unwrap();
/// assert!(semaphore.acquire(Duration::ZERO).unwrap_err().is_deadline());
/// semaphore.release().unwrap();
/// assert_eq!(semaphore.value(), 1);
/// ```
#[derive(Debug)]
pub struct Semaphore(Shared);

impl Semaphore {
    /// A semaphore that counts from `value`.
    ///
    /// # Errors
    /// If there is no memory for it, or the value is above 2^31 - 1.
    pub fn new(value: u32) -> Result<Self, Error> {
        if value > VALUE_AT_MOST {
            return Err(Kind::CountTooLarge { doing: "making a semaphore", count: value, most: VALUE_AT_MOST }.into());
        }
        let shared = Shared::create(SEMAPHORE_BYTES).map_err(Error::io("making a semaphore"))?;
        Counting::create(&shared, 0, value).map_err(Error::io("making a semaphore"))?;
        Ok(Self(shared))
    }

    fn counting(&self) -> Counting<'_> {
        Counting::at(&self.0, 0)
    }

    /// Takes one away, waiting for it for at most `limit`.
    ///
    /// # Errors
    /// If there was none.
    pub fn acquire(&self, limit: Duration) -> Result<(), Error> {
        match self.counting().acquire_within(limit).map_err(Error::io("waiting for a semaphore"))? {
            true => Ok(()),
            false => Err(Kind::Deadline { doing: "waiting for a semaphore", limit }.into()),
        }
    }

    /// Adds one.
    ///
    /// # Errors
    /// If the number would be above 2^31 - 1.
    pub fn release(&self) -> Result<(), Error> {
        self.counting().release().map_err(Error::io("releasing a semaphore"))
    }

    /// How many could be taken away just now.
    pub fn value(&self) -> u32 {
        self.counting().value()
    }
}

impl Inherited for Semaphore {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.fd()]
    }
}
