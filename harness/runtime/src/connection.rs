//! CPython's `Connection` (`connection.py`): messages over pipes or a socket.

mod fd_stream;
mod framed;
mod incoming;
mod stream;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use crate::bare::Tear;
use crate::channel::Channel;
use crate::error::Error;
use crate::process::Inherited;
use crate::waiting;

use fd_stream::FdStream;
pub(crate) use framed::Framed;
pub(crate) use stream::{Fault, Filling, Patience, Stream};

/// One end of a pipe, of two pipes, or of a socket, that carries messages ([`Channel`]). Dropping it closes it.
///
/// A message is a frame as CPython writes it: 4 bytes of big-endian length, and the body; both in one write up to 16,384 bytes, in two
/// above; -1 and 8 bytes of length above 2^31 - 1 (`connection.py`, `_send_bytes`). So the other end may be CPython's.
///
/// ```
/// use std::time::Duration;
/// use multiprocess::{Channel, Connection};
///
/// let (reader, writer) = Connection::pipe().unwrap();
/// writer.send(&("x", 0.5), Duration::ZERO).unwrap();
/// assert!(reader.poll(Duration::ZERO).unwrap());
/// assert_eq!(reader.recv::<(String, f64)>(Duration::ZERO).unwrap(), ("x".to_owned(), 0.5));
/// drop(writer);
/// assert!(reader.recv_bytes(Duration::ZERO).unwrap_err().is_end());
/// ```
///
/// It is not `Sync`: two threads that both received would each get a part of a message.
///
/// ```compile_fail,E0277
/// fn shared_by_threads<T: Sync>() {}
/// shared_by_threads::<multiprocess::Connection>();
/// ```
///
/// # Capacity
/// A pipe holds 65,536 bytes in 16 pages. Writes that do not fit into what is left of a page begin another: one-byte writes fill it
/// completely, of 1000 bytes only 64 fit (pipe(7)). A socket's send buffer, 212,992 bytes here, counts what each write takes in the kernel:
/// 278 writes of one byte fill it. Whoever sends more than fits waits for a reader, so **two sides that both send first wait for each
/// other**, as in CPython; here until their limits, with an error that says how full it is.
///
/// A program in which SIGPIPE ends a process (Rust's ignore it) is ended by sending to an end that is closed.
///
/// # How much is read
/// Never more than the message, as in CPython: the length, then the body. So processes may take turns in reading from one end, and what
/// `poll(2)` says of the descriptor is true. An end that only one process reads saves a system call for each small message with
/// [`read_ahead`](Self::read_ahead).
#[derive(Debug)]
pub struct Connection(Framed<FdStream>);

impl Connection {
    /// The two ends of a pipe: the first only receives, the second only sends. CPython's `Pipe(duplex=False)`.
    ///
    /// # Errors
    /// If there are no descriptors.
    pub fn pipe() -> Result<(Self, Self), Error> {
        let (reader, writer) = waiting::pipe().map_err(Error::io("making a pipe"))?;
        Ok((Self::over_pipes(Some(reader), None), Self::over_pipes(None, Some(writer))))
    }

    /// Two ends that both send and receive, over a pipe in each direction: the fastest for small messages.
    ///
    /// # Errors
    /// If there are no descriptors.
    pub fn pipe_pair() -> Result<(Self, Self), Error> {
        let make = || waiting::pipe().map_err(Error::io("making a pipe"));
        let ((there_out, there_in), (back_out, back_in)) = (make()?, make()?);
        Ok((Self::over_pipes(Some(back_out), Some(there_in)), Self::over_pipes(Some(there_out), Some(back_in))))
    }

    /// Two ends that both send and receive, over a socket. CPython's `Pipe()`.
    ///
    /// # Errors
    /// If there are no descriptors.
    pub fn socket_pair() -> Result<(Self, Self), Error> {
        let (one, other) = waiting::socket_pair().map_err(Error::io("making a pair of sockets"))?;
        Ok((Self::over_socket(one), Self::over_socket(other)))
    }

    /// An end over pipes that are there already: it receives from `input` and sends to `output`. CPython's `Connection(handle)`.
    ///
    /// # Panics
    /// If there is neither.
    pub fn over_pipes(input: Option<OwnedFd>, output: Option<OwnedFd>) -> Self {
        assert!(input.is_some() || output.is_some(), "an end has one direction at least");
        Self(Framed::new(FdStream::new(input, output)))
    }

    /// An end over a stream socket that is there already.
    pub fn over_socket(socket: OwnedFd) -> Self {
        Self(Framed::new(FdStream::socket(socket)))
    }

    /// The same end, which refuses to receive a message of more than `bytes` bytes, before it allocates anything for it. Without this it
    /// refuses more than [`codec::LIMIT_BYTES`](crate::codec::LIMIT_BYTES).
    #[must_use]
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.0.incoming().set_at_most(bytes);
        self
    }

    /// The same end, which reads what comes after a small message at once with it, and keeps it for the next `recv`.
    ///
    /// Only this process may read from this end then: what it has read ahead nobody else gets. And its descriptor does not tell any more
    /// whether there is a message: ask [`poll`](Channel::poll).
    #[must_use]
    pub fn read_ahead(mut self) -> Self {
        self.0.incoming().read_ahead();
        self
    }

    /// The same end, whose pipe or socket holds about `bytes` bytes on their way out (`F_SETPIPE_SZ`, `SO_SNDBUF`). The system rounds it
    /// up, or for an unprivileged process down to what it allows (pipe(7), socket(7)).
    ///
    /// # Errors
    /// If the system refuses, or this end only receives.
    pub fn holding(self, bytes: usize) -> Result<Self, Error> {
        self.0.stream().hold(bytes).map_err(Error::io("making room in a connection"))?;
        Ok(self)
    }
}

impl FdStream {
    fn hold(&self, bytes: usize) -> std::io::Result<()> {
        let fd = self.output.as_ref().ok_or(std::io::ErrorKind::Unsupported)?;
        match self.kind {
            fd_stream::Kind::Socket => setsockopt(fd, sockopt::SndBuf, &bytes)?,
            fd_stream::Kind::Pipe => {
                let bytes = bytes.try_into().map_err(std::io::Error::other)?;
                nix::fcntl::fcntl(fd, nix::fcntl::FcntlArg::F_SETPIPE_SZ(bytes))?;
            }
        }
        Ok(())
    }
}

impl Channel for Connection {
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

impl Tear for Connection {
    fn send_bare(&self, bytes: &[u8], limit: Duration) -> Result<(), Error> {
        self.0.send_bare(bytes, limit)
    }
}

/// The descriptor that it receives from, or sends to if it cannot receive. CPython's `fileno`.
impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let stream = self.0.stream();
        stream.input.as_ref().or(stream.output.as_ref()).expect("an end has one direction at least").as_fd()
    }
}

impl Inherited for Connection {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let stream = self.0.stream();
        [&stream.input, &stream.output].into_iter().flatten().map(|fd| fd.as_fd()).collect()
    }
}
