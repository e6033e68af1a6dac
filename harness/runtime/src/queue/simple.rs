//! CPython's `SimpleQueue`: a pipe and a lock at each end, without a bound, a buffer or a thread.

use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};

use super::flow::Until;
use super::pipe::{Pipe, REST_OF_A_FRAME, Side};
use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::{codec, meter, trace, waiting};

/// A queue that writes an item where it is put: whoever puts waits as long as the pipe is full.
///
/// CPython's pool is made of three of them. There is no thread, so that a process may put first and fork afterwards, and nothing has to
/// be joined: what was put is in the pipe, up to 65,536 bytes of it.
///
/// ```
/// use std::time::Duration;
/// let (queue, second) = (multiprocess::SimpleQueue::new().unwrap(), Duration::from_secs(1));
/// queue.put(&"one".to_owned(), second).unwrap();
/// assert!(!queue.empty().unwrap());
/// assert_eq!(queue.get(second).unwrap(), "one");
/// assert!(queue.get(Duration::ZERO).unwrap_err().is_empty());
/// ```
#[derive(Debug)]
pub struct SimpleQueue<T> {
    pipe: Pipe,
    closed: AtomicBool,
    items: PhantomData<fn(T) -> T>,
}

impl<T: Encode + Decode<()>> SimpleQueue<T> {
    /// An empty queue.
    ///
    /// # Errors
    /// If there are no descriptors or no memory for it.
    pub fn new() -> Result<Self, Error> {
        let pipe = Pipe::new().map_err(Error::io("making a queue"))?;
        Ok(Self { pipe, closed: AtomicBool::new(false), items: PhantomData })
    }

    /// Writes an item to the pipe, waiting for the write lock and for room for at most `limit`. Once its first byte is out it waits for room
    /// as long again after each part of it, and at least ten seconds: an item that is begun and not ended ends the queue.
    ///
    /// # Errors
    /// If there was no room ([`Error::is_full`]); if the item cannot be encoded; if the queue is closed in this process; or if an item was
    /// left in the middle, by this process now or by another ([`Error::is_queue_torn`]). But for the last, the queue is as it was.
    pub fn put(&self, item: &T, limit: Duration) -> Result<(), Error> {
        self.is_open()?;
        let (_span, begin) = (trace::span(trace::Kind::Put), Instant::now());
        let first = waiting::after(limit);
        let message = codec::dumps(item)?;
        let full = || Error::from(Kind::Full { limit, waiting: 0 });
        let held = self.pipe.lock(Side::Write, limit)?.ok_or_else(full)?;
        meter::slot().lock_waits.add(message.len(), begin);
        let until = Until::Deadline { first, patience: limit.max(REST_OF_A_FRAME) };
        self.pipe.send(&held, until, &message).map_err(|fault| if fault.is_timed_out() { full() } else { fault })
    }

    /// Gets the next item, waiting for it for at most `limit`.
    ///
    /// # Errors
    /// If none came ([`Error::is_empty`]); if the queue is closed in this process; if it cannot be decoded, after which the queue is one item
    /// further; or if an item was left in the middle ([`Error::is_queue_torn`]).
    pub fn get(&self, limit: Duration) -> Result<T, Error> {
        self.is_open()?;
        codec::loads(&self.pipe.receive(limit)?)
    }
}

impl<T> SimpleQueue<T> {
    fn is_open(&self) -> Result<(), Error> {
        if self.closed.load(Relaxed) { Err(Kind::QueueClosed.into()) } else { Ok(()) }
    }

    /// Whether there is nothing in the pipe just now.
    ///
    /// # Errors
    /// If the queue is closed in this process, or the system cannot tell.
    pub fn empty(&self) -> Result<bool, Error> {
        self.is_open()?;
        self.pipe.is_readable(Instant::now()).map(|readable| !readable)
    }

    /// This process neither puts nor gets any more. Its descriptors go with the queue itself.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
    }
}

impl<T> Inherited for SimpleQueue<T> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.pipe.descriptors()
    }
}
