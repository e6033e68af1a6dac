//! What can go wrong in the runtime; every message names the process, the function or the value it is about.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::sys::pid::Status;

/// A pool, a worker or a message failed.
#[derive(Debug)]
pub struct Error(Box<Kind>);

#[derive(Debug)]
pub(crate) enum Kind {
    Io { doing: &'static str, source: io::Error },
    Encode { what: &'static str, why: String },
    Decode { what: &'static str, why: String },
    FrameTooLarge { bytes: u64, limit: u64 },
    UnknownName { kind: &'static str, name: String },
    DuplicateName { name: &'static str },
    WorkerDied { pid: u32, status: Status },
    ChildFailed { pid: u32, status: Status },
    ServerDied { pid: u32, status: Status },
    StatusUnknown { pid: u32 },
    Refused { why: String },
    TaskFailed { function: &'static str, why: String },
    Deadline { doing: &'static str, limit: Duration },
    HandlerPanicked { name: String, why: String },
    Threads { count: usize },
    Holding { count: usize },
    NotInitialised,
    NoWorkers,
    Closed,
    QueueClosed,
    Full { limit: Duration },
    Empty { limit: Duration },
    LockOwnerDied { lock: &'static str },
    QueueBroken,
    FeederStuck { items: usize, bytes: usize, capacity: usize, limit: Duration },
    ItemsLost { items: u64, why: String },
    NotHandedOver { block: usize },
    NoSuchBlock { block: usize, count: usize },
}

impl Error {
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Kind::Io { doing, source }.into()
    }

    /// Whether a worker process ended while there was work for it.
    pub fn is_worker_died(&self) -> bool {
        matches!(*self.0, Kind::WorkerDied { .. })
    }

    /// The pid of the worker that died, if that is the error.
    pub fn worker_pid(&self) -> Option<u32> {
        match *self.0 {
            Kind::WorkerDied { pid, .. } => Some(pid),
            _ => None,
        }
    }

    /// Whether a child of a fork server was ended because its server is gone, so that nobody can tell how it would have ended.
    pub fn is_status_unknown(&self) -> bool {
        matches!(*self.0, Kind::StatusUnknown { .. })
    }

    /// Whether a fork server has died.
    pub fn is_server_died(&self) -> bool {
        matches!(*self.0, Kind::ServerDied { .. })
    }

    /// Whether a wait reached its deadline.
    pub fn is_deadline(&self) -> bool {
        matches!(*self.0, Kind::Deadline { .. })
    }

    /// Whether the mapped function panicked, or its argument or result could not cross.
    pub fn is_task_failed(&self) -> bool {
        matches!(*self.0, Kind::TaskFailed { .. })
    }

    /// Whether a message could not be decoded, or was larger than allowed.
    pub fn is_decode(&self) -> bool {
        matches!(*self.0, Kind::Decode { .. } | Kind::FrameTooLarge { .. })
    }

    /// Whether a put found no free slot of a bounded queue until its deadline.
    pub fn is_full(&self) -> bool {
        matches!(*self.0, Kind::Full { .. })
    }

    /// Whether a get found no item until its deadline.
    pub fn is_empty(&self) -> bool {
        matches!(*self.0, Kind::Empty { .. })
    }

    /// Whether a process died while it held a lock that this one needs.
    pub fn is_lock_owner_died(&self) -> bool {
        matches!(*self.0, Kind::LockOwnerDied { .. })
    }

    /// Whether a queue's feeder thread could not write everything until the deadline of a join.
    pub fn is_feeder_stuck(&self) -> bool {
        matches!(*self.0, Kind::FeederStuck { .. })
    }

    /// How many items a queue's feeder thread could not send, if that is the error.
    pub fn items_lost(&self) -> Option<u64> {
        match *self.0 {
            Kind::ItemsLost { items, .. } => Some(items),
            _ => None,
        }
    }

    /// Whether a fork was refused because the process has more than one thread, or holds shared numbers: a claim
    /// of an array, or a block.
    pub fn is_fork_refused(&self) -> bool {
        matches!(*self.0, Kind::Threads { .. } | Kind::Holding { .. })
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Io { doing, source } => write!(f, "{doing}: {source}"),
            Kind::Encode { what, why } => write!(f, "cannot encode {what}: {why}"),
            Kind::Decode { what, why } => write!(f, "cannot decode {what}: {why}"),
            Kind::FrameTooLarge { bytes, limit } => {
                write!(f, "a frame of {bytes} bytes is larger than the {limit} bytes allowed")
            }
            Kind::UnknownName { kind, name } => {
                write!(f, "no {kind} is registered under the name '{name}' in this program")
            }
            Kind::DuplicateName { name } => write!(f, "two functions or initializers are registered as '{name}'"),
            Kind::WorkerDied { pid, status } => {
                write!(
                    f,
                    "worker {pid} {status} while work was pending; CPython's Pool would wait for its task for ever"
                )
            }
            Kind::ChildFailed { pid, status } => write!(f, "child {pid} {status} without an answer"),
            Kind::ServerDied { pid, status } => write!(f, "the fork server, process {pid}, {status}"),
            Kind::StatusUnknown { pid } => {
                write!(f, "child {pid} was ended because its fork server is gone; how it would have ended is unknown")
            }
            Kind::Refused { why } => write!(f, "the fork server could not fork: {why}"),
            Kind::TaskFailed { function, why } => write!(f, "'{function}' failed in a worker: {why}"),
            Kind::Deadline { doing, limit } => write!(f, "{doing}: not done within {limit:?}"),
            Kind::HandlerPanicked { name, why } => write!(f, "the thread '{name}' panicked: {why}"),
            Kind::Threads { count } => write!(
                f,
                "refusing to fork: this process has {count} threads, and a lock that one of them holds would stay locked in \
                 the child; fork before the first thread starts, or use what copies no process with threads: spawn, a fork server"
            ),
            Kind::Holding { count } => write!(
                f,
                "refusing to fork: this process holds shared numbers (claims and blocks: {count}), and the child would hold them, \
                 too; fork before they are claimed, or after they were given back"
            ),
            Kind::NotInitialised => f.write_str(
                "this process was started as a worker, but its main does not begin with multiprocess::init(); \
                 without it each worker would start workers of its own",
            ),
            Kind::NoWorkers => f.write_str("a pool needs at least one worker"),
            Kind::Closed => f.write_str("the pool has failed or was finished before"),
            Kind::QueueClosed => f.write_str(
                "the queue is closed in this process: by close or join_thread, or because its feeder failed, as join_thread tells",
            ),
            Kind::Full { limit } => write!(f, "the queue is full, and no slot became free within {limit:?}"),
            Kind::Empty { limit } => write!(f, "the queue is empty, and no item came within {limit:?}"),
            Kind::LockOwnerDied { lock } => write!(
                f,
                "a process died while it held the queue's {lock} lock, in the middle of a frame; CPython's lock would stay locked \
                 for ever"
            ),
            Kind::QueueBroken => {
                f.write_str("an item of the queue was left half read, and nothing after it can be read")
            }
            Kind::FeederStuck { items, bytes, capacity, limit } => write!(
                f,
                "the queue's feeder thread still had {items} items to write after {limit:?}, the first of {bytes} bytes: the pipe \
                 holds {capacity} bytes and nobody reads it; CPython's join_thread would wait for ever"
            ),
            Kind::ItemsLost { items, why } => write!(f, "{items} items put on a queue were never sent: {why}"),
            Kind::NotHandedOver { block } => write!(f, "block {block} of the shared memory was not handed over"),
            Kind::NoSuchBlock { block, count } => {
                write!(f, "there is no block {block}: the shared memory has {count}, counted from 0")
            }
        }
    }
}

/// The message holds its cause already; a source would be printed twice.
impl std::error::Error for Error {}
