//! The mechanisms: what one end of each does to send a message and to receive one.

use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use multiprocess::{Channel, Connection, Inherited, Queue, Ring, ScratchFile, SimpleQueue};

use super::messages::Message;

pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// No wait of ours has a limit of its own: the other side's end ends it, and the subject's deadline ends both.
pub(super) const FOR_EVER: Duration = Duration::MAX;

/// Bytes that each ring holds in each direction, as many as a pipe.
const RING_BYTES: usize = 65_536;

/// How often a side of a ring looks before it sleeps, if the other has a core of its own.
const LOOKS: u32 = 1_000;

/// A way to carry messages between two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Pipe,
    Socket,
    SimpleQueue,
    Queue,
    Ring,
    File,
}

/// One process's end of it. It belongs to one thread.
pub(super) trait End {
    fn send(&self, message: &Message) -> Result<(), Fault>;

    /// Receives the next message in place of what `into` holds, whose memory is used again where the mechanism allows it.
    fn receive(&self, into: &mut Message) -> Result<(), Fault>;

    /// Everything that was sent from here has been received.
    fn settled(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Nothing more will be sent from here.
    fn finish(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>>;
}

/// Both ends, ours first. A ring looks before it sleeps if the two processes run on cores of their own.
pub(super) fn pair(kind: Kind, two_cores: bool) -> Result<[Box<dyn End>; 2], Fault> {
    let values = |(one, other)| -> [Box<dyn End>; 2] { [Box::new(Values(one)), Box::new(Values(other))] };
    Ok(match kind {
        Kind::Pipe => values(Connection::pipe_pair()?),
        Kind::Socket => values(Connection::socket_pair()?),
        Kind::SimpleQueue => {
            let [there, back] = [Rc::new(SimpleQueue::new()?), Rc::new(SimpleQueue::new()?)];
            let end = |put: &Rc<_>, get: &Rc<_>| Box::new(SimpleQueues { put: Rc::clone(put), get: Rc::clone(get) });
            [end(&there, &back), end(&back, &there)]
        }
        Kind::Queue => {
            let [there, back] = [Rc::new(Queue::new(0)?), Rc::new(Queue::new(0)?)];
            let end = |put: &Rc<_>, get: &Rc<_>| Box::new(Queues { put: Rc::clone(put), get: Rc::clone(get) });
            [end(&there, &back), end(&back, &there)]
        }
        Kind::Ring => {
            let (one, other) = Ring::pair(RING_BYTES)?;
            let looks = if two_cores { LOOKS } else { 0 };
            [Box::new(Bytes(one.spinning(looks))), Box::new(Bytes(other.spinning(looks)))]
        }
        Kind::File => {
            let (one, other) = Connection::pipe_pair()?;
            [Box::new(Files::new(one)?), Box::new(Files::new(other)?)]
        }
    })
}

/// CPython's `Connection.send` and `recv`: a value, pickled.
struct Values(Connection);

// ANCHOR: values
impl End for Values {
    fn send(&self, message: &Message) -> Result<(), Fault> {
        Ok(self.0.send(&message[..], FOR_EVER)?)
    }

    fn receive(&self, into: &mut Message) -> Result<(), Fault> {
        *into = Arc::new(self.0.recv(FOR_EVER)?);
        Ok(())
    }
    // ANCHOR_END: values

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.descriptors()
    }
}

/// A simple queue in each direction; both processes have both.
struct SimpleQueues {
    put: Rc<SimpleQueue<Message>>,
    get: Rc<SimpleQueue<Message>>,
}

impl End for SimpleQueues {
    fn send(&self, message: &Message) -> Result<(), Fault> {
        Ok(self.put.put(message, FOR_EVER)?)
    }

    fn receive(&self, into: &mut Message) -> Result<(), Fault> {
        *into = self.get.get(FOR_EVER)?;
        Ok(())
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        [&self.put, &self.get].into_iter().flat_map(|queue| queue.descriptors()).collect()
    }
}

/// A queue with a feeder thread in each direction; both processes have both.
struct Queues {
    put: Rc<Queue<Message>>,
    get: Rc<Queue<Message>>,
}

// ANCHOR: queues
impl End for Queues {
    fn send(&self, message: &Message) -> Result<(), Fault> {
        Ok(self.put.put(Arc::clone(message), FOR_EVER)?)
    }

    fn receive(&self, into: &mut Message) -> Result<(), Fault> {
        *into = self.get.get(FOR_EVER)?;
        Ok(())
    }
    // ANCHOR_END: queues

    fn finish(&self) -> Result<(), Fault> {
        Ok(self.put.join_thread(FOR_EVER)?)
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        [&self.put, &self.get].into_iter().flat_map(|queue| queue.descriptors()).collect()
    }
}

/// A ring in shared memory: bytes as they are.
struct Bytes(Ring);

// ANCHOR: bytes
impl End for Bytes {
    fn send(&self, message: &Message) -> Result<(), Fault> {
        Ok(self.0.send_bytes(message, FOR_EVER)?)
    }

    fn receive(&self, into: &mut Message) -> Result<(), Fault> {
        Ok(self.0.recv_bytes_into(Arc::make_mut(into), FOR_EVER)?)
    }
    // ANCHOR_END: bytes

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.0.descriptors()
    }
}

/// Every path `/proc/PID/fd/NUMBER` is shorter.
const PATH_BYTES: usize = 32;

/// A file in the kernel's tmpfs, to which each message is appended; its path, and the place in it, go through a pipe.
struct Files {
    connection: Connection,
    scratch: ScratchFile,
    /// The same file.
    file: File,
    written: Cell<u64>,
}

impl Files {
    fn new(connection: Connection) -> Result<Self, Fault> {
        let mut scratch = ScratchFile::create()?;
        let file = scratch.file().try_clone()?;
        Ok(Self { connection, scratch, file, written: Cell::new(0) })
    }
}

// ANCHOR: files
impl End for Files {
    fn send(&self, message: &Message) -> Result<(), Fault> {
        let (place, bytes) = (self.written.get(), message.len() as u64);
        self.file.write_all_at(message, place)?;
        self.written.set(place + bytes);
        // As many bytes whatever the number of this process is: slashes in front mean nothing.
        let path = format!("{:/>PATH_BYTES$}", self.scratch.path().display());
        Ok(self.connection.send(&(path, place, bytes), FOR_EVER)?)
    }

    fn receive(&self, into: &mut Message) -> Result<(), Fault> {
        let (path, place, bytes): (String, u64, u64) = self.connection.recv(FOR_EVER)?;
        let body = Arc::make_mut(into);
        body.resize(usize::try_from(bytes)?, 0);
        Ok(File::open(path)?.read_exact_at(body, place)?)
    }
    // ANCHOR_END: files

    fn settled(&self) -> Result<(), Fault> {
        self.written.set(0);
        Ok(self.file.set_len(0)?)
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let mut all = self.connection.descriptors();
        all.extend(self.scratch.descriptors());
        all.push(self.file.as_fd());
        all
    }
}
