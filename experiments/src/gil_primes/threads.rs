//! The count on threads: under the interpreter lock, and without it.

use std::hint::black_box;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

use multiprocess::gil::Gil;

use super::division::{NoLock, SafePoint, Tally, count};

/// Counts the same numbers again and again; the last count.
pub(crate) fn repeat(rounds: u64, numbers: &Range<u32>, safe_point: &impl SafePoint) -> Tally {
    // Hidden from the optimiser, which would see that each round is like the one before.
    let counts = (0..rounds).map(|_| count(black_box(numbers.clone()), safe_point));
    counts.fold(Tally::default(), |_, tally| black_box(tally))
}

/// What a thread returns; its panic goes on in this one.
pub(crate) fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

// ANCHOR: under_lock
/// A thread for each part, all under one lock. The caller holds it while it starts them, as a Python program does, and gives it away
/// while it waits for each.
pub(crate) fn under_lock(gil: &Gil, parts: &[Range<u32>], rounds: u64) -> Vec<Tally> {
    thread::scope(|scope| {
        // In here, so that a panic gives the lock away before the scope waits for its threads.
        let main = gil.attach();
        let start = |part| {
            let thread = gil.enrol();
            scope.spawn(move || repeat(rounds, part, &thread.attach()))
        };
        let started: Vec<_> = parts.iter().map(start).collect();
        started.into_iter().map(|thread| main.release_around(|| joined(thread))).collect()
    })
}
// ANCHOR_END: under_lock

/// The same without any lock.
pub(crate) fn without_lock(parts: &[Range<u32>], rounds: u64) -> Vec<Tally> {
    thread::scope(|scope| {
        let started: Vec<_> = parts.iter().map(|part| scope.spawn(move || repeat(rounds, part, &NoLock))).collect();
        started.into_iter().map(joined).collect()
    })
}
