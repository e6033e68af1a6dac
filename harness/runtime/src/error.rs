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
    TaskFailed { function: &'static str, why: String },
    Deadline { doing: &'static str, limit: Duration },
    HandlerPanicked { name: String, why: String },
    Threads { count: usize },
    NotInitialised,
    NoWorkers,
    Closed,
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

    /// Whether a fork was refused because the process has more than one thread.
    pub fn is_fork_refused(&self) -> bool {
        matches!(*self.0, Kind::Threads { .. })
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
            Kind::TaskFailed { function, why } => write!(f, "'{function}' failed in a worker: {why}"),
            Kind::Deadline { doing, limit } => write!(f, "{doing}: not done within {limit:?}"),
            Kind::HandlerPanicked { name, why } => write!(f, "the pool's {name} panicked: {why}"),
            Kind::Threads { count } => write!(
                f,
                "refusing to fork: this process has {count} threads, and a lock that one of them holds would stay locked in \
                 the child; start the pool before any thread, or use spawn"
            ),
            Kind::NotInitialised => f.write_str(
                "this process was started as a worker, but its main does not begin with multiprocess::init(); \
                 without it each worker would start workers of its own",
            ),
            Kind::NoWorkers => f.write_str("a pool needs at least one worker"),
            Kind::Closed => f.write_str("the pool has failed or was finished before"),
        }
    }
}

/// The message holds its cause already; a source would be printed twice.
impl std::error::Error for Error {}
