//! Whether this process is daemonic: then it may have no children, as in CPython's `process.py`.
//!
//! A daemonic process is ended with its parent, without being asked; what it had started would be left behind in the middle of its work. So
//! it is refused at the beginning. A pool's workers are daemonic, whatever started them; a [`Process`](crate::Process) is if it is told to be.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::error::{Error, Kind};

/// Set once, at the beginning of a process, before it has a second thread; so relaxed.
static DAEMONIC: AtomicBool = AtomicBool::new(false);

/// Says it of this process, at its beginning. Every process that was started passes here, so it forgets its parent's children here, too.
pub(crate) fn be(daemonic: bool) {
    super::family::orphan();
    DAEMONIC.store(daemonic, Relaxed);
}

/// Whether this process is daemonic (CPython's `current_process().daemon`).
///
/// ```
/// assert!(!multiprocess::is_daemonic());
/// ```
pub fn is_daemonic() -> bool {
    DAEMONIC.load(Relaxed)
}

/// Refuses to start any process from a daemonic one.
pub(crate) fn may_start() -> Result<(), Error> {
    if is_daemonic() { Err(Kind::Daemonic.into()) } else { Ok(()) }
}
