//! What messages are framed on: bytes in order, with a deadline.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use crate::waiting::{self, FAR};

/// One end of a stream of bytes in one or both directions.
pub(crate) trait Stream {
    /// Whether a header and a large body go together at no cost. CPython writes them apart, see [`frame`](crate::frame).
    const GATHERS: bool;

    /// Fills a part of `buffer`, at least a byte; waits for it as long as `patience` lasts.
    fn read(&self, buffer: &mut [u8], patience: &Patience) -> Result<usize, Fault>;

    /// Writes a part of `first` and then `second`, at least a byte; waits for room as long as `patience` lasts.
    fn write(&self, first: &[u8], second: &[u8], patience: &Patience) -> Result<usize, Fault>;

    /// Waits until a read would find something, be it the end.
    fn await_readable(&self, patience: &Patience) -> Result<(), Fault>;

    /// What a write fills.
    fn outgoing(&self) -> Option<Filling>;
}

/// Why a stream could not go on.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Patience has come to its end.
    TimedOut,
    /// The other end is gone.
    Gone,
    /// This end has no such direction; the word for what it was asked for.
    OneWay(&'static str),
    /// The other side has broken the rules of the stream.
    Corrupt(String),
    /// The system refuses.
    Io(io::Error),
}

/// How full a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filling {
    /// What it is: a pipe, a socket, a ring.
    pub(crate) what: &'static str,
    /// Bytes that the other side has not read; for a socket what they take with the kernel's overhead.
    pub(crate) pending: usize,
    /// How many there can be, counted in the same way.
    pub(crate) capacity: usize,
}

/// A limit whose clock is first looked at when somebody really has to wait.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Duration,
    deadline: Cell<Option<Instant>>,
}

impl Patience {
    pub(crate) fn of(limit: Duration) -> Self {
        Self { limit, deadline: Cell::new(None) }
    }

    /// Whether only the end of the other side ends a wait.
    pub(crate) fn is_endless(&self) -> bool {
        self.limit >= FAR
    }

    /// Whether there is to be no wait at all.
    pub(crate) fn is_none(&self) -> bool {
        self.limit.is_zero()
    }

    /// When it ends; none if it is endless.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.is_endless() {
            return None;
        }
        if self.deadline.get().is_none() {
            self.deadline.set(Some(waiting::after(self.limit)));
        }
        self.deadline.get()
    }
}
