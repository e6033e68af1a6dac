//! Who held the lock when: a log that is as long as it was made, and never longer.

use std::time::{Duration, Instant};

/// The lock changed hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When, from the making of the lock.
    pub at: Duration,
    /// The number of the thread that took it; none if it was dropped.
    pub holder: Option<u32>,
}

/// The first changes of a lock, as many as there is room for.
#[derive(Debug)]
pub(super) struct Log {
    began: Instant,
    room: usize,
    changes: Vec<Change>,
}

impl Log {
    pub(super) fn with_room(room: usize) -> Self {
        Self { began: Instant::now(), room, changes: Vec::with_capacity(room) }
    }

    /// Notes a change, if there is room. It never allocates: the lock's mutex is held.
    pub(super) fn push(&mut self, holder: Option<u32>) {
        if self.changes.len() < self.room {
            self.changes.push(Change { at: self.began.elapsed(), holder });
        }
    }

    pub(super) fn changes(&self) -> Vec<Change> {
        self.changes.clone()
    }
}
