//! The fast channel: two rings of bytes in shared memory, one in each direction, and no system call while both sides are awake.
//!
//! The protocol, its races and the argument are in `ring/README.md`.

#[cfg(test)]
mod model;
pub(crate) mod protocol;
mod waiter;

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64, fence};
use std::time::Duration;

use crate::bare::Tear;
use crate::channel::Channel;
use crate::connection::{Fault, Filling, Framed, Patience, Stream};
use crate::error::Error;
use crate::process::{Inherited, lifeline};
use crate::sys::futex;
use crate::sys::ring::Area;

use protocol::{Impossible, Memory, Reader, Side, Writer};
use waiter::Waiter;

/// One end of a pair of rings in shared memory ([`Channel`]), which both sends and receives.
///
/// A side that waits looks at the memory all the time for some ten microseconds, if it may use more than one core, and then sleeps until the
/// other side wakes it (futex(2)). A message larger than the ring streams through it in pieces.
///
/// ```
/// use std::time::Duration;
/// use multiprocess::{Channel, Ring};
///
/// let (one, other) = Ring::pair(65_536).unwrap();
/// one.send_bytes(b"forty-two", Duration::ZERO).unwrap();
/// assert_eq!(other.recv_bytes(Duration::ZERO).unwrap(), b"forty-two");
/// ```
///
/// # Capacity
/// What one side sends and the other does not receive fits as long as it is less than three quarters of the capacity, with 4 bytes for each
/// message; the reader gives room back by quarters. A message of up to a quarter goes at once or, at its limit, not at all.
///
/// # What the other side may do
/// It is another process, and can write anything into this memory at any time. What it can bring about here is an error (a message that does
/// not decode, [`Error::is_decode`]; an index that cannot be, "has broken its rules"), no end of waiting that has a limit, and nothing worse:
/// the memory is sealed against shortening, and nothing here ever refers to it but by copying.
#[derive(Debug)]
pub struct Ring(Framed<RingStream>);

/// How much is copied between two looks at the other side's index, at most.
const PIECE: usize = 128 << 10;

impl Ring {
    /// Two ends of a ring that holds `capacity` bytes in each direction, rounded up to a power of two of at least 4096.
    ///
    /// # Errors
    /// If there is no memory or there are no descriptors for it.
    pub fn pair(capacity: usize) -> Result<(Self, Self), Error> {
        let making = Error::io("making a ring");
        let Some(capacity) = capacity.max(4096).checked_next_power_of_two() else {
            return Err(making(std::io::ErrorKind::OutOfMemory.into()));
        };
        let area = Arc::new(Area::create(capacity).map_err(making)?);
        let (one, other) = lifeline()?;
        Ok((Self::end(&area, 0, one), Self::end(&area, 1, other)))
    }

    fn end(area: &Arc<Area>, sends: usize, lifeline: OwnedFd) -> Self {
        let capacity = area.capacity() as u64;
        Self(Framed::new(RingStream {
            area: Arc::clone(area),
            sends,
            writer: Writer::new(capacity),
            reader: Reader::new(capacity, capacity / 4),
            waiter: Waiter::new(),
            lifeline: Some(lifeline),
        }))
    }

    /// The same end, which refuses to receive a message of more than `bytes` bytes, before it allocates anything for it. Without this it
    /// refuses more than [`codec::LIMIT_BYTES`](crate::codec::LIMIT_BYTES).
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.0.incoming().set_at_most(bytes);
        self
    }

    /// The same end, which looks at the memory `times` times before it sleeps, at most 500,000 times; 0 to sleep at
    /// once.
    #[must_use]
    pub fn spinning(mut self, times: u32) -> Self {
        self.0.stream_mut().waiter.set_spins(times);
        self
    }
}

/// Atomics in shared memory and the kernel's futexes.
#[derive(Debug)]
struct Real;

impl Memory for Real {
    type Index = AtomicU64;
    type Flag = AtomicU32;

    fn load(index: &AtomicU64) -> u64 {
        index.load(Acquire)
    }

    fn store(index: &AtomicU64, value: u64) {
        index.store(value, Release);
    }

    fn is_set(flag: &AtomicU32) -> bool {
        flag.load(Relaxed) != 0
    }

    fn set(flag: &AtomicU32, set: bool) {
        flag.store(u32::from(set), Relaxed);
    }

    fn fence() {
        fence(SeqCst);
    }

    fn sleep(flag: &AtomicU32, limit: Duration) {
        // A kernel that refuses leaves a side that looks again and again until its deadline.
        let _ = futex::wait(flag, 1, limit);
    }

    fn wake(flag: &AtomicU32) {
        futex::wake(flag);
    }
}

