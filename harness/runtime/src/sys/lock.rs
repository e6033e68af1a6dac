//! A lock between processes that notices when its owner died: a robust `pthread_mutex_t` in shared memory.
//!
//! CPython's pool uses POSIX semaphores here, which know no owner: a worker killed while it waits in `read` takes the
//! lock with it for ever (gh-96062). The robust mutex reports the death to the next process that locks it.

use std::cell::UnsafeCell;
use std::io;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use super::shared::{Shareable, Shared};
use crate::waiting::FAR;

/// Room for one lock in shared memory.
#[repr(C, align(64))]
struct Cell(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a process-shared mutex is made to be used from several threads and processes at once, by pointer.
unsafe impl Sync for Cell {}

// SAFETY: room for a mutex may be all zero bytes before it is initialised, and is only handed on as a pointer.
unsafe impl Shareable for Cell {}

/// How much shared memory a lock takes, in bytes.
pub(crate) const LOCK_BYTES: usize = size_of::<Cell>();

/// A lock that lives at an offset of shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lock<'a> {
    shared: &'a Shared,
    offset: usize,
}

/// Holds the lock until it is dropped, by the thread that took it: no other may release a mutex.
#[derive(Debug)]
pub(crate) struct Held<'a>(Lock<'a>, PhantomData<*const ()>);

/// Compiles only as long as a [`Held`] cannot be sent to another thread: if it could, two implementations would fit.
const _: fn() = || {
    trait StaysHere<A> {
        fn holds() {}
    }
    impl<T: ?Sized> StaysHere<()> for T {}
    impl<T: ?Sized + Send> StaysHere<u8> for T {}
    <Held<'static> as StaysHere<_>>::holds();
};

impl<'a> Lock<'a> {
    /// Makes the lock usable. Done once, before any other process knows of it.
    pub(crate) fn create(shared: &'a Shared, offset: usize) -> io::Result<Self> {
        let lock = Self { shared, offset };
        // SAFETY: all-zero bytes are room for an attribute object, which `init` makes valid.
        let mut attributes: libc::pthread_mutexattr_t = unsafe { std::mem::zeroed() };
        // SAFETY: a writable attribute object.
        done(unsafe { libc::pthread_mutexattr_init(&raw mut attributes) })?;
        // SAFETY: an initialised attribute object and a constant of its own header.
        done(unsafe { libc::pthread_mutexattr_setpshared(&raw mut attributes, libc::PTHREAD_PROCESS_SHARED) })?;
        // SAFETY: as above.
        done(unsafe { libc::pthread_mutexattr_setrobust(&raw mut attributes, libc::PTHREAD_MUTEX_ROBUST) })?;
        // SAFETY: the place is aligned room for a mutex that no one else knows of yet.
        done(unsafe { libc::pthread_mutex_init(lock.raw(), &raw const attributes) })?;
        // SAFETY: initialised above, and not used again.
        done(unsafe { libc::pthread_mutexattr_destroy(&raw mut attributes) })?;
        Ok(lock)
    }

    /// The lock that a parent has made at this offset.
    pub(crate) fn at(shared: &'a Shared, offset: usize) -> Self {
        Self { shared, offset }
    }

    fn raw(self) -> *mut libc::pthread_mutex_t {
        self.shared.at::<Cell>(self.offset).0.get()
    }

    /// Waits for the lock without a limit; a worker does, because its lifeline ends it with its parent.
    ///
    /// Fails if an owner died, now or earlier: what it was doing under the lock is half done.
    pub(crate) fn lock(self) -> io::Result<Held<'a>> {
        // SAFETY: the place holds an initialised mutex for as long as the mapping lives.
        let result = unsafe { libc::pthread_mutex_lock(self.raw()) };
        self.taken(result)
    }

    /// Waits for the lock for at most `limit`.
    pub(crate) fn lock_within(self, limit: Duration) -> io::Result<Held<'a>> {
        let time = real_time_after(limit)?;
        // SAFETY: an initialised mutex and a valid absolute time.
        let result = unsafe { libc::pthread_mutex_timedlock(self.raw(), &raw const time) };
        self.taken(result)
    }

    fn taken(self, result: libc::c_int) -> io::Result<Held<'a>> {
        if result == libc::EOWNERDEAD {
            // Unlocking without repairing makes the mutex unusable for everyone (ENOTRECOVERABLE): whatever the owner was
            // writing or reading is half done, and nobody may go on from the middle of a frame.
            drop(Held(self, PhantomData));
        }
        done(result).map(|()| Held(self, PhantomData))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: a `Held` exists only while this thread owns the mutex.
        unsafe { libc::pthread_mutex_unlock(self.0.raw()) };
    }
}

/// The moment `limit` from now, but at most [`FAR`], on the real-time clock, on which pthread_mutex_timedlock(3) and sem_timedwait(3)
/// count.
pub(super) fn real_time_after(limit: Duration) -> io::Result<libc::timespec> {
    #[expect(clippy::disallowed_methods, reason = "the timed waits of POSIX take a date")]
    let until = SystemTime::now()
        .checked_add(limit.min(FAR))
        .and_then(|end| end.duration_since(SystemTime::UNIX_EPOCH).ok())
        .ok_or_else(|| io::Error::other("a deadline outside the range of the clock"))?;
    Ok(libc::timespec {
        tv_sec: i64::try_from(until.as_secs()).map_err(io::Error::other)?,
        tv_nsec: i64::from(until.subsec_nanos()),
    })
}

/// The pthread functions return their error instead of setting errno.
fn done(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}
