//! Locks between processes: exclusion, recursion, deadlines, and what is said of an owner that died.

use std::time::Duration;

use multiprocess::{Error, Lock, LockGuard, Process, RLock, Semaphore, Status};

use super::Case;
use super::process::{LONG, until, wchan};

pub(super) const CASES: &[Case] = &[
    ("a_lock_is_refused_at_the_deadline_and_names_its_owner", || refused(&Lock::new().unwrap())),
    ("a_recursive_lock_is_refused_to_others_and_names_its_owner", || refused(&RLock::new().unwrap())),
    ("a_lock_is_not_taken_twice_by_its_owner", not_twice),
    ("a_recursive_lock_is_free_when_its_last_guard_is_dropped", recursive),
    ("a_forked_child_does_not_own_what_its_parent_holds", child_owns_nothing),
    ("increments_under_a_lock_are_all_counted", || counted(&Lock::new().unwrap())),
    ("increments_under_a_recursive_lock_are_all_counted", || counted(&RLock::new().unwrap())),
    ("a_lock_of_a_killed_owner_names_it_until_it_is_recovered", || killed(&Lock::new().unwrap())),
    ("a_recursive_lock_of_a_killed_owner_names_it_until_it_is_recovered", || killed(&RLock::new().unwrap())),
    ("a_guard_that_is_forgotten_leaves_other_locks_alone", forgotten),
    ("whoever_waits_for_the_lock_of_a_killed_owner_is_told_at_once", told_at_once),
];

/// What both locks can.
trait Locking {
    fn acquire(&self, limit: Duration) -> Result<LockGuard<'_>, Error>;
    fn recover(&self, limit: Duration) -> Result<LockGuard<'_>, Error>;
    fn owner(&self) -> Option<u32>;
}

macro_rules! locking {
    ($lock:ident) => {
        impl Locking for $lock {
            fn acquire(&self, limit: Duration) -> Result<LockGuard<'_>, Error> {
                self.acquire(limit)
            }
            fn recover(&self, limit: Duration) -> Result<LockGuard<'_>, Error> {
                self.recover(limit)
            }
            fn owner(&self) -> Option<u32> {
                self.owner()
            }
        }
    };
}
locking!(Lock);
locking!(RLock);

/// A process that takes the lock, says so, and keeps it until it is let go.
fn holder(lock: &impl Locking, held: &Semaphore, go: &Semaphore) -> Process {
    let body = || {
        let guard = lock.acquire(LONG).unwrap();
        held.release().unwrap();
        go.acquire(LONG).unwrap();
        drop(guard);
        0
    };
    let process = Process::start(&[], body).unwrap();
    held.acquire(LONG).unwrap();
    process
}

fn refused(lock: &impl Locking) {
    let (held, go) = (Semaphore::new(0).unwrap(), Semaphore::new(0).unwrap());
    let mut process = holder(lock, &held, &go);
    for limit in [Duration::ZERO, Duration::from_millis(20)] {
        let fault = lock.acquire(limit).unwrap_err();
        assert!(fault.is_deadline() && fault.to_string().contains(&process.pid().to_string()), "{fault}");
    }
    assert_eq!(lock.owner(), Some(process.pid()));
    go.release().unwrap();
    drop(lock.acquire(LONG).unwrap());
    assert_eq!(lock.owner(), None);
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
}

fn not_twice() {
    let lock = Lock::new().unwrap();
    let guard = lock.acquire(Duration::ZERO).unwrap();
    assert!(lock.acquire(Duration::from_millis(10)).unwrap_err().is_deadline());
    drop(guard);
    drop(lock.acquire(Duration::ZERO).unwrap());
}

