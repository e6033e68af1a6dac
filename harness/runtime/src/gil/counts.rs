//! What happened to the threads of a lock, in numbers.

use std::time::Duration;

/// What happened to a thread, or to all threads that have detached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often the lock was taken.
    pub takes: u64,
    /// How often it was taken from another thread: that one had it last. The very first taking counts too, as in CPython.
    pub switches: u64,
    /// How often it was not free when it was wanted.
    pub waits: u64,
    /// Time spent waiting to take it.
    pub waited: Duration,
    /// How often a waiter asked the holder to drop it.
    pub drop_requests: u64,
    /// How often a checkpoint found such a request and gave the lock away.
    pub yields: u64,
    /// How often the lock was dropped with a request still standing, so that another thread had to take it first. A waiter that is quicker
    /// than that makes it a yield without a forced switch.
    pub forced_switches: u64,
}

impl Counts {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            takes: self.takes + other.takes,
            switches: self.switches + other.switches,
            waits: self.waits + other.waits,
            waited: self.waited + other.waited,
            drop_requests: self.drop_requests + other.drop_requests,
            yields: self.yields + other.yields,
            forced_switches: self.forced_switches + other.forced_switches,
        }
    }
}
