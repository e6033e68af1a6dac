//! CPython's global interpreter lock: who may run Python code, and how the lock changes hands.
//!
//! After `Python/ceval_gil.c` of CPython 3.12, step by step. A thread that wants the lock waits for one *switch interval*. If nobody else
//! got the lock meanwhile, it *requests* that the holder drop it, and waits again. The holder looks at that request at safe
//! points alone, which in CPython are the backward jumps and calls of its bytecode. When it drops the lock because of a request,
//! it may not take it again before somebody else had it: a *forced switch*. A thread that drops it for good does not wait for that: it will
//! never take the lock again (gh-104341). There is no queue: one waiter is woken, and whoever comes first has the lock.
//!
//! Around a call that may block, the holder drops the lock and takes it again afterwards. If the call really blocks, another thread has the
//! lock by then, and the caller waits for a switch interval, or for several. If it does not, because the data is there already, the caller
//! is as a rule back before the waiter that it woke has come, and has lost nothing: the *convoy* (gh-52194) hits those who block.
//!
//! ```
//! use multiprocess::gil::{Gil, SWITCH_INTERVAL};
//!
//! let gil = Gil::new(SWITCH_INTERVAL);
//! let thread = gil.attach(); // takes the lock
//! for _step in 0..1_000 {
//!     thread.checkpoint(); // a safe point: one relaxed load, unless somebody asked
//! }
//! let read = thread.release_around(|| "what a blocking call read");
//! assert_eq!(read, "what a blocking call read");
//! let counts = thread.detach(); // drops the lock
//! assert_eq!((counts.takes, counts.waits, counts.forced_switches), (2, 0, 0));
//! ```

mod counts;
mod log;

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use counts::Counts;
pub use log::Change;
use log::Log;

use crate::error::{Error, Kind};
use crate::waiting::FAR;

/// The interval that CPython starts with, 5 ms: `sys.getswitchinterval()`.
pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

/// The shortest interval that `take_gil` waits for.
const SHORTEST_INTERVAL: Duration = Duration::from_micros(1);

/// A global interpreter lock.
#[derive(Debug)]
pub struct Gil {
    interval: Duration,
    request: DropRequest,
    /// `gil->mutex` with what it protects.
    state: Mutex<State>,
    /// `gil->cond`: the lock was dropped.
    dropped: Condvar,
    /// `gil->switch_mutex` with `gil->last_holder`; none before the first thread.
    last_holder: Mutex<Option<u32>>,
    /// `gil->switch_cond`: somebody took the lock.
    taken: Condvar,
    /// A thread has attached; nothing of CPython's.
    arrived: Condvar,
    threads: AtomicU32,
}

/// `gil_drop_request`, on a cache line of its own: the holder reads it at every safe point, and it seldom changes.
#[derive(Debug)]
#[repr(align(64))]
struct DropRequest(AtomicBool);

#[derive(Debug)]
struct State {
    locked: bool,
    /// `gil->switch_number`: how often a thread took the lock that was not the last to have it.
    switches: u64,
    /// Threads that have had the lock and have not dropped it for good.
    attached: u32,
    counts: Counts,
    log: Log,
}

impl Gil {
    /// A lock that nobody holds. Waiters request it after `interval`; less than a microsecond becomes one.
    pub fn new(interval: Duration) -> Self {
        Self::with_log(interval, 0)
    }

    /// The same, with a log of the first `changes_at_most` changes of hands: see [`changes`](Self::changes). The room for them is
    /// allocated here.
    pub fn with_log(interval: Duration, changes_at_most: usize) -> Self {
        let log = Log::with_room(changes_at_most);
        Self {
            interval: interval.max(SHORTEST_INTERVAL),
            request: DropRequest(AtomicBool::new(false)),
            state: Mutex::new(State { locked: false, switches: 0, attached: 0, counts: Counts::default(), log }),
            dropped: Condvar::new(),
            last_holder: Mutex::new(None),
            taken: Condvar::new(),
            arrived: Condvar::new(),
            threads: AtomicU32::new(0),
        }
    }

    /// A thread to come, with the next number, counted from 0. CPython too makes the state of a thread before it starts the thread.
    pub fn enrol(&self) -> Enrolled<'_> {
        Enrolled { gil: self, number: self.threads.fetch_add(1, Relaxed) }
    }

    /// Enrols the calling thread and takes the lock.
    pub fn attach(&self) -> Attached<'_> {
        self.enrol().attach()
    }

    /// How many threads are attached: each has had the lock, and has not dropped it for good.
    pub fn attached(&self) -> u32 {
        lock(&self.state).attached
    }

    /// Waits until that many threads are attached, for at most `limit`. The calling thread must not hold the lock, or nobody can.
    ///
    /// A thread that was started is not attached yet: it may not even have run. Who measures what another thread costs waits for it first.
    ///
    /// ```
    /// use std::time::Duration;
    /// use multiprocess::gil::{Gil, SWITCH_INTERVAL};
    ///
    /// let gil = Gil::new(SWITCH_INTERVAL);
    /// std::thread::scope(|scope| {
    ///     let (done, wait) = std::sync::mpsc::channel::<()>();
    ///     scope.spawn(|| gil.attach().release_around(|| wait.into_iter().for_each(drop)));
    ///     gil.wait_for_attached(1, Duration::from_secs(60)).unwrap();
    ///     assert_eq!(gil.attached(), 1);
    ///     drop(done);
    /// });
    /// assert_eq!(gil.attached(), 0);
    /// ```
    ///
    /// # Errors
    /// If there are fewer then.
    pub fn wait_for_attached(&self, threads: u32, limit: Duration) -> Result<(), Error> {
        let missing = |state: &mut State| state.attached < threads;
        let waited = self.arrived.wait_timeout_while(lock(&self.state), limit.min(FAR), missing);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.attached >= threads {
            Ok(())
        } else {
            Err(Kind::Deadline { doing: "waiting for threads to take the interpreter lock", limit }.into())
        }
    }

    /// What happened to all threads that have detached.
    pub fn counts(&self) -> Counts {
        lock(&self.state).counts
    }

    /// The log: who took the lock when, and when it was dropped.
    pub fn changes(&self) -> Vec<Change> {
        lock(&self.state).log.changes()
    }
}

