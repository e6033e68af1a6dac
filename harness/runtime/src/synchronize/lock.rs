//! `Lock` and `RLock`: one process at a time.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::robust::{Guard, ROBUST_BYTES, Robust};
use crate::error::Error;
use crate::process::Inherited;
use crate::sys::shared::Shared;

/// CPython's `multiprocessing.Lock`: one thread of one process has it at a time.
///
/// CPython's is a semaphore: anybody may release it, nobody owns it, and it stays locked for ever when a process dies with it. This one
/// has an owner. Its guard is bound to the thread that took it, so that nobody else can release it, nor release it once too often; and
/// who dies with it is noticed at once by those who wait. Taken twice by one thread it behaves as CPython's: the second waits, and
/// reaches its deadline.
///
/// ```
/// use std::time::Duration;
/// let lock = multiprocess::Lock::new().unwrap();
/// let guard = lock.acquire(Duration::ZERO).unwrap();
/// assert!(lock.acquire(Duration::ZERO).unwrap_err().is_deadline());
/// assert_eq!(lock.owner(), Some(std::process::id()));
/// drop(guard);
/// assert!(lock.acquire(Duration::ZERO).is_ok());
/// ```
#[derive(Debug)]
pub struct Lock(Shared);

/// CPython's `multiprocessing.RLock`: a lock that its owner can take again, and that is free once every guard is dropped.
///
/// As with [`Lock`], who dies with it is noticed. The owner is a thread, not a process: a forked child does not own what its parent does.
///
/// ```
/// use std::time::Duration;
/// let lock = multiprocess::RLock::new().unwrap();
/// let outer = lock.acquire(Duration::ZERO).unwrap();
/// let inner = lock.acquire(Duration::ZERO).unwrap();
/// drop(outer);
/// assert_eq!(lock.owner(), Some(std::process::id()));
/// drop(inner);
/// assert_eq!(lock.owner(), None);
/// ```
#[derive(Debug)]
pub struct RLock(Shared);

/// Holds a [`Lock`] or an [`RLock`] until it is dropped, in the thread that took it.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct LockGuard<'a> {
    _guard: Guard<'a>,
}

macro_rules! lock {
    ($lock:ident, $create:ident, $what:literal) => {
        impl $lock {
            /// A lock that nobody has.
            ///
            /// # Errors
            /// If there is no memory for it.
            pub fn new() -> Result<Self, Error> {
                let shared = Shared::create(ROBUST_BYTES).map_err(Error::io("making a lock"))?;
                Robust::$create(&shared, 0, $what)?;
                Ok(Self(shared))
            }

            fn robust(&self) -> Robust<'_> {
                Robust::at(&self.0, 0, $what)
            }

            /// Takes the lock, waiting for it for at most `limit`.
            ///
            /// # Errors
            /// If another held it all the time ([`Error::is_deadline`]), or if a process died while it held it
            /// ([`Error::is_lock_owner_died`], [`Error::dead_owner`]): that everybody is told until one has [recovered](Self::recover).
            pub fn acquire(&self, limit: Duration) -> Result<LockGuard<'_>, Error> {
                self.robust().lock_within(limit).map(|guard| LockGuard { _guard: guard })
            }

            /// Takes the lock although a process died with it, after which it is a lock as any other.
            ///
            /// Whoever calls this knows what the lock guards, and puts it in order before the guard is dropped.
            ///
            /// # Errors
            /// If another held it for all of `limit` ([`Error::is_deadline`]).
            pub fn recover(&self, limit: Duration) -> Result<LockGuard<'_>, Error> {
                self.robust().recover(limit).map(|guard| LockGuard { _guard: guard })
            }

            /// The pid of the process that had the lock a moment ago, if one had.
            pub fn owner(&self) -> Option<u32> {
                self.robust().owner()
            }
        }

        impl Inherited for $lock {
            fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
                vec![self.0.fd()]
            }
        }
    };
}

lock!(Lock, create, "a Lock");
lock!(RLock, create_recursive, "an RLock");
