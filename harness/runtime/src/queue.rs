//! CPython's bounded `Queue`: a slot semaphore, a buffer with a feeder thread in each process that puts, a pipe, two locks.
//!
//! An item lies in three places one after another: in the buffer of the process that put it, encoded in the pipe, and in the hands
//! of the process that gets it. Its slot is taken at `put` and given back at `get`, not when it left the buffer. The feeder encodes
//! before it takes the write lock, and writes under it; `get` reads under the read lock, and decodes after it. See `queues.py`.
//!
//! Unlike CPython's, every wait has a deadline, both locks notice a dead owner, and an item that could not be sent is reported.

mod feeder;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use nix::poll::PollFlags;

use crate::error::{Error, Kind};
use crate::process::Inherited;
use crate::sys::fd;
use crate::sys::lock::{Held, LOCK_BYTES, Lock};
use crate::sys::semaphore::{Counting, SEMAPHORE_BYTES, VALUE_AT_MOST};
use crate::sys::shared::Shared;
use crate::waiting::{self, Waiting};
use crate::{codec, frame, meter};

use feeder::{Buffer, Feeder};

/// A queue between this process and those it forks, for at most a given number of items on their way.
///
/// Make it first, fork then ([`Process`](crate::Process)), and put and get last: the first put of a process starts its feeder
/// thread, and a process with threads cannot be forked. A process that has put ends with [`close`](Self::close) and
/// [`join_thread`](Self::join_thread), as CPython does by itself at its exit. A queue that is dropped calls its feeder off, and
/// what was not sent by then is lost.
///
/// ```
/// use std::time::Duration;
/// let (queue, second) = (multiprocess::Queue::new(2).unwrap(), Duration::from_secs(1));
/// queue.put("one".to_owned(), second).unwrap();
/// assert_eq!(queue.get(second).unwrap(), "one");
/// assert!(queue.get(Duration::ZERO).unwrap_err().is_empty());
/// queue.close();
/// queue.join_thread(second).unwrap();
/// ```
#[derive(Debug)]
pub struct Queue<T> {
    pipe: Arc<Pipe>,
    bound: u32,
    buffer: Arc<Buffer<T>>,
    feeder: Mutex<Option<Feeder>>,
}

/// What all processes of a queue have in common.
#[derive(Debug)]
struct Pipe {
    board: Shared,
    reader: File,
    writer: File,
}

const READ_LOCK: usize = SEMAPHORE_BYTES;
const WRITE_LOCK: usize = READ_LOCK + LOCK_BYTES;
/// A semaphore that is above 0 once an item was left half read.
const BROKEN: usize = WRITE_LOCK + LOCK_BYTES;

/// How often a reader in the middle of an item looks whether its writer is alive.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

/// How long the rest of an item may at least go without a byte, once its first bytes are there. Whoever asks without waiting (`limit`
/// 0) gets a whole item too.
const REST_OF_A_FRAME: Duration = Duration::from_secs(10);

impl Pipe {
    fn new(slots: u32) -> std::io::Result<Self> {
        let board = Shared::create(BROKEN + SEMAPHORE_BYTES)?;
        Counting::create(&board, 0, slots)?;
        Counting::create(&board, BROKEN, 0)?;
        Lock::create(&board, READ_LOCK)?;
        Lock::create(&board, WRITE_LOCK)?;
        let (reader, writer) = waiting::pipe()?;
        // Nobody blocks in a read or a write: a deadline or a call-off must be able to end both.
        fd::set_nonblocking(&reader)?;
        fd::set_nonblocking(&writer)?;
        Ok(Self { board, reader: reader.into(), writer: writer.into() })
    }

