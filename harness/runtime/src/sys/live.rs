//! How many claims, blocks and guards of values this process holds in shared memory, so that it forks only while it holds none.
//!
//! A forked child is a copy of this process with all its references. One to shared memory would be there twice: the child's `&mut` beside
//! its parent's, and neither the table of an array nor the state of a block would know of the second, and a value's guard would have a holder that
//! is not the owner of its lock. So whoever forks asks here first; a
//! child begins with what its parent had, which is nothing. Counted are the claims of arrays, owned blocks, and the guards of a `Value` and
//! an `Array`. The locks of `synchronize` and of queues are not: they lend nothing, and the copy that a
//! child gets of one that is held holds nothing and releases nothing.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Claims of arrays, to read or to write, owned blocks, and locks of values. Relaxed: it publishes nothing, and who forks has no other thread that could
/// change it, or looks again in the child.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// Counts as long as it lives: what holds a lock in shared memory has one.
#[derive(Debug)]
pub(crate) struct Holding(());

impl Holding {
    pub(crate) fn begin() -> Self {
        begin();
        Self(())
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        end();
    }
}

/// A claim or a block begins.
pub(super) fn begin() {
    HELD.fetch_add(1, Relaxed);
}

/// A claim or a block ends: it was dropped or handed over. One that is forgotten counts for ever.
pub(super) fn end() {
    HELD.fetch_sub(1, Relaxed);
}

/// How many there are.
pub(crate) fn count() -> usize {
    HELD.load(Relaxed)
}
