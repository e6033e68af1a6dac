//! A lock between processes that notices when its owner died: a robust `pthread_mutex_t` in shared memory.
//!
//! CPython's locks are POSIX semaphores, which know no owner: a process killed while it holds one takes it along for ever (gh-96062).
//! The robust mutex reports the death to the next that locks it, and the pid beside it tells whose it was.

use std::cell::UnsafeCell;
use std::io;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::clock;
use super::shared::{Shareable, Shared};
use crate::trace;
use crate::waiting::{self, FAR};

/// Room for one lock in shared memory.
#[repr(C, align(64))]
struct Cell {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    /// The process that has the mutex; 0 for none, and for a moment after it was taken. Only the owner writes it, so that the mutex
    /// orders it between owners, a dead one included: its stores came before the kernel gave the mutex away. Whoever reads it without
    /// the mutex learns who had it a moment ago. Therefore relaxed.
    owner: AtomicU32,
    /// How often its owner has it. Ordered as `owner` is.
    depth: AtomicU32,
    /// The process that died with the lock, as long as nobody has recovered what it guards; 0 for none. For the layers above, who
    /// read and write it only while they have the mutex.
    mourned: AtomicU32,
}

// SAFETY: a process-shared mutex is made to be used from several threads and processes at once, by pointer; the rest is atomic.
unsafe impl Sync for Cell {}

// SAFETY: room for a mutex may be all zero bytes before it is initialised, and is only handed on as a pointer; the rest is atomic.
unsafe impl Shareable for Cell {}

/// How long a waiter sleeps at most before it looks whether the lock, or the semaphore, is free.
pub(super) const LOOK_AGAIN_EVERY: Duration = Duration::from_millis(250);

/// How much shared memory a lock takes, in bytes.
pub(crate) const LOCK_BYTES: usize = size_of::<Cell>();

/// A dead owner that was killed before it had written down its pid.
const NOBODY_KNOWS: u32 = u32::MAX;

/// A lock that lives at an offset of shared memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lock<'a> {
    shared: &'a Shared,
    offset: usize,
}

/// Holds the lock until it is dropped, by the thread that took it: no other may release a mutex. The copy of it that a forked child gets
/// holds nothing and releases nothing.
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

/// A lock that was taken.
#[derive(Debug)]
pub(crate) enum Taken<'a> {
    /// From nobody, or from an owner that had given it back.
    Whole(Held<'a>),
    /// From an owner that died with it.
    Orphaned(Orphan<'a>),
}

/// A lock whose owner died with it, and who it was. Dropped without a [`repair`](Self::repair) it makes the lock unusable for everyone
/// (ENOTRECOVERABLE).
#[derive(Debug)]
pub(crate) struct Orphan<'a> {
    held: Held<'a>,
    /// None if it was killed before it had written down its pid.
    pub(crate) owner: Option<u32>,
}

impl<'a> Orphan<'a> {
    /// Repairs it, and has everybody after this one know of the death until they [stop mourning](Held::stop_mourning).
    pub(crate) fn mourn(self) -> io::Result<Held<'a>> {
        // Before the repair: if this process dies in between, the next one is given an orphan again, and the first death stays known.
        self.held.mourn(self.owner);
        self.repair()
    }

    /// Makes it a lock as any other: whoever calls this has seen to what the dead owner left half done.
    pub(crate) fn repair(self) -> io::Result<Held<'a>> {
        let lock = self.held.0;
        // SAFETY: a robust mutex that this thread has just been given as a dead owner's, and still has.
        done(unsafe { libc::pthread_mutex_consistent(lock.raw()) })?;
        // The dead owner's count means nothing; ours is one.
        lock.cell().depth.store(1, Relaxed);
        lock.cell().owner.store(std::process::id(), Relaxed);
        Ok(self.held)
    }
}

impl<'a> Lock<'a> {
    /// Makes the lock usable. Done once, before any other process knows of it.
    pub(crate) fn create(shared: &'a Shared, offset: usize) -> io::Result<Self> {
        Self::create_as(shared, offset, libc::PTHREAD_MUTEX_NORMAL)
    }

    /// The same, for a lock that its owner can take again, and gives back as often as it has taken it.
    pub(crate) fn create_recursive(shared: &'a Shared, offset: usize) -> io::Result<Self> {
        Self::create_as(shared, offset, libc::PTHREAD_MUTEX_RECURSIVE)
    }

