//! CPython's `JoinableQueue`: a queue that knows how many of its items are done.

use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};

use super::Queue;
use super::pipe::{Pipe, UNFINISHED};
use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::sys::futex;
use crate::waiting;

/// How often the number of unfinished items fell to 0; the futex that a join waits on.
const FINISHED: usize = UNFINISHED + 4;

fn unfinished(pipe: &Pipe) -> &AtomicU32 {
    pipe.word(UNFINISHED)
}

/// One item less to be done; false if there was none.
///
/// Whoever takes away the last changes [`FINISHED`] afterwards, and then wakes. A join reads that first, then the number. So either it sees 0,
/// or the change comes after its look, and the kernel does not let it sleep or the wake finds it.
fn one_is_done(pipe: &Pipe) -> bool {
    let less = |number: u32| number.checked_sub(1);
    match unfinished(pipe).fetch_update(SeqCst, SeqCst, less) {
        Ok(1) => {
            pipe.word(FINISHED).fetch_add(1, SeqCst);
            futex::wake_all(pipe.word(FINISHED));
            true
        }
        other => other.is_ok(),
    }
}

/// An item that will never come need not be done. On a queue that is not joinable there is nothing to count.
pub(super) fn one_is_lost(pipe: &Pipe) {
    one_is_done(pipe);
}

/// A queue whose items are each put, got, and then said to be done; [`join`](Self::join) waits until all are.
///
/// All that a [`Queue`] does it does too, in the same way. An item that its feeder could not send counts as done: nobody will get it. An
/// item whose getter dies does not: as in CPython it stays unfinished, and where CPython's `join` would wait for ever, this one ends at its
/// deadline and tells how many are left.
///
/// ```
/// use std::time::Duration;
/// let (queue, second) = (multiprocess::JoinableQueue::new(0).unwrap(), Duration::from_secs(1));
/// queue.put("work".to_owned(), second).unwrap();
/// assert!(queue.join(Duration::ZERO).unwrap_err().is_deadline());
/// queue.get(second).unwrap();
/// queue.task_done().unwrap();
/// queue.join(second).unwrap();
/// assert!(queue.task_done().is_err());
/// queue.join_thread(second).unwrap();
/// ```
#[derive(Debug)]
pub struct JoinableQueue<T>(Queue<T>);

impl<T: Encode + Decode<()> + Send + 'static> JoinableQueue<T> {
    /// A queue for `bound` items on their way, as [`Queue::new`].
    ///
    /// # Errors
    /// As [`Queue::new`].
    pub fn new(bound: u32) -> Result<Self, Error> {
        Queue::new(bound).map(Self)
    }

    /// As [`Queue::put`]; the item is to be done from now on.
    ///
    /// # Errors
    /// As [`Queue::put`]. The item does not count then.
    pub fn put(&self, item: T, limit: Duration) -> Result<(), Error> {
        self.0.put_counted(item, limit, |pipe| {
            // Before anybody can get it, and say that it is done.
            unfinished(pipe).fetch_add(1, SeqCst);
        })
    }

    /// As [`Queue::put_nowait`].
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_nowait(&self, item: T) -> Result<(), Error> {
        self.put(item, Duration::ZERO)
    }

    /// As [`Queue::get`].
    ///
    /// # Errors
    /// As [`Queue::get`].
    pub fn get(&self, limit: Duration) -> Result<T, Error> {
        self.0.get(limit)
    }

    /// As [`Queue::get_nowait`].
    ///
    /// # Errors
    /// As [`Queue::get`].
    pub fn get_nowait(&self) -> Result<T, Error> {
        self.0.get_nowait()
    }
}

impl<T> JoinableQueue<T> {
    /// An item that somebody got is done.
    ///
    /// # Errors
    /// If there was none to be done: this was called more often than items were put. CPython raises `ValueError`.
    pub fn task_done(&self) -> Result<(), Error> {
        if one_is_done(&self.0.pipe) { Ok(()) } else { Err(Kind::NothingToBeDone.into()) }
    }

    /// How many items were put and are not done.
    pub fn unfinished(&self) -> u32 {
        unfinished(&self.0.pipe).load(SeqCst)
    }

    /// Waits until every item that was put is done, for at most `limit`.
    ///
    /// # Errors
    /// If some are not ([`Error::is_deadline`]); the message tells how many. One whose getter died never will be.
    pub fn join(&self, limit: Duration) -> Result<(), Error> {
        let (pipe, deadline) = (&self.0.pipe, waiting::after(limit));
        let first = pipe.word(FINISHED).load(SeqCst);
        loop {
            // The first half of the argument at `one_is_done`.
            let times = pipe.word(FINISHED).load(SeqCst);
            let left = deadline.saturating_duration_since(Instant::now());
            match self.unfinished() {
                0 => return Ok(()),
                // All were done for a moment, which is what a join waits for, in CPython too.
                _ if times != first => return Ok(()),
                items if left.is_zero() => return Err(Kind::Unfinished { items, limit }.into()),
                _ => futex::wait(pipe.word(FINISHED), times, left).map_err(Error::io("joining a queue"))?,
            }
        }
    }

    /// As [`Queue::qsize`].
    pub fn qsize(&self) -> usize {
        self.0.qsize()
    }

    /// As [`Queue::empty`].
    ///
    /// # Errors
    /// As [`Queue::empty`].
    pub fn empty(&self) -> Result<bool, Error> {
        self.0.empty()
    }

    /// As [`Queue::full`].
    pub fn full(&self) -> bool {
        self.0.full()
    }

    /// As [`Queue::close`].
    pub fn close(&self) {
        self.0.close();
    }

    /// As [`Queue::join_thread`].
    ///
    /// # Errors
    /// As [`Queue::join_thread`].
    pub fn join_thread(&self, limit: Duration) -> Result<(), Error> {
        self.0.join_thread(limit)
    }

    /// As [`Queue::cancel_join_thread`].
    pub fn cancel_join_thread(&self) {
        self.0.cancel_join_thread();
    }

    /// As [`Queue::linger`].
    #[must_use]
    pub fn linger(self, patience: Duration) -> Self {
        Self(self.0.linger(patience))
    }
}

impl<T> Inherited for JoinableQueue<T> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.descriptors()
    }
}
