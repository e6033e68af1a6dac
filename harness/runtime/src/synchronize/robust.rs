//! The lock under everything that processes lock: owner death is an error that names the dead, until somebody recovers.
//!
//! For other parts of the crate: make it at an offset of a mapping of your own ([`ROBUST_BYTES`] bytes), beside what it guards.

use std::time::Duration;

use crate::error::{Error, Kind};
use crate::sys::lock::{Held, LOCK_BYTES, Lock, Taken};
use crate::sys::shared::Shared;

/// How much shared memory a robust lock takes, in bytes, and what its offset is a multiple of.
pub(crate) const ROBUST_BYTES: usize = LOCK_BYTES;

/// A lock at an offset of shared memory. What it is called in errors comes with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Robust<'a> {
    lock: Lock<'a>,
    what: &'static str,
}

/// Holds the lock until it is dropped, by the thread that took it.
#[derive(Debug)]
pub(crate) struct Guard<'a>(#[expect(dead_code, reason = "what it does, it does when it is dropped")] Held<'a>);

impl<'a> Robust<'a> {
    /// Makes the lock usable. Done once, before any other process knows of it.
    pub(crate) fn create(shared: &'a Shared, offset: usize, what: &'static str) -> Result<Self, Error> {
        let lock = Lock::create(shared, offset).map_err(Error::io("making a lock"))?;
        Ok(Self { lock, what })
    }

    /// The same, for a lock that its owner can take again.
    pub(crate) fn create_recursive(shared: &'a Shared, offset: usize, what: &'static str) -> Result<Self, Error> {
        let lock = Lock::create_recursive(shared, offset).map_err(Error::io("making a lock"))?;
        Ok(Self { lock, what })
    }

    /// The lock of either kind that was made at this offset.
    pub(crate) fn at(shared: &'a Shared, offset: usize, what: &'static str) -> Self {
        Self { lock: Lock::at(shared, offset), what }
    }

    /// Takes the lock, waiting for it for at most `limit`.
    ///
    /// Fails if another held it all the time ([`Error::is_deadline`], with the pid of who holds it), or if a process died with it
    /// ([`Error::is_lock_owner_died`], with its pid). The latter everybody is told, at once, until somebody has [recovered](Self::recover)
    /// what the dead process left half done.
    pub(crate) fn lock_within(self, limit: Duration) -> Result<Guard<'a>, Error> {
        let held = self.take(limit)?;
        match held.mourned() {
            None => Ok(Guard(held)),
            Some(pid) => Err(Kind::OwnerDied { what: self.what, pid }.into()),
        }
    }

    /// Takes the lock whether a process died with it or not: from now on it is a lock as any other. Whoever calls this puts what it guards in
    /// order before dropping the guard.
    pub(crate) fn recover(self, limit: Duration) -> Result<Guard<'a>, Error> {
        let held = self.take(limit)?;
        held.stop_mourning();
        Ok(Guard(held))
    }

    fn take(self, limit: Duration) -> Result<Held<'a>, Error> {
        let failed = Error::io("waiting for a lock");
        match self.lock.take_within(limit) {
            Ok(Taken::Whole(held)) => Ok(held),
            Ok(Taken::Orphaned(orphan)) => orphan.mourn().map_err(failed),
            Err(fault) if fault.raw_os_error() == Some(libc::ETIMEDOUT) => {
                Err(Kind::Locked { what: self.what, owner: self.lock.owner(), limit }.into())
            }
            Err(fault) => Err(failed(fault)),
        }
    }

    /// The process that had the lock a moment ago, if one had.
    pub(crate) fn owner(self) -> Option<u32> {
        self.lock.owner()
    }
}
