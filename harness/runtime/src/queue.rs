//! CPython's bounded `Queue`: slots, a buffer with a feeder thread in each process that puts, a pipe, two locks.
//!
//! An item lies in three places one after another: in the buffer of the process that put it, encoded in the pipe, and in the hands
//! of the process that gets it. Its slot is taken at `put` and given back at `get`, not when it left the buffer. The feeder encodes
//! before it takes the write lock, and writes under it; `get` reads under the read lock, and decodes after it. See `queues.py`.
//!
//! Unlike CPython's, every wait has a deadline, a process that dies takes neither a lock nor a slot of a `get` along, and an item that
//! could not be sent is reported. `README.md` in the folder beside this file holds the protocol and the argument.

mod exit;
mod feeder;
mod flow;
mod joinable;
mod pipe;
mod simple;
mod slots;

use std::os::fd::BorrowedFd;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};

use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::sys::semaphore::VALUE_AT_MOST;
use crate::{codec, meter, trace, waiting};

pub(crate) use exit::AtExit;
pub use joinable::JoinableQueue;
pub use simple::SimpleQueue;

use exit::{Last, Unjoined};
use feeder::Buffer;
use pipe::Pipe;

/// How long the end of a process waits for a feeder that does not come forward, unless [`Queue::linger`] says otherwise.
const LINGER: Duration = Duration::from_secs(60);

/// A queue between this process and those it forks, for at most a given number of items on their way.
///
/// Make it first, fork then ([`Process`](crate::Process)), and put and get last: the first put of a process starts its feeder
/// thread, and a process with threads cannot be forked.
///
/// # The end
/// A process that has put ends with [`close`](Self::close) and [`join_thread`](Self::join_thread), whose error tells what was lost. One
/// that does not is treated by CPython's rules: when the queue is dropped, and at the end of the body of a
/// [`Process`](crate::Process), also by a panic, the feeder is waited for until it has written everything, unless
/// [`cancel_join_thread`](Self::cancel_join_thread) was called. CPython waits for ever; here the wait ends when the feeder has not written
/// a byte for a minute ([`linger`](Self::linger)), and says on standard error how many items are lost. A feeder that `join_thread` has
/// already reported as stuck is not waited for again. A process that is killed, or leaves in another way, loses what its feeder had not
/// written.
///
/// # The end of the items
/// As in CPython there is none by itself: every process that has the queue could put. The idiom is `None` for the end, once per getter:
/// see [`iter`](Queue::iter).
///
/// ```
/// use std::time::Duration;
/// let (queue, second) = (multiprocess::Queue::new(2).unwrap(), Duration::from_secs(1));
/// queue.put("one".to_owned(), second).unwrap();
/// assert_eq!(queue.get(second).unwrap(), "one");
/// assert!(queue.get_nowait().unwrap_err().is_empty());
/// queue.close();
/// queue.join_thread(second).unwrap();
/// ```
#[derive(Debug)]
pub struct Queue<T> {
    pipe: Arc<Pipe>,
    bound: u32,
    buffer: Arc<Buffer<T>>,
    last: Arc<Last<T>>,
}

impl<T: Encode + Decode<()> + Send + 'static> Queue<T> {
    /// A queue for `bound` items on their way; 0 means as many as can be counted, as in CPython.
    ///
    /// ```
    /// let refused = multiprocess::Queue::<u64>::new(u32::MAX).unwrap_err();
    /// assert_eq!(refused.to_string(), "making a queue: it cannot count to 4294967295; 0 to 2147483647 are allowed");
    /// ```
    ///
    /// # Errors
    /// If there are no descriptors or no memory for it, or the bound is above 2^31 - 1.
    pub fn new(bound: u32) -> Result<Self, Error> {
        let bound = if bound == 0 { VALUE_AT_MOST } else { bound };
        if bound > VALUE_AT_MOST {
            return Err(Kind::CountTooLarge { doing: "making a queue", count: bound, most: VALUE_AT_MOST }.into());
        }
        let pipe = Arc::new(Pipe::new().map_err(Error::io("making a queue"))?);
        let buffer = Arc::new(Buffer::new(Arc::clone(&pipe)));
        let last = Arc::new(Last::new(Arc::clone(&buffer), LINGER));
        Ok(Self { pipe, bound, buffer, last })
    }

    /// Puts an item on the queue, waiting for a slot for at most `limit`. The feeder thread encodes and writes it later.
    ///
    /// # Errors
    /// If the queue was full all the time ([`Error::is_full`]); if it is closed in this process ([`Error::is_queue_closed`]), or was closed
    /// during the wait, which its feeder does too when it cannot go on ([`join_thread`](Self::join_thread) tells why); or if this is the
    /// first put and the feeder cannot be started, because there are no descriptors or no thread to be had. The item is then not on
    /// the queue and takes no slot.
    pub fn put(&self, item: T, limit: Duration) -> Result<(), Error> {
        self.put_counted(item, limit, |_| {})
    }

    /// As [`put`](Self::put), if there is a slot at once.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_nowait(&self, item: T) -> Result<(), Error> {
        self.put(item, Duration::ZERO)
    }

    /// As [`put`](Self::put); `count` is called once it is certain that the item will be on the queue or reported as lost.
    fn put_counted(&self, item: T, limit: Duration, count: impl FnOnce(&Pipe)) -> Result<(), Error> {
        let (_span, begin) = (trace::span(trace::Kind::Put), Instant::now());
        if self.buffer.is_closed() {
            return Err(Kind::QueueClosed.into());
        }
        let slot = self.pipe.take_slot(self.bound, waiting::after(limit), || self.buffer.was_closed());
        if !slot.map_err(Error::io("waiting for a slot of a queue"))? {
            return Err(if self.buffer.is_closed() { Kind::QueueClosed } else { self.full_for(limit) }.into());
        }
        meter::slot().slot_waits.add(0, begin);
        let is_first = self.buffer.push(item, || count(&self.pipe)).inspect_err(|_| {
            // Nobody will get the item and give its slot back. One that was just taken can be given back.
            self.pipe.give_slot_back();
        })?;
        if is_first {
            let last: Weak<Last<T>> = Arc::downgrade(&self.last);
            exit::remember(last as Weak<dyn Unjoined>);
        }
        Ok(())
    }

    fn full_for(&self, limit: Duration) -> Kind {
        Kind::Full { limit, waiting: self.pipe.on_their_way().saturating_sub(self.pipe.whole_items()) }
    }

    /// Gets the next item, waiting for it for at most `limit`. Also from a queue that this process has closed: it has only promised to put
    /// no more. (CPython refuses.)
    ///
    /// # Errors
    /// If none came ([`Error::is_empty`]); if it cannot be decoded, after which the queue is one item further; if an item was left in the
    /// middle, because its reader or writer died or gave up ([`Error::is_queue_torn`]); or if an item began to come and then no more of it
    /// did for `limit` and at least ten seconds.
    pub fn get(&self, limit: Duration) -> Result<T, Error> {
        let _span = trace::span(trace::Kind::Get);
        codec::loads(&self.pipe.receive(limit)?)
    }

    /// As [`get`](Self::get), if there is an item at once.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_nowait(&self) -> Result<T, Error> {
        self.get(Duration::ZERO)
    }
}

