//! What the benches measure the machine itself with, and what the tests break it with; no part of the library's promises.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use crate::channel::Channel;
use crate::error::Error;
use crate::sys::futex;
pub use crate::sys::interrupt::Interruptions;
use crate::sys::shared::Shared;

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

/// A few 32-bit words that forked processes share, each on a line of its own.
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
