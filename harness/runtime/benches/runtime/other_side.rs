//! The other process of a measurement: forked while this one has a single thread, pinned, and joined at the end.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use multiprocess::{Inherited, Process, Status};

use crate::placement::{Pinned, Placement, pin};

/// A watchdog: nothing that is measured waits as long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Bare descriptors that the other side keeps.
#[derive(Debug)]
pub(crate) struct Keeps<'a>(pub(crate) &'a [&'a OwnedFd]);

impl Inherited for Keeps<'_> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.iter().map(|fd| fd.as_fd()).collect()
    }
}

/// The two sides of a measurement, in their places.
#[derive(Debug)]
pub(crate) struct OtherSide {
    process: Process,
    _here: Pinned,
}

impl OtherSide {
    /// Pins this process, and forks one that is pinned, too, and runs `body` with what it `inherits`.
    pub(crate) fn start(placement: Placement, inherits: &[&dyn Inherited], body: impl FnOnce()) -> Self {
        let (here, there) = placement.cores();
        let process = Process::start(inherits, || {
            let _there = pin(there);
            body();
            0
        });
        Self { process: process.expect("a bench has a single thread and room for a process"), _here: pin(here) }
    }

    /// Waits for its end, which what was measured has brought about.
    pub(crate) fn join(mut self) {
        let status = self.process.join(LONG).expect("the other side ends when it is told to").status;
        assert_eq!(status, Status::Exited(0), "the other side failed");
    }
}