impl<T: Encode + Decode<()> + Send + 'static> Queue<Option<T>> {
    /// The items up to the next `None`, each waited for for at most `limit`: CPython's `iter(queue.get, None)`.
    ///
    /// `None` is the sentinel of a queue of `Option`s: who puts sends one to each who gets when there is no more. The iterator ends with
    /// it, or with its first error.
    ///
    /// ```
    /// use std::time::Duration;
    /// let (queue, second) = (multiprocess::Queue::new(0).unwrap(), Duration::from_secs(1));
    /// for item in [Some(1), Some(2), None, Some(3)] {
    ///     queue.put(item, second).unwrap();
    /// }
    /// assert_eq!(queue.iter(second).map(Result::unwrap).collect::<Vec<u8>>(), [1, 2]);
    /// assert_eq!(queue.get(second).unwrap(), Some(3));
    /// ```
    pub fn iter(&self, limit: Duration) -> impl Iterator<Item = Result<T, Error>> {
        let mut failed = false;
        std::iter::from_fn(move || {
            let next = if failed { None } else { self.get(limit).transpose() };
            failed = matches!(next, Some(Err(_)));
            next
        })
    }
}

impl<T> Queue<T> {
    /// How many items are on their way, in all processes. Those whose putter died before its feeder had written them are on it for ever.
    pub fn qsize(&self) -> usize {
        self.pipe.on_their_way() as usize
    }

    /// Whether there is nothing to get just now. An item that was put may still be in the buffer of its process.
    ///
    /// # Errors
    /// If the system cannot tell.
    pub fn empty(&self) -> Result<bool, Error> {
        self.pipe.is_readable(Instant::now()).map(|readable| !readable)
    }

    /// Whether all slots are taken just now.
    pub fn full(&self) -> bool {
        self.pipe.on_their_way() >= self.bound
    }

    /// This process puts no more. Its feeder ends when it has written what is there.
    pub fn close(&self) {
        self.buffer.close();
    }

    /// Closes the queue in this process if it is not, and waits until its feeder has written everything, for at most `limit`.
    ///
    /// # Errors
    /// If nobody makes room in the pipe ([`Error::is_feeder_stuck`]: CPython's join before drain, which never ends), if an item
    /// could not be encoded or written ([`Error::items_lost`]), or an item was left in the middle ([`Error::is_queue_torn`]).
    pub fn join_thread(&self, limit: Duration) -> Result<(), Error> {
        self.close();
        if !self.buffer.wait_for_end(limit) {
            let (items, bytes) = self.buffer.pending();
            // Whoever knows this and goes on all the same is not held up by it again.
            self.cancel_join_thread();
            return Err(Kind::FeederStuck { items, bytes, capacity: self.pipe.capacity(), limit }.into());
        }
        self.buffer.losses()
    }

    /// The end of this process and the drop of the queue do not wait for the feeder: what it has not written is lost.
    pub fn cancel_join_thread(&self) {
        self.last.cancel();
    }

    /// The same queue, whose feeders may go for `patience` without writing a byte at the end of their process, instead of a minute; 0 is
    /// [`cancel_join_thread`](Self::cancel_join_thread) from the beginning.
    #[must_use]
    pub fn linger(mut self, patience: Duration) -> Self {
        self.last = Arc::new(Last::new(Arc::clone(&self.buffer), patience));
        self
    }
}

impl<T> Inherited for Queue<T> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.pipe.descriptors()
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        self.last.finish();
    }
}
