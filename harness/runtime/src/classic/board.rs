//! The memory that a pool and its workers share: two locks, what all have in common, and for each worker its counters and what it is doing.
//!
//! What a worker is doing stands there for one reader: the worker handler, after the worker's death. So it can name the task that died with the
//! worker, which CPython's cannot.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::report::{Doing, QueueLock};
use crate::meter::{SLOT_BYTES, Slot};
use crate::sys::lock::{LOCK_BYTES, Lock};
use crate::sys::shared::{Line, Shared};

const LINE_BYTES: usize = size_of::<Line>();

/// Where the line that all have in common lies.
const COMMON: usize = 2 * LOCK_BYTES;

/// Where the workers' places begin.
const PLACES: usize = COMMON + LINE_BYTES;

/// What one place takes.
const PLACE_BYTES: usize = SLOT_BYTES + LINE_BYTES;

/// See the file.
#[derive(Debug)]
pub(super) struct Board(pub(super) Shared);

impl Board {
    pub(super) fn bytes(workers: usize) -> usize {
        PLACES + workers * PLACE_BYTES
    }

    /// A board whose workers end after `tasks_at_most` tasks each; 0 is without end.
    pub(super) fn create(workers: usize, tasks_at_most: u64) -> std::io::Result<Self> {
        let shared = Shared::create(Self::bytes(workers))?;
        Lock::create(&shared, 0)?;
        Lock::create(&shared, LOCK_BYTES)?;
        let board = Self(shared);
        // Written before there is a worker; its start orders it.
        board.common()[0].store(tasks_at_most, Relaxed);
        Ok(board)
    }

    pub(super) fn lock(&self, which: QueueLock) -> Lock<'_> {
        Lock::at(&self.0, if which == QueueLock::Read { 0 } else { LOCK_BYTES })
    }

    pub(super) fn slot(&self, place: usize) -> &Slot {
        self.0.at(PLACES + place * PLACE_BYTES)
    }

    pub(super) fn post(&self, place: usize) -> Post<'_> {
        Post(self.0.at(PLACES + place * PLACE_BYTES + SLOT_BYTES))
    }

    fn common(&self) -> &Line {
        self.0.at(COMMON)
    }

    /// How many tasks end a worker.
    pub(super) fn tasks_at_most(&self) -> Option<u64> {
        Some(self.common()[0].load(Relaxed)).filter(|tasks| *tasks > 0)
    }

    /// How often a worker has begun its preparation. Counters of their own, as in [`meter`](crate::meter): relaxed, because they publish nothing.
    pub(super) fn preparations(&self) -> &AtomicU64 {
        &self.common()[1]
    }

    /// How often a worker was ready for its first task.
    pub(super) fn ready(&self) -> &AtomicU64 {
        &self.common()[2]
    }
}

/// Where a worker says what it is doing: a state, and the task that it has, if it has one.
///
/// The reader is the worker handler, once the kernel has said that the worker is dead, and that orders all that the worker did. What is left to
/// see to is that a worker killed between two stores leaves the first: the state is stored with `Release` after the task, so that neither
/// the compiler nor the processor puts it before, and loaded with `Acquire` in [`died`](Self::died). The next task is not stored
/// before the last state has changed, because a lock is taken in between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Post<'a>(&'a Line);

impl Post<'_> {
    /// Says what the worker does from now on.
    pub(super) fn now(self, doing: Doing) {
        self.0[0].store(doing as u64, Release);
    }

    /// Says that the worker has this task from now on.
    pub(super) fn takes(self, job: u64, index: u64) {
        self.0[1].store(job, Relaxed);
        self.0[2].store(index, Relaxed);
        self.now(Doing::Working);
    }

    /// What a dead worker was doing, and the job and index of the task it had.
    pub(super) fn died(self) -> (Doing, Option<(u64, u64)>) {
        let doing = Doing::from_number(self.0[0].load(Acquire));
        let task = (self.0[1].load(Relaxed), self.0[2].load(Relaxed));
        (doing, doing.has_task().then_some(task))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_holds_a_task_only_while_the_worker_has_one() {
        let board = Board::create(3, 7).unwrap();
        assert_eq!(board.tasks_at_most(), Some(7));
        let post = board.post(2);
        assert_eq!(post.died(), (Doing::Starting, None));
        post.takes(4, 5);
        assert_eq!(post.died(), (Doing::Working, Some((4, 5))));
        post.now(Doing::Replying);
        assert_eq!(post.died(), (Doing::Replying, Some((4, 5))));
        post.now(Doing::BetweenTasks);
        assert_eq!(post.died(), (Doing::BetweenTasks, None));
        assert_eq!(board.post(1).died(), (Doing::Starting, None));
    }
}
