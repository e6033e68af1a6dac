//! The traps that never fail to catch: another thread holds the lock at the fork, by a handshake.
//!
//! What gives a lock its name in a report is found out before the measured time.

use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

use multiprocess::trap;
use multiprocess::watchdog::{NamedLock, Watchdog, futex_awaited_by, this_thread};
use rayon::{ThreadPool, ThreadPoolBuilder};
use record::Params;

use super::tally::{ANSWER, Answered, DEADLINE, Fault, Tally, counted};
use super::threads::while_held;

/// How long it may take until a thread is seen to wait for a lock that is held.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// Forks `trials` children, each while another thread is inside `hold`, and lets `dog` watch what becomes of `child`.
fn trapped(params: &Params, dog: &Watchdog, hold: impl Fn(&dyn Fn()) + Sync, child: impl Fn() -> i32) -> Answered {
    counted(|tally| (0..params["trials"]).try_for_each(|_| while_held(&hold, || trial(dog, tally, &child))))
}

fn trial(dog: &Watchdog, tally: &mut Tally, child: impl Fn() -> i32) -> Result<(), Fault> {
    tally.watch(dog, trap::fork_despite_threads(child)?)?;
    Ok(())
}

// ANCHOR: mutex_held
pub(super) fn mutex_held(params: &Params) -> Answered {
    let mutex = Mutex::new(ANSWER);
    trapped(
        params,
        &Watchdog::new(DEADLINE).knowing(NamedLock::of("the mutex", &mutex)),
        |wait| {
            let _held = mutex.lock();
            wait();
        },
        || mutex.lock().map_or(1, |answer| *answer),
    )
}
// ANCHOR_END: mutex_held

pub(super) fn stderr_lock_held(params: &Params) -> Answered {
    trapped(
        params,
        &knowing_stderr(),
        |wait| {
            let _held = std::io::stderr().lock();
            wait();
        },
        || {
            eprintln!("hello from the child");
            ANSWER
        },
    )
}

pub(super) fn once_lock_initialising(params: &Params) -> Answered {
    counted(|tally| {
        for _ in 0..params["trials"] {
            // One for each trial: once it has its value, nobody waits for it any more.
            let once = OnceLock::new();
            let dog = Watchdog::new(DEADLINE).knowing(NamedLock::of("the OnceLock", &once));
            let compute = |wait: &dyn Fn()| {
                once.get_or_init(|| {
                    wait();
                    ANSWER
                });
            };
            while_held(compute, || trial(&dog, tally, || *once.get_or_init(|| ANSWER)))?;
        }
        Ok(())
    })
}

// ANCHOR: rayon_pool_before
pub(super) fn rayon_pool_before(params: &Params) -> Answered {
    let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
    let dog = awaited_latch(&pool).into_iter().fold(Watchdog::new(DEADLINE), Watchdog::knowing);
    counted(|tally| {
        // In the parent the pool does its work. In the child there is the pool and none of its threads.
        (0..params["trials"]).try_for_each(|_| {
            pool.install(|| ());
            trial(&dog, tally, || pool.install(|| ANSWER))
        })
    })
}
// ANCHOR_END: rayon_pool_before

/// Where this thread waits for the pool to be done. Whoever uses a pool from outside waits for a latch of its own, which is a child's, too.
fn awaited_latch(pool: &ThreadPool) -> Option<NamedLock> {
    let this = this_thread();
    let (release, released) = mpsc::channel::<()>();
    let futex = std::thread::scope(|scope| {
        let watcher = scope.spawn(move || {
            let futex = futex_awaited_by(this, SEEN_WITHIN);
            drop(release);
            futex
        });
        // An error is what is waited for: the sender has been dropped.
        pool.install(move || {
            let _ = released.recv();
        });
        watcher.join().ok().flatten()
    });
    futex.map(|futex| NamedLock::at("the latch of rayon's caller", futex))
}

/// A watchdog that knows the lock of standard error, which the standard library keeps to itself: found by letting a thread wait for it.
pub(super) fn knowing_stderr() -> Watchdog {
    let (tell, told) = mpsc::channel();
    let futex = std::thread::scope(|scope| {
        let held = std::io::stderr().lock();
        scope.spawn(move || {
            // Without it nobody looks, and no name is known; that is all.
            let _ = tell.send(this_thread());
            drop(std::io::stderr().lock());
        });
        let futex = told.recv().ok().and_then(|thread| futex_awaited_by(thread, SEEN_WITHIN));
        drop(held);
        futex
    });
    let dog = Watchdog::new(DEADLINE);
    match futex {
        Some(futex) => dog.knowing(NamedLock::at("the lock of standard error", futex)),
        None => dog,
    }
}
