//! A counting semaphore between processes: a POSIX `sem_t` in shared memory (sem_overview(7)), as CPython's are.

use std::cell::UnsafeCell;
use std::io;
use std::time::{Duration, Instant};

use super::lock::LOOK_AGAIN_EVERY;
use super::shared::{Shareable, Shared};
use super::{check, clock};
use crate::waiting;

/// Room for one semaphore in shared memory.
#[repr(C, align(64))]
struct Cell(UnsafeCell<libc::sem_t>);

// SAFETY: a process-shared semaphore is made to be used from several threads and processes at once, by pointer.
unsafe impl Sync for Cell {}

// SAFETY: room for a semaphore may be all zero bytes before it is initialised, and is only handed on as a pointer.
unsafe impl Shareable for Cell {}

/// How much shared memory a semaphore takes, in bytes.
pub(crate) const SEMAPHORE_BYTES: usize = size_of::<Cell>();

/// The largest value of a semaphore (`SEM_VALUE_MAX`, sem_post(3)).
pub(crate) const VALUE_AT_MOST: u32 = i32::MAX.cast_unsigned();

/// A semaphore that lives at an offset of shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counting<'a> {
    shared: &'a Shared,
    offset: usize,
}

impl<'a> Counting<'a> {
    /// Makes the semaphore usable. Done once, before any other process knows of it.
    pub(crate) fn create(shared: &'a Shared, offset: usize, value: u32) -> io::Result<Self> {
        let semaphore = Self { shared, offset };
        // SAFETY: the place is aligned room for a semaphore that no one else knows of yet.
        check(unsafe { libc::sem_init(semaphore.raw(), 1, value) })?;
        Ok(semaphore)
    }

    /// The semaphore that a parent has made at this offset.
    pub(crate) fn at(shared: &'a Shared, offset: usize) -> Self {
        Self { shared, offset }
    }

    fn raw(self) -> *mut libc::sem_t {
        self.shared.at::<Cell>(self.offset).0.get()
    }

    /// Takes one away as soon as there is one; false if there was none for `limit`. Looks again every [`LOOK_AGAIN_EVERY`].
    ///
    /// A post wakes one waiter. If that one is killed before it has taken what was posted, the wake is lost with it, and those who wait
    /// behind it would sleep beside a free semaphore until their own deadline.
    pub(crate) fn acquire_within(self, limit: Duration) -> io::Result<bool> {
        // SAFETY: the place holds an initialised semaphore for as long as the mapping lives.
        if check(unsafe { libc::sem_trywait(self.raw()) }).is_ok() {
            return Ok(true);
        }
        let deadline = waiting::after(limit);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let until = clock::after(left.min(LOOK_AGAIN_EVERY))?;
            // SAFETY: the place holds an initialised semaphore, as above.
            match check(unsafe { clock::clockwait(self.raw(), &until) }) {
                Ok(_) => return Ok(true),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) if fault.raw_os_error() != Some(libc::ETIMEDOUT) => return Err(fault),
                Err(_) if left <= LOOK_AGAIN_EVERY => return Ok(false),
                Err(_) => {}
            }
        }
    }

    /// Adds one.
    pub(crate) fn release(self) -> io::Result<()> {
        // SAFETY: an initialised semaphore.
        check(unsafe { libc::sem_post(self.raw()) }).map(|_| ())
    }

    /// How many could be taken away just now.
    pub(crate) fn value(self) -> u32 {
        let mut value = 0;
        // SAFETY: an initialised semaphore and a writable integer; the call fails only on an invalid semaphore.
        unsafe { libc::sem_getvalue(self.raw(), &raw mut value) };
        value.try_into().unwrap_or(0)
    }
}