fn recursive() {
    let lock = RLock::new().unwrap();
    let mut guards: Vec<_> = (0..3).map(|_| lock.acquire(Duration::ZERO).unwrap()).collect();
    let locked = || {
        let other = || i32::from(lock.acquire(Duration::ZERO).is_err());
        Process::start(&[], other).unwrap().join(LONG).unwrap().status == Status::Exited(1)
    };
    while !guards.is_empty() {
        assert!(locked());
        // The first goes first: which of them is dropped does not matter.
        drop(guards.remove(0));
    }
    assert!(!locked());
}

/// A child that drops its copy of the guard releases nothing.
fn child_owns_nothing() {
    let lock = RLock::new().unwrap();
    // Borrowed by the closure: what it owned the parent would drop as soon as the child is forked.
    let mut guard = Some(lock.acquire(Duration::ZERO).unwrap());
    let child = || {
        let refused = lock.acquire(Duration::ZERO).is_err();
        drop(guard.take());
        i32::from(refused && lock.acquire(Duration::ZERO).is_err())
    };
    let mut process = Process::start(&[], child).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(1));
    drop(guard);
    assert_eq!(lock.owner(), None);
}

/// Each takes a number that is there, and writes the next one, under the lock: two at once would count one of the two.
fn counted(lock: &(impl Locking + Sync)) {
    const WORKERS: u64 = 3;
    const ROUNDS: u64 = 300;
    let board = multiprocess::ScratchFile::create().unwrap();
    let path = board.path();
    std::fs::write(&path, b"0").unwrap();
    let count = || {
        for _ in 0..ROUNDS {
            let _guard = lock.acquire(LONG).unwrap();
            let number: u64 = std::fs::read_to_string(&path).unwrap().parse().unwrap();
            std::fs::write(&path, (number + 1).to_string()).unwrap();
        }
        0
    };
    let mut processes: Vec<_> = (0..WORKERS).map(|_| Process::start(&[&board], count).unwrap()).collect();
    assert!(processes.iter_mut().all(|process| process.join(LONG).unwrap().status == Status::Exited(0)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), (WORKERS * ROUNDS).to_string());
}

fn killed(lock: &impl Locking) {
    let (held, never) = (Semaphore::new(0).unwrap(), Semaphore::new(0).unwrap());
    let mut process = holder(lock, &held, &never);
    process.kill();
    assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(9));
    // Everybody is told, in every process, and not only the first.
    let told = || {
        let fault = lock.acquire(LONG).unwrap_err();
        assert!(fault.is_lock_owner_died() && fault.dead_owner() == Some(process.pid()), "{fault}");
        0
    };
    told();
    assert_eq!(Process::start(&[], told).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    told();
    drop(lock.recover(LONG).unwrap());
    drop(lock.acquire(Duration::ZERO).unwrap());
    assert_eq!(lock.owner(), None);
}

/// The system keeps a list of the locks that a thread holds, and the list leads through their memory.
fn forgotten() {
    let forget = || {
        for _ in 0..3 {
            let (lock, other) = (Lock::new().unwrap(), RLock::new().unwrap());
            std::mem::forget(lock.acquire(LONG).unwrap());
            drop(lock);
            drop((other.acquire(LONG).unwrap(), other.acquire(LONG).unwrap()));
        }
        0
    };
    assert_eq!(Process::start(&[], forget).unwrap().join(LONG).unwrap().status, Status::Exited(0));
}

fn told_at_once() {
    let lock = Lock::new().unwrap();
    let (held, never) = (Semaphore::new(0).unwrap(), Semaphore::new(0).unwrap());
    let owner = holder(&lock, &held, &never);
    let wait = || i32::from(lock.acquire(2 * LONG).unwrap_err().dead_owner() == Some(owner.pid()));
    let mut waiting: Vec<_> = (0..4).map(|_| Process::start(&[], wait).unwrap()).collect();
    until(|| waiting.iter().all(|process| wchan(process).contains("futex")));
    owner.kill();
    // Far before their own deadline, which is longer than this one.
    for process in &mut waiting {
        assert_eq!(process.join(LONG).unwrap().status, Status::Exited(1));
    }
}
