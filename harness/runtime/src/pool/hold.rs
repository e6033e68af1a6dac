//! The lock of a pool's engine, which knows the thread that holds it: that thread runs the user's code meanwhile and must not wait for itself.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::engine::Engine;
use crate::error::{Error, Kind};
use crate::start::Starter;

/// The engine, its lock, and who holds it.
pub(super) struct Desk {
    engine: Mutex<Engine>,
    /// The number of the thread that holds the lock; 0 if none does. A thread asks only whether it is itself, and it reads its own number only
    /// between its own two stores, of the number and of 0: numbers are never used again. So there is nobody to be ordered with.
    holder: AtomicU64,
    /// What the user's code has dropped under the lock. Only the thread that holds the lock puts something here, and takes it.
    left: Mutex<Left>,
    has_left: AtomicBool,
}

/// What was dropped where nothing could be done about it.
#[derive(Default)]
struct Left {
    jobs: Vec<u64>,
    pool: bool,
}

/// The engine while this thread holds its lock.
pub(super) struct Hold<'a> {
    desk: &'a Desk,
    /// Here until it is given away to wait.
    guard: Option<MutexGuard<'a, Engine>>,
}

impl Desk {
    pub(super) fn new(engine: Engine) -> Self {
        Self {
            engine: Mutex::new(engine),
            holder: AtomicU64::new(0),
            left: Mutex::default(),
            has_left: AtomicBool::new(false),
        }
    }

    /// Whether this thread holds the lock already: it is in the user's code, which the engine has called.
    pub(super) fn is_mine(&self) -> bool {
        self.holder.load(Relaxed) == this_thread()
    }

    /// Waits for the lock; an error if this thread holds it. What panics under the lock is the user's code, and is caught there: nothing is
    /// ever left half done.
    pub(super) fn lock(&self) -> Result<Hold<'_>, Error> {
        if self.is_mine() {
            return Err(Kind::PoolReentered.into());
        }
        Ok(self.held(self.engine.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// This thread, which holds the lock, has dropped a job, or the pool: whoever holds the engine sees to it before it lets it go.
    pub(super) fn leave(&self, job: Option<u64>) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match job {
            Some(job) => left.jobs.push(job),
            None => left.pool = true,
        }
        self.has_left.store(true, Relaxed);
    }

    /// Sees to what was left, which may leave more. Returns the starter of a pool that was dropped.
    fn see_to(&self, engine: &mut Engine) -> Option<Starter> {
        let mut starter = None;
        while self.has_left.swap(false, Relaxed) {
            let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
            for job in left.jobs {
                let job = engine.remove_job(job);
                // Its outputs are the user's.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
            }
            if left.pool {
                engine.stop();
                starter = engine.starter.take();
            }
        }
        starter
    }

    fn held<'a>(&'a self, guard: MutexGuard<'a, Engine>) -> Hold<'a> {
        self.holder.store(this_thread(), Relaxed);
        Hold { desk: self, guard: Some(guard) }
    }
}

impl<'a> Hold<'a> {
    /// Gives the lock away until `turned` is told, or for `limit`.
    pub(super) fn wait(mut self, turned: &Condvar, limit: Option<Duration>) -> Self {
        let (desk, guard) = (self.desk, self.guard.take().expect("it is given away only here"));
        desk.holder.store(0, Relaxed);
        desk.held(match limit {
            None => turned.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => turned.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner).0,
        })
    }

    /// The same until `deadline`, if there is one.
    pub(super) fn wait_until(self, turned: &Condvar, deadline: Option<Instant>) -> Self {
        self.wait(turned, deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())))
    }
}

impl Deref for Hold<'_> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        self.guard.as_ref().expect("it is given away only with the whole hold")
    }
}

impl DerefMut for Hold<'_> {
    fn deref_mut(&mut self) -> &mut Engine {
        self.guard.as_mut().expect("it is given away only with the whole hold")
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(mut engine) = self.guard.take() {
            let ended = self.desk.has_left.load(Relaxed).then(|| self.desk.see_to(&mut engine));
            self.desk.holder.store(0, Relaxed);
            drop(engine);
            drop(ended);
        }
    }
}

/// The number of this thread, from 1.
fn this_thread() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(THREADS.fetch_add(1, Relaxed) + 1);
        }
        number.get()
    })
}
