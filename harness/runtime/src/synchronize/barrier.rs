//! `Barrier`: nobody goes on before all have come.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use super::robust::{Guard, ROBUST_BYTES, Robust};
use super::room::{Present, ROOM_BYTES, Room};
use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::sys::shared::Shared;
use crate::waiting;

/// CPython's `multiprocessing.Barrier`: a number of parties that each wait until all of them do.
///
/// As in CPython one that does not wait to the end breaks the barrier for all, until somebody [resets](Self::reset) it: nobody is left
/// behind. One that dies while it waits is no longer among those who have come: the others wait for one in its place, and their
/// error names it. (In CPython it counts as one that came, and the next round waits for ever for it to leave.) Up to 256 can wait.
///
/// ```
/// use std::time::Duration;
/// let barrier = multiprocess::Barrier::new(1).unwrap();
/// assert_eq!(barrier.wait(Duration::ZERO).unwrap(), 0);
/// barrier.abort(Duration::ZERO).unwrap();
/// assert!(barrier.wait(Duration::ZERO).unwrap_err().is_barrier_broken());
/// barrier.reset(Duration::ZERO).unwrap();
/// assert_eq!(barrier.wait(Duration::ZERO).unwrap(), 0);
/// ```
pub struct Barrier {
    shared: Shared,
    parties: usize,
    action: Box<dyn Fn() + Send + Sync>,
}

const WHAT: &str = "a Barrier's lock";
const BROKEN: usize = ROBUST_BYTES + ROOM_BYTES;
/// The first that died waiting since the last reset; 0 for none.
const DIED: usize = BROKEN + 4;

/// How long a party at its deadline may wait for the lock to break the barrier.
const LOCK_AGAIN: Duration = Duration::from_secs(10);

/// What a party is told: that the barrier is broken, or its number among those who have come, and one more.
const IT_IS_BROKEN: u32 = 0;

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").field("parties", &self.parties).finish_non_exhaustive()
    }
}

impl Barrier {
    /// A barrier for so many parties.
    ///
    /// # Errors
    /// If there is no memory for it, or it is for none.
    pub fn new(parties: usize) -> Result<Self, Error> {
        Self::with_action(parties, || {})
    }

