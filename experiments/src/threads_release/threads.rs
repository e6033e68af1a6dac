//! Threads that take sums from a list: without a lock, under one that each lets go while it adds, and under one that it keeps.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use multiprocess::gil::Gil;

use super::sums::sum;

/// The sums that are still to be done, and those that are.
struct List {
    taken: AtomicU64,
    all: u64,
    done: Mutex<Vec<f64>>,
}

impl List {
    fn of(all: u64) -> Self {
        Self { taken: AtomicU64::new(0), all, done: Mutex::new(Vec::new()) }
    }

    /// Whether there was one left for whoever asks.
    fn take(&self) -> bool {
        self.taken.fetch_add(1, Relaxed) < self.all
    }

    fn put(&self, sum: f64) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(sum);
    }

    fn finished(self) -> Vec<f64> {
        self.done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sums of the whole array, each by one thread.
pub(super) fn free(numbers: &[f64], sums: u64, workers: u64) -> Vec<f64> {
    let list = List::of(sums);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while list.take() {
                    list.put(sum(numbers));
                }
            });
        }
    });
    list.finished()
}

/// Whether a thread lets go of the lock while it adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    Released,
    Held,
}

// ANCHOR: under_lock
/// The same by threads under an interpreter lock. Taking a sum from the list is the interpreter's work; adding is a library's, which needs
/// nothing of the interpreter, and may let go of its lock.
pub(super) fn under_lock(gil: &Gil, numbers: &[f64], sums: u64, workers: u64, lock: Lock) -> Vec<f64> {
    let list = List::of(sums);
    let work = |thread: &multiprocess::gil::Attached<'_>| {
        while list.take() {
            let sum = match lock {
                Lock::Released => thread.release_around(|| sum(numbers)),
                Lock::Held => sum(numbers),
            };
            list.put(sum);
            thread.checkpoint();
        }
    };
    thread::scope(|scope| {
        let main = gil.attach();
        let start = |_| {
            let thread = gil.enrol();
            scope.spawn(|| work(&thread.attach()))
        };
        let started: Vec<_> = (0..workers).map(start).collect();
        for thread in started {
            main.release_around(|| thread.join()).unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
    list.finished()
}
// ANCHOR_END: under_lock

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads_release::sums::array;
    use multiprocess::gil::SWITCH_INTERVAL;

    #[test]
    fn every_sum_is_taken_once_and_the_lock_let_go_for_each() {
        let numbers = array(1_000);
        let expected = sum(&numbers);
        for (sums, workers) in [(0, 3), (1, 4), (10, 1), (7, 3)] {
            let right = |found: Vec<f64>| assert_eq!(found, vec![expected; sums as usize], "{sums} by {workers}");
            right(free(&numbers, sums, workers));
            for (lock, takes) in [(Lock::Held, 0), (Lock::Released, sums)] {
                let gil = Gil::new(SWITCH_INTERVAL);
                right(under_lock(&gil, &numbers, sums, workers, lock));
                // Each thread attaches, the main one takes the lock again after each thread it waits for, and safe points may do so.
                let counts = gil.counts();
                assert_eq!(counts.takes - counts.yields, 1 + 2 * workers + takes, "{sums} by {workers}, {lock:?}");
            }
        }
    }
}