/// One end of a pair of rings as a stream of bytes.
#[derive(Debug)]
struct RingStream {
    area: Arc<Area>,
    /// The direction that this end writes; it reads the other.
    sends: usize,
    writer: Writer,
    reader: Reader,
    waiter: Waiter,
    /// Its other end is the other side's: it is closed when the other side is gone. Nothing is ever sent on it.
    lifeline: Option<OwnedFd>,
}

impl RingStream {
    fn writing(&self) -> Side<'_, Real> {
        let lines = self.area.lines(self.sends);
        Side {
            mine: &lines.head.0,
            theirs: &lines.tail.0,
            i_sleep: &lines.writer_sleeps.0,
            they_sleep: &lines.reader_sleeps.0,
        }
    }

    fn reading(&self) -> Side<'_, Real> {
        let lines = self.area.lines(1 - self.sends);
        Side {
            mine: &lines.tail.0,
            theirs: &lines.head.0,
            i_sleep: &lines.reader_sleeps.0,
            they_sleep: &lines.writer_sleeps.0,
        }
    }

    fn lifeline(&self) -> &OwnedFd {
        self.lifeline.as_ref().expect("it is taken only when the end is dropped")
    }

    /// Waits for bytes, and tells how many there are.
    fn await_bytes(&self, patience: &Patience) -> Result<u64, Fault> {
        let side = self.reading();
        if let Some(bytes) = self.reader.available(&side)? {
            return Ok(bytes);
        }
        self.reader.tell(&side);
        self.waiter.wait(&side, self.lifeline(), patience, || Ok(self.reader.available(&side)?))
    }

    /// How much is copied at once: what is still on its way back to the writer and one piece must not fill the ring.
    fn piece(&self) -> usize {
        PIECE.min(self.area.capacity() / 4)
    }
}

impl From<Impossible> for Fault {
    fn from(Impossible { index, range }: Impossible) -> Self {
        Self::Corrupt(format!("its index is {index}, which must be one of {range:?}"))
    }
}

impl Stream for RingStream {
    const GATHERS: bool = true;

    fn read(&self, buffer: &mut [u8], patience: &Patience) -> Result<usize, Fault> {
        let available = self.await_bytes(patience)?;
        let bytes = usize::try_from(available).map_or(buffer.len(), |there| there.min(buffer.len())).min(self.piece());
        self.area.copy_out(1 - self.sends, self.reader.tail(), &mut buffer[..bytes]);
        self.reader.read(&self.reading(), bytes as u64);
        Ok(bytes)
    }

    fn write(&self, first: &[u8], second: &[u8], patience: &Patience) -> Result<usize, Fault> {
        let side = self.writing();
        let bytes = (first.len() + second.len()).min(self.piece());
        let room = || Ok(self.writer.room(&side, bytes as u64)?);
        if room()?.is_none() {
            self.waiter.wait(&side, self.lifeline(), patience, room)?;
        }
        let from_first = first.len().min(bytes);
        let at = self.writer.head();
        self.area.copy_in(self.sends, at, &first[..from_first]);
        self.area.copy_in(self.sends, at + from_first as u64, &second[..bytes - from_first]);
        self.writer.wrote(&side, bytes as u64);
        Ok(bytes)
    }

    fn await_readable(&self, patience: &Patience) -> Result<(), Fault> {
        self.await_bytes(patience).map(|_| ())
    }

    fn outgoing(&self) -> Option<Filling> {
        let pending = self.writer.head().saturating_sub(self.writing().seen());
        Some(Filling { what: "ring", pending: pending.try_into().ok()?, capacity: self.area.capacity() })
    }
}

impl Drop for RingStream {
    /// Closes the lifeline, and wakes the other side so that it looks whether it was the last copy of it.
    fn drop(&mut self) {
        drop(self.lifeline.take());
        self.writing().wake_other();
        self.reading().wake_other();
    }
}

impl Channel for Ring {
    fn send_bytes(&self, message: &[u8], limit: Duration) -> Result<(), Error> {
        self.0.send(message, limit)
    }

    fn recv_bytes_into(&self, message: &mut Vec<u8>, limit: Duration) -> Result<(), Error> {
        self.0.recv(message, limit)
    }

    fn poll(&self, limit: Duration) -> Result<bool, Error> {
        self.0.poll(limit)
    }
}

impl Tear for Ring {
    fn send_bare(&self, bytes: &[u8], limit: Duration) -> Result<(), Error> {
        self.0.send_bare(bytes, limit)
    }
}

impl Inherited for Ring {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        use std::os::fd::AsFd;
        let stream = self.0.stream();
        vec![stream.lifeline().as_fd(), stream.area.shared().fd()]
    }
}
