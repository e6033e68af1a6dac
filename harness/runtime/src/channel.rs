//! Byte messages between two processes, whatever carries them.

use std::time::Duration;

use bincode::{Decode, Encode};

use crate::codec;
use crate::error::Error;
use crate::process::Inherited;

/// One end of a channel for messages: a [`Connection`](crate::Connection) over pipes or a socket, or a [`Ring`](crate::Ring) in shared
/// memory. Whoever is generic over it can be given any of them.
///
/// What is sent at one end comes at the other once, whole, and in order. **An end belongs to one process and to one thread at a time.**
/// Make a channel, fork, and let each side use its own end; the parent drops the other end, so that the child's death closes it:
///
/// ```no_run
/// use std::time::Duration;
/// use multiprocess::{Channel, Process, Ring};
///
/// let second = Duration::from_secs(1);
/// let (ours, theirs) = Ring::pair(1 << 20).unwrap();
/// let mut child = Process::start(&[&theirs], || {
///     let number: u64 = theirs.recv(second).unwrap();
///     theirs.send(&(number + 1), second).unwrap();
///     0
/// });
/// drop(theirs);
/// ours.send(&41_u64, second).unwrap();
/// assert_eq!(ours.recv::<u64>(second).unwrap(), 42);
/// child.as_mut().unwrap().join(second).unwrap();
/// ```
///
/// # Limits
/// Every wait ends at its limit, or with the other end; the clock starts when a call first has to wait, and a call that still has something
/// to do goes on. `Duration::MAX` waits as long as the other end is there, and costs the fewest system
/// calls. A limit that passes says what is full or missing ([`Error::is_deadline`]):
/// - a `send` of which nothing has gone yet has had no effect and may be tried again; one of which a part has gone can never be finished, and
///   every later `send` fails ([`Error::is_half_sent`]);
/// - a `recv` loses nothing: the next one goes on where it stopped.
///
/// # The other end's death
/// A `recv` gets everything that was sent, then [`Error::is_end`]; if the other side died in the middle of a message, [`Error::is_torn`]. A
/// `send` fails with [`Error::is_peer_gone`], which is true for all three. A pipe or a socket knows at once; a ring learns of it within 100 ms
/// when it has to wait, and does not look as long as a `send` finds room.
pub trait Channel: Inherited {
    /// Sends a message of any bytes, waiting for room for at most `limit`.
    ///
    /// # Errors
    /// If there was no room ([`Error::is_deadline`]), the other end is gone ([`Error::is_peer_gone`]), this end only receives, or an earlier
    /// message was left half sent.
    fn send_bytes(&self, message: &[u8], limit: Duration) -> Result<(), Error>;

    /// Receives the next message into `message`, whose memory is used again, waiting for it for at most `limit`. What `message` holds after
    /// an error is of no use.
    ///
    /// # Errors
    /// If not all of it came ([`Error::is_deadline`]), no more will come ([`Error::is_end`]), the other side died in the middle of it
    /// ([`Error::is_torn`]), it is larger than this end allows ([`Error::is_decode`], before anything is allocated for it; nothing can be
    /// received after it), or this end only sends.
    fn recv_bytes_into(&self, message: &mut Vec<u8>, limit: Duration) -> Result<(), Error>;

    /// Whether a `recv` would find the beginning of a message, or the end, within `limit`. CPython's `poll`.
    ///
    /// # Errors
    /// If this end only sends, or the system refuses.
    fn poll(&self, limit: Duration) -> Result<bool, Error>;

    /// Receives the next message, waiting for it for at most `limit`.
    ///
    /// # Errors
    /// As [`recv_bytes_into`](Self::recv_bytes_into).
    fn recv_bytes(&self, limit: Duration) -> Result<Vec<u8>, Error> {
        let mut message = Vec::new();
        self.recv_bytes_into(&mut message, limit)?;
        Ok(message)
    }

    /// Encodes a value and sends it, waiting for room for at most `limit`.
    ///
    /// # Errors
    /// If the value cannot be encoded: nothing is sent then; otherwise as [`send_bytes`](Self::send_bytes).
    fn send<T: Encode + ?Sized>(&self, value: &T, limit: Duration) -> Result<(), Error>
    where
        Self: Sized,
    {
        self.send_bytes(&codec::dumps(value)?, limit)
    }

    /// Receives a message, waiting for it for at most `limit`, and decodes the one value that it holds.
    ///
    /// # Errors
    /// If it holds no `T` ([`Error::is_decode`]): the next message can be received; otherwise as [`recv_bytes_into`](Self::recv_bytes_into).
    fn recv<T: Decode<()>>(&self, limit: Duration) -> Result<T, Error>
    where
        Self: Sized,
    {
        codec::loads(&self.recv_bytes(limit)?)
    }
}
