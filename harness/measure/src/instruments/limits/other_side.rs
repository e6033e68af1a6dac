//! The other process of a limit: forked while this one has a single thread, pinned, and joined at the end.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use multiprocess::{Inherited, Process, Status};

use super::cores::{Seats, pin};
use super::unmeasured::Unmeasured;

/// A watchdog: nothing that is measured waits as long.
pub(super) const LONG: Duration = Duration::from_secs(30);

/// The descriptors that the other side keeps.
struct Keeps<'a>(Vec<BorrowedFd<'a>>);

impl Inherited for Keeps<'_> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.clone()
    }
}

/// The other side of a limit, in its place.
#[derive(Debug)]
pub(super) struct OtherSide(Process);

impl OtherSide {
    /// Forks a process that runs `body` with the descriptors it `keeps`. With `seats`, each side takes its core; without, the kernel places both.
    pub(super) fn start(
        seats: Option<Seats>,
        keeps: Vec<BorrowedFd<'_>>,
        body: impl FnOnce() -> Result<(), Unmeasured>,
    ) -> Result<Self, Unmeasured> {
        let process = Process::start(&[&Keeps(keeps)], || {
            match seats.map_or(Ok(()), |seats| pin(seats.there)).and_then(|()| body()) {
                Ok(()) => 0,
                Err(fault) => {
                    eprintln!("the other side: {fault}");
                    1
                }
            }
        })?;
        seats.map_or(Ok(()), |seats| pin(seats.here))?;
        Ok(Self(process))
    }

    /// Waits for its end, which what was measured has brought about.
    pub(super) fn join(mut self) -> Result<(), Unmeasured> {
        match self.0.join(LONG)?.status {
            Status::Exited(0) => Ok(()),
            otherwise => Err(Unmeasured::wrong(format!("the other side {otherwise}"))),
        }
    }
}