/// A thread that has a number and not yet the lock. It can be sent to the thread that it is for.
#[derive(Debug)]
pub struct Enrolled<'gil> {
    gil: &'gil Gil,
    number: u32,
}

impl<'gil> Enrolled<'gil> {
    /// The number of the thread.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Takes the lock for the calling thread, which waits for it if it must.
    pub fn attach(self) -> Attached<'gil> {
        let attached =
            Attached { gil: self.gil, number: self.number, counts: Cell::default(), stays_in_its_thread: PhantomData };
        attached.take();
        lock(&self.gil.state).attached += 1;
        self.gil.arrived.notify_all();
        attached
    }
}

/// A thread that holds the lock, except while it [releases](Self::release_around) it or is made to wait at a
/// [checkpoint](Self::checkpoint). Dropped, it drops the lock, also by a panic.
#[derive(Debug)]
pub struct Attached<'gil> {
    gil: &'gil Gil,
    number: u32,
    counts: Cell<Counts>,
    stays_in_its_thread: PhantomData<*const ()>,
}

/// `final_release` of `drop_gil`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    /// The thread takes the lock again.
    Passing,
    /// The thread has ended.
    Final,
}

impl Attached<'_> {
    /// A safe point: if somebody requested the lock, drops it, and takes it again after another thread had it. Otherwise no more
    /// than a load, as CPython's look at its *eval breaker*.
    #[inline(always)]
    pub fn checkpoint(&self) {
        if self.gil.request.0.load(Relaxed) {
            self.drop_and_take();
        }
    }

    /// Drops the lock, makes a call that may block, and takes the lock again: `Py_BEGIN_ALLOW_THREADS`. If nobody has requested the lock,
    /// this waits for nobody.
    pub fn release_around<T>(&self, call: impl FnOnce() -> T) -> T {
        self.drop_lock(Release::Passing);
        // Also when the call panics: whoever is attached drops what it holds.
        let _again = TakenAgain(self);
        call()
    }

    /// Drops the lock for good and tells what happened to this thread.
    pub fn detach(self) -> Counts {
        ManuallyDrop::new(self).end()
    }

    /// The number of this thread.
    pub fn number(&self) -> u32 {
        self.number
    }

    #[cold]
    #[inline(never)]
    fn drop_and_take(&self) {
        self.count(|counts| counts.yields += 1);
        self.drop_lock(Release::Passing);
        self.take();
    }

    fn end(&self) -> Counts {
        let counts = self.counts.get();
        {
            let mut state = lock(&self.gil.state);
            state.counts = state.counts.plus(counts);
            state.attached -= 1;
        }
        self.drop_lock(Release::Final);
        counts
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    // ANCHOR: take
    /// `take_gil`.
    fn take(&self) {
        let gil = self.gil;
        let mut state = lock(&gil.state);
        if state.locked {
            let since = Instant::now();
            state = self.wait(state);
            self.count(|counts| {
                counts.waits += 1;
                counts.waited += since.elapsed();
            });
        }
        let mut last_holder = lock(&gil.last_holder);
        state.locked = true;
        let switched = *last_holder != Some(self.number);
        if switched {
            *last_holder = Some(self.number);
            state.switches += 1;
        }
        gil.taken.notify_one();
        drop(last_holder);
        gil.request.0.store(false, Relaxed);
        state.log.push(Some(self.number));
        drop(state);
        self.count(|counts| {
            counts.takes += 1;
            counts.switches += u64::from(switched);
        });
    }

    // ANCHOR_END: take
    // ANCHOR: wait
    /// The loop in `take_gil`: until the lock is free. A switch meanwhile restarts the clock, so nothing is asked of a new holder.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let gil = self.gil;
        while state.locked {
            let switches = state.switches;
            let (woken, timeout) =
                gil.dropped.wait_timeout(state, gil.interval).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.locked && state.switches == switches {
                gil.request.0.store(true, Relaxed);
                self.count(|counts| counts.drop_requests += 1);
            }
        }
        state
    }
    // ANCHOR_END: wait

    // ANCHOR: drop
    /// `drop_gil`, with `FORCE_SWITCHING`. The request that a final release leaves standing is cleared by whoever takes the lock.
    fn drop_lock(&self, release: Release) {
        let gil = self.gil;
        if release == Release::Passing {
            *lock(&gil.last_holder) = Some(self.number);
        }
        let mut state = lock(&gil.state);
        state.locked = false;
        state.log.push(None);
        gil.dropped.notify_one();
        drop(state);
        if release == Release::Passing && gil.request.0.load(Relaxed) {
            let last_holder = lock(&gil.last_holder);
            if *last_holder == Some(self.number) {
                gil.request.0.store(false, Relaxed);
                self.count(|counts| counts.forced_switches += 1);
                // Whoever made the request still waits for the lock, so somebody takes it. Woken by nothing, this thread would go on
                // without harm, as in CPython.
                drop(gil.taken.wait(last_holder).unwrap_or_else(PoisonError::into_inner));
            }
        }
    }
    // ANCHOR_END: drop
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

struct TakenAgain<'a, 'gil>(&'a Attached<'gil>);

impl Drop for TakenAgain<'_, '_> {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// No critical section here can panic, so a poisoned lock protects a sound value.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