    fn create_as(shared: &'a Shared, offset: usize, kind: libc::c_int) -> io::Result<Self> {
        let lock = Self { shared, offset };
        // SAFETY: all-zero bytes are room for an attribute object, which `init` makes valid.
        let mut attributes: libc::pthread_mutexattr_t = unsafe { std::mem::zeroed() };
        // SAFETY: a writable attribute object.
        done(unsafe { libc::pthread_mutexattr_init(&raw mut attributes) })?;
        // SAFETY: an initialised attribute object and a constant of its own header.
        done(unsafe { libc::pthread_mutexattr_setpshared(&raw mut attributes, libc::PTHREAD_PROCESS_SHARED) })?;
        // SAFETY: as above.
        done(unsafe { libc::pthread_mutexattr_setrobust(&raw mut attributes, libc::PTHREAD_MUTEX_ROBUST) })?;
        // SAFETY: as above.
        done(unsafe { libc::pthread_mutexattr_settype(&raw mut attributes, kind) })?;
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

    fn cell(self) -> &'a Cell {
        self.shared.at::<Cell>(self.offset)
    }

    fn raw(self) -> *mut libc::pthread_mutex_t {
        self.cell().mutex.get()
    }

    /// Waits for the lock without a limit; a worker does, because its lifeline ends it with its parent.
    ///
    /// Fails if an owner died, now or earlier: what it was doing under the lock is half done.
    pub(crate) fn lock(self) -> io::Result<Held<'a>> {
        let result = self.clocklock(FAR)?;
        self.whole(result)
    }

    /// Waits for the lock for at most `limit`. Fails as [`lock`](Self::lock) does, or with ETIMEDOUT.
    pub(crate) fn lock_within(self, limit: Duration) -> io::Result<Held<'a>> {
        let result = self.clocklock(limit)?;
        self.whole(result)
    }

    /// Waits for the lock for at most `limit`, and gets that of a dead owner too. Fails with ETIMEDOUT, or ENOTRECOVERABLE if an earlier
    /// owner has not repaired it.
    pub(crate) fn take_within(self, limit: Duration) -> io::Result<Taken<'a>> {
        let result = self.clocklock(limit)?;
        self.taken(result)
    }

    /// Takes the lock if nobody has it.
    pub(crate) fn try_take(self) -> io::Result<Option<Taken<'a>>> {
        match self.lock_until(&clock::PASSED) {
            libc::ETIMEDOUT => Ok(None),
            result => self.taken(result).map(Some),
        }
    }

    /// Whether an owner died, now or earlier. It does not wait: a lock that somebody has is owned by one who lives, or is about to be found out
    /// by the next. To ask makes a lock whose owner died unusable for everyone, as [`lock`](Self::lock) does.
    pub(crate) fn owner_died(self) -> bool {
        match self.try_take() {
            Ok(None | Some(Taken::Whole(_))) => false,
            Ok(Some(Taken::Orphaned(_))) => true,
            Err(fault) => fault.raw_os_error() == Some(libc::ENOTRECOVERABLE),
        }
    }

    /// Waits for the lock, and looks at it again every [`LOOK_AGAIN_EVERY`].
    ///
    /// An owner that gives the lock back wakes one waiter. If that one is killed before it has taken the lock, and another has taken it
    /// meanwhile, nobody knows of those who wait behind it: the kernel wakes the next only if it finds the lock free (`handle_futex_death`),
    /// and the new owner has seen no mark of waiters. They would sleep beside a free lock until their own deadline.
    fn clocklock(self, limit: Duration) -> io::Result<libc::c_int> {
        let _span = trace::span(trace::Kind::LockWait);
        // A lock that is free takes no look at the clock.
        let result = self.lock_until(&clock::PASSED);
        if result != libc::ETIMEDOUT {
            return Ok(result);
        }
        let deadline = waiting::after(limit);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let until = clock::after(left.min(LOOK_AGAIN_EVERY))?;
            let result = self.lock_until(&until);
            if result != libc::ETIMEDOUT || left <= LOOK_AGAIN_EVERY {
                return Ok(result);
            }
        }
    }

    /// Takes the lock, or gives up at `until`, also where nobody means to wait: `pthread_mutex_trylock` is of no use here.
    ///
    /// Asked for a lock that is unusable, glibc's (2.36, and long before) takes it, says ENOTRECOVERABLE, and keeps it: what it compares before it
    /// unlocks is not what it has stored. No list of robust mutexes leads to that lock, so that the kernel leaves it to its owner's
    /// number when the owner ends, and everyone else waits for a process that is not there. Its timed variant gives the lock back.
    fn lock_until(self, until: &libc::timespec) -> libc::c_int {
        // SAFETY: the place holds an initialised mutex for as long as the mapping lives.
        unsafe { clock::clocklock(self.raw(), until) }
    }

    fn taken(self, result: libc::c_int) -> io::Result<Taken<'a>> {
        let cell = self.cell();
        if result == libc::EOWNERDEAD {
            // Nothing is written yet: if this process dies before a repair, the next one still learns who died first.
            let owner = Some(cell.owner.load(Relaxed)).filter(|pid| *pid != 0);
            return Ok(Taken::Orphaned(Orphan { held: Held::of(self), owner }));
        }
        done(result)?;
        cell.depth.store(cell.depth.load(Relaxed) + 1, Relaxed);
        cell.owner.store(std::process::id(), Relaxed);
        Ok(Taken::Whole(Held::of(self)))
    }

    fn whole(self, result: libc::c_int) -> io::Result<Held<'a>> {
        match self.taken(result)? {
            Taken::Whole(held) => Ok(held),
            // Unlocking without repairing makes the mutex unusable for everyone (ENOTRECOVERABLE): whatever the owner was
            // writing or reading is half done, and nobody may go on from the middle of a frame.
            Taken::Orphaned(_) => Err(io::Error::from_raw_os_error(libc::EOWNERDEAD)),
        }
    }

    /// The process that had the lock a moment ago, if one had.
    pub(crate) fn owner(self) -> Option<u32> {
        Some(self.cell().owner.load(Relaxed)).filter(|pid| *pid != 0)
    }
}

