//! How many claims and blocks of shared memory this process holds, so that it forks only while it holds none.
//!
//! A forked child is a copy of this process with all its references. One to shared memory would be there twice: the child's `&mut` beside
//! its parent's, and neither the table of an array nor the state of a block would know of the second. So whoever forks asks here
//! first; a child begins with what its parent had, which is nothing.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Claims of arrays, to read or to write, and owned blocks. Relaxed: it publishes nothing, and who forks has no other thread that could
/// change it, or looks again in the child.
static HELD: AtomicUsize = AtomicUsize::new(0);

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
