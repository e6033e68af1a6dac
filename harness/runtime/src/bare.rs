//! What the benches measure the machine itself with, and what the tests break it with; no part of the library's promises.

use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use crate::channel::Channel;
use crate::error::Error;
pub use crate::sys::interrupt::Interruptions;
use crate::sys::shared::Shared;
use crate::sys::{fork, futex};

/// A channel onto which bytes can be put that are no message, as half of one is when its sender dies.
pub trait Tear: Channel {
    /// Sends `bytes` as they are.
    ///
    /// # Errors
    /// As [`Channel::send_bytes`].
    fn send_bare(&self, bytes: &[u8], limit: Duration) -> Result<(), Error>;
}

/// Far enough apart that two words are never fetched together: processors fetch lines of 64 bytes in pairs.
const APART: usize = 128;

/// Where on the line of a word its wide companion lies.
const WIDE: usize = size_of::<u64>();

/// A few 32-bit words that forked processes share, each on a line of its own, with 64 bits beside it.
///
/// ```
/// use std::sync::atomic::Ordering::Relaxed;
/// let words = multiprocess::bare::Words::new(2).unwrap();
/// words.word(1).store(7, Relaxed);
/// assert_eq!((words.word(0).load(Relaxed), words.word(1).load(Relaxed)), (0, 7));
/// ```
#[derive(Debug)]
pub struct Words(Shared);

impl Words {
    /// `count` words, all 0.
    ///
    /// # Errors
    /// If there is no memory for them.
    pub fn new(count: usize) -> Result<Self, Error> {
        Shared::create(count * APART).map(Self).map_err(Error::io("making shared words"))
    }

    /// One of the words.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn word(&self, index: usize) -> &AtomicU32 {
        self.0.at(index * APART)
    }

    /// The 64 bits on the line of one of the words: what the word announces.
    ///
    /// ```
    /// use std::sync::atomic::Ordering::Relaxed;
    /// let words = multiprocess::bare::Words::new(1).unwrap();
    /// words.wide(0).store(u64::MAX, Relaxed);
    /// assert_eq!(words.word(0).load(Relaxed), 0);
    /// ```
    ///
    /// # Panics
    /// If there are not so many words.
    pub fn wide(&self, index: usize) -> &AtomicU64 {
        self.0.at(index * APART + WIDE)
    }

    /// Sleeps while a word is `expected`, for at most `limit`, or for a shorter time for no reason (futex(2)).
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn sleep_while(&self, index: usize, expected: u32, limit: Duration) -> Result<(), Error> {
        futex::wait(self.word(index), expected, limit).map_err(Error::io("sleeping on a shared word"))
    }

    /// Wakes one process that sleeps on a word.
    pub fn wake(&self, index: usize) {
        futex::wake(self.word(index));
    }
}

/// Forks a child that leaves at once, and waits for its end: what the kernel takes for a process, with nothing of ours in it.
///
/// ```
/// multiprocess::bare::fork_and_wait().unwrap();
/// ```
///
/// # Errors
/// If the kernel refuses a process, or the child did not leave by itself with code 0.
pub fn fork_and_wait() -> Result<(), Error> {
    fork::and_wait().map_err(Error::io("forking a child that leaves at once"))
}