impl<'a> Held<'a> {
    fn of(lock: Lock<'a>) -> Self {
        lock.shared.pin();
        Self(lock, PhantomData)
    }

    /// Remembers that an owner died. The first is not forgotten over a second.
    fn mourn(&self, owner: Option<u32>) {
        let mourned = &self.0.cell().mourned;
        if mourned.load(Relaxed) == 0 {
            mourned.store(owner.unwrap_or(NOBODY_KNOWS), Relaxed);
        }
    }

    /// Whether an owner is mourned, and who it was if that is known.
    pub(crate) fn mourned(&self) -> Option<Option<u32>> {
        match self.0.cell().mourned.load(Relaxed) {
            0 => None,
            pid => Some(Some(pid).filter(|pid| *pid != NOBODY_KNOWS)),
        }
    }

    /// Ends that: what the dead owner left half done has been seen to.
    pub(crate) fn stop_mourning(&self) {
        self.0.cell().mourned.store(0, Relaxed);
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let cell = self.0.cell();
        // A forked child drops copies of what its parent holds; an orphan that nobody repaired still has its dead owner's pid.
        if cell.owner.load(Relaxed) == std::process::id() {
            let depth = cell.depth.load(Relaxed).saturating_sub(1);
            cell.depth.store(depth, Relaxed);
            if depth == 0 {
                cell.owner.store(0, Relaxed);
            }
        }
        // SAFETY: an initialised mutex. This thread owns it, for a `Held` stays in its thread; or this is a forked child's copy, and a
        // robust mutex refuses to be unlocked by a thread that does not own it (EPERM, pthread_mutex_unlock(3)).
        unsafe { libc::pthread_mutex_unlock(self.0.raw()) };
        self.0.shared.unpin();
    }
}

/// The pthread functions return their error instead of setting errno.
fn done(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everyone is told, by whatever question and as often as they ask, and an asker that ends takes nothing with it.
    #[test]
    fn a_lock_that_is_unusable_stays_so_for_everyone() {
        for kind in [libc::PTHREAD_MUTEX_NORMAL, libc::PTHREAD_MUTEX_RECURSIVE] {
            let shared = Shared::create(LOCK_BYTES).unwrap();
            let lock = Lock::create_as(&shared, 0, kind).unwrap();
            let code = |limit| lock.lock_within(limit).err().and_then(|fault| fault.raw_os_error());
            let end = |work: &(dyn Fn() + Sync)| std::thread::scope(|scope| scope.spawn(work).join()).unwrap();
            end(&|| std::mem::forget(lock.lock().unwrap()));
            assert_eq!(code(Duration::ZERO), Some(libc::EOWNERDEAD));
            for _ in 0..3 {
                end(&|| assert_eq!(code(Duration::ZERO), Some(libc::ENOTRECOVERABLE)));
                end(&|| assert!(lock.owner_died() && lock.owner_died() && lock.owner_died()));
                assert!(lock.owner_died());
                assert_eq!(code(Duration::from_millis(1)), Some(libc::ENOTRECOVERABLE));
            }
        }
    }
}