    fn slots(&self) -> Counting<'_> {
        Counting::at(&self.board, 0)
    }

    fn broken(&self) -> Counting<'_> {
        Counting::at(&self.board, BROKEN)
    }

    /// Takes one of the two locks; none if another process held it for all of `limit`.
    fn lock(&self, lock: usize, limit: Duration) -> Result<Option<Held<'_>>, Error> {
        match Lock::at(&self.board, lock).lock_within(limit) {
            Ok(held) => Ok(Some(held)),
            Err(fault) => match fault.raw_os_error() {
                Some(libc::ETIMEDOUT) => Ok(None),
                Some(libc::EOWNERDEAD | libc::ENOTRECOVERABLE) => {
                    let lock = if lock == READ_LOCK { "read" } else { "write" };
                    Err(Kind::LockOwnerDied { lock }.into())
                }
                _ => Err(Error::io("waiting for a queue's lock")(fault)),
            },
        }
    }
}

impl Pipe {
    /// What to say of an item that could not be read to its end, after which nobody reads any more.
    fn half_read(&self, fault: Error) -> Error {
        let told = self.broken().release().map_err(Error::io("giving a queue up"));
        match self.lock(WRITE_LOCK, Duration::ZERO).and(told) {
            Err(why) => why,
            Ok(()) => fault,
        }
    }
}

/// The rest of an item, as long as its writer lives and more of it comes.
struct Rest<'a> {
    pipe: &'a Pipe,
    /// How long it may go without a byte.
    patience: Duration,
    deadline: Instant,
    /// Whether bytes have come since the deadline was set.
    came: bool,
}

impl<'a> Rest<'a> {
    fn of(pipe: &'a Pipe, patience: Duration) -> Self {
        Self { pipe, patience, deadline: waiting::after(patience), came: false }
    }
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let now = Instant::now();
            if std::mem::take(&mut self.came) {
                self.deadline = waiting::later(now, self.patience);
            }
            let until = self.deadline.min(now + LOOK_UP_EVERY);
            match Waiting::until(&self.pipe.reader, until).read(buffer) {
                Err(fault) if fault.kind() == ErrorKind::TimedOut && Instant::now() < self.deadline => {
                    // Taken or not: only the death of its owner says that no more will come.
                    self.pipe.lock(WRITE_LOCK, Duration::ZERO).map_err(std::io::Error::other)?;
                }
                other => {
                    self.came = other.is_ok();
                    return other;
                }
            }
        }
    }
}

impl<T: Encode + Decode<()> + Send + 'static> Queue<T> {
    /// A queue for `bound` items on their way; 0 means as many as a semaphore can count, as in CPython.
    ///
    /// # Errors
    /// If there are no descriptors or no memory for it, or the bound is above 2^31 - 1.
    pub fn new(bound: u32) -> Result<Self, Error> {
        let bound = if bound == 0 { VALUE_AT_MOST } else { bound };
        let pipe = Pipe::new(bound).map_err(Error::io("making a queue"))?;
        Ok(Self { pipe: Arc::new(pipe), bound, buffer: Arc::default(), feeder: Mutex::default() })
    }

    /// Puts an item on the queue, waiting for a slot for at most `limit`. The feeder thread encodes and writes it later.
    ///
    /// # Errors
    /// If the queue was full all the time ([`Error::is_full`]); if it is closed in this process, or was closed during the wait, which its
    /// feeder does too when it cannot go on ([`join_thread`](Self::join_thread) tells why); or if this is the first put and the feeder
    /// cannot be started, because there are no descriptors or no thread to be had. The item is then not on the queue and takes no slot.
    pub fn put(&self, item: T, limit: Duration) -> Result<(), Error> {
        let begin = Instant::now();
        if self.buffer.is_closed() {
            return Err(Kind::QueueClosed.into());
        }
        if !self.pipe.slots().acquire_within(limit).map_err(Error::io("waiting for a slot of a queue"))? {
            return Err(Kind::Full { limit }.into());
        }
        meter::slot().slot_waits.add(0, begin);
        self.start_feeder().and_then(|()| self.buffer.push(item)).inspect_err(|_| {
            // Nobody will get the item and give its slot back. One that was just taken can be given back.
            drop(self.pipe.slots().release());
        })
    }

    /// Starts this process's feeder if it has none.
    fn start_feeder(&self) -> Result<(), Error> {
        let mut feeder = self.feeder.lock().unwrap_or_else(PoisonError::into_inner);
        if feeder.is_none() {
            *feeder = Some(Feeder::start(&self.pipe, &self.buffer)?);
        }
        Ok(())
    }

    /// Gets the next item, waiting for it for at most `limit`.
    ///
    /// # Errors
    /// If none came ([`Error::is_empty`]), a process died while it was getting one ([`Error::is_lock_owner_died`]), an item began to come
    /// and then no more of it did for `limit` and at least ten seconds, or it cannot be decoded.
    pub fn get(&self, limit: Duration) -> Result<T, Error> {
        let deadline = waiting::after(limit);
        let empty = || Error::from(Kind::Empty { limit });
        let held = self.pipe.lock(READ_LOCK, limit)?.ok_or_else(empty)?;
        let mut ready = [(self.pipe.reader.as_fd(), PollFlags::POLLIN)];
        if !fd::wait(&mut ready, Some(deadline)).map_err(Error::io("waiting for an item"))?[0] {
            return Err(empty());
        }
        if self.pipe.broken().value() > 0 {
            return Err(Kind::QueueBroken.into());
        }
        // An item has begun to come; its writer gets as long again for each part of the rest.
        let mut rest = Rest::of(&self.pipe, limit.max(REST_OF_A_FRAME));
        let message = frame::read(&mut rest).map_err(|fault| self.pipe.half_read(fault))?;
        drop(held);
        self.pipe.slots().release().map_err(Error::io("giving a slot back"))?;
        let message = message.ok_or_else(|| Error::io("getting an item")(ErrorKind::UnexpectedEof.into()))?;
        codec::loads(&message)
    }
}