    /// A barrier whose last party to come calls `action`, in its own process, before anybody goes on. If that panics, the barrier is broken.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_action(parties: usize, action: impl Fn() + Send + Sync + 'static) -> Result<Self, Error> {
        let failed = Error::io("making a barrier");
        if parties == 0 {
            return Err(failed(std::io::ErrorKind::InvalidInput.into()));
        }
        let shared = Shared::create(DIED + 4).map_err(failed)?;
        Robust::create(&shared, 0, WHAT)?;
        Room::create(&shared, ROBUST_BYTES)?;
        Ok(Self { shared, parties, action: Box::new(action) })
    }

    fn robust(&self) -> Robust<'_> {
        Robust::at(&self.shared, 0, WHAT)
    }

    fn room(&self) -> Room<'_> {
        Room::at(&self.shared, ROBUST_BYTES)
    }

    /// Changed under the lock, which orders it; a look without it tells what was a moment ago.
    fn broken(&self) -> &AtomicU32 {
        self.shared.at(BROKEN)
    }

    /// As [`broken`](Self::broken).
    fn died(&self) -> &AtomicU32 {
        self.shared.at(DIED)
    }

    /// Who has come and lives. Remembers the first who does not.
    fn present(&self, lock: &Guard<'_>) -> Result<Present, Error> {
        let present = self.room().present(lock)?;
        if let Some(Some(pid)) = present.died.first()
            && self.died().load(Relaxed) == 0
        {
            self.died().store(*pid, Relaxed);
        }
        Ok(present)
    }

    fn is_broken_error(&self, came: usize, limit: Duration) -> Error {
        let died = Some(self.died().load(Relaxed)).filter(|pid| *pid != 0);
        Kind::BarrierBroken { came, parties: self.parties, died, limit }.into()
    }

    /// Waits until all parties do, for at most `limit`; the number of this one among them, from 0, each once: all of them know who
    /// is, say, the first.
    ///
    /// # Errors
    /// If the barrier is broken ([`Error::is_barrier_broken`]), or becomes so during the wait: by a party that reaches its deadline, which
    /// may be this one, by [`abort`](Self::abort) or [`reset`](Self::reset). The message tells who died waiting, if one did. Also if a
    /// process died in the barrier's own lock ([`Error::is_lock_owner_died`]), which a reset mends, or too many wait.
    pub fn wait(&self, limit: Duration) -> Result<usize, Error> {
        let deadline = waiting::after(limit);
        let lock = self.robust().lock_within(limit)?;
        let present = self.present(&lock)?;
        if self.broken().load(Relaxed) != 0 {
            return Err(self.is_broken_error(present.count(), limit));
        }
        if present.count() + 1 >= self.parties {
            return self.let_go(&lock, &present);
        }
        let place = self.room().enter(&lock)?;
        drop(lock);
        // At its deadline it takes the lock before it leaves: so nobody leaves while the last party tells the others to go.
        let late = if place.wait(deadline)?.is_some() { None } else { Some(self.robust().lock_within(LOCK_AGAIN)?) };
        match (place.leave(), late) {
            (Some(IT_IS_BROKEN), _) => Err(self.is_broken_error(present.count() + 1, limit)),
            (Some(number), _) => Ok(number as usize - 1),
            (None, late) => {
                let came = late.map_or(Ok(0), |lock| self.break_up(&lock))? + 1;
                Err(self.is_broken_error(came, limit))
            }
        }
    }

    /// The last party has come.
    fn let_go(&self, lock: &Guard<'_>, present: &Present) -> Result<usize, Error> {
        let acted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&self.action));
        if let Err(panic) = acted {
            self.break_up(lock)?;
            std::panic::resume_unwind(panic);
        }
        Ok(self.room().tell(lock, present, present.count(), |number| number + 1) as usize)
    }

    /// Breaks the barrier for all who wait; tells how many they were.
    fn break_up(&self, lock: &Guard<'_>) -> Result<usize, Error> {
        self.broken().store(1, Relaxed);
        self.send_away(lock)
    }

    fn send_away(&self, lock: &Guard<'_>) -> Result<usize, Error> {
        let present = self.present(lock)?;
        Ok(self.room().tell(lock, &present, present.count(), |_| IT_IS_BROKEN) as usize)
    }

    /// Breaks the barrier: whoever waits gets an error, and whoever comes, until it is [reset](Self::reset).
    ///
    /// # Errors
    /// If the barrier's lock cannot be had within `limit`.
    pub fn abort(&self, limit: Duration) -> Result<(), Error> {
        let lock = self.robust().lock_within(limit)?;
        self.break_up(&lock).map(drop)
    }

    /// Makes the barrier as it was in the beginning. Whoever waits gets an error, as in CPython.
    ///
    /// # Errors
    /// If the barrier's lock cannot be had within `limit`.
    pub fn reset(&self, limit: Duration) -> Result<(), Error> {
        let lock = self.robust().recover(limit)?;
        self.send_away(&lock)?;
        self.broken().store(0, Relaxed);
        self.died().store(0, Relaxed);
        Ok(())
    }

    /// For how many parties it is.
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many wait just now and live.
    ///
    /// # Errors
    /// If the barrier's lock cannot be had within `limit`.
    pub fn waiting(&self, limit: Duration) -> Result<usize, Error> {
        let lock = self.robust().lock_within(limit)?;
        self.present(&lock).map(|present| present.count())
    }

    /// Whether it is broken just now.
    pub fn is_broken(&self) -> bool {
        self.broken().load(Relaxed) != 0
    }
}

impl Inherited for Barrier {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.shared.fd()]
    }
}