impl<T> Queue<T> {
    /// How many items are on their way, in all processes.
    pub fn qsize(&self) -> usize {
        self.bound.saturating_sub(self.pipe.slots().value()) as usize
    }

    /// This process puts no more. Its feeder ends when it has written what is there.
    pub fn close(&self) {
        self.buffer.close();
    }

    /// Closes the queue in this process if it is not, and waits until its feeder has written everything, for at most `limit`.
    ///
    /// # Errors
    /// If nobody makes room in the pipe ([`Error::is_feeder_stuck`]: CPython's join before drain, which never ends), if an item
    /// could not be encoded or written ([`Error::items_lost`]), or another process died holding the write lock.
    pub fn join_thread(&self, limit: Duration) -> Result<(), Error> {
        self.close();
        let started = self.feeder.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if started && !self.buffer.wait_for_end(limit) {
            let capacity = nix::fcntl::fcntl(&self.pipe.writer, nix::fcntl::FcntlArg::F_GETPIPE_SZ).unwrap_or(0);
            let (items, bytes) = self.buffer.pending();
            let capacity = capacity.try_into().unwrap_or(0);
            return Err(Kind::FeederStuck { items, bytes, capacity, limit }.into());
        }
        self.buffer.losses()
    }
}

impl<T> Inherited for Queue<T> {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.pipe.reader.as_fd(), self.pipe.writer.as_fd(), self.pipe.board.fd()]
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        self.buffer.call_off();
        if let Some(feeder) = self.feeder.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            feeder.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn each_part_of_an_item_gives_the_rest_a_new_deadline() {
        let pipe = Pipe::new(1).unwrap();
        let mut rest = Rest::of(&pipe, Duration::from_secs(60));
        let mut byte = [0];
        (&pipe.writer).write_all(b"abc").unwrap();
        assert_eq!(rest.read(&mut byte).unwrap(), 1);
        let first = rest.deadline;
        assert_eq!(rest.read(&mut byte).unwrap(), 1);
        assert!(rest.deadline > first);
        // One that has passed is forgotten as soon as a part has come.
        rest.deadline = Instant::now();
        assert_eq!(rest.read(&mut byte).unwrap(), 1);
        assert!(rest.deadline > Instant::now());
    }

    #[test]
    fn without_a_new_part_the_deadline_stays_and_passes() {
        let pipe = Pipe::new(1).unwrap();
        let mut rest = Rest::of(&pipe, Duration::from_millis(20));
        let set = rest.deadline;
        assert_eq!(rest.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(rest.deadline, set);
        assert!(Instant::now() >= set);
    }
}
