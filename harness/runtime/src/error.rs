//! What can go wrong in the runtime; every message names the process, the function or the value it is about.

mod kind;
mod message;
mod questions;

use std::io;
use std::sync::Arc;

use crate::sys::pid::Status;
pub(crate) use kind::Kind;

/// A pool, a worker or a message failed. A clone is the same error: several may be told of one.
#[derive(Clone, Debug)]
pub struct Error(Arc<Kind>);

impl Error {
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Kind::Io { doing, source }.into()
    }
}

/// The message holds its cause already; a source would be printed twice.
impl std::error::Error for Error {}

/// A worker that ended in the middle of a task: the one task that it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The worker's process id while it lived.
    pub pid: u32,
    /// How it ended.
    pub status: Status,
    /// Whether it had begun to send the reply.
    pub torn: bool,
    /// The name of the function.
    pub function: &'static str,
    /// The number of the job in its pool, counted from 1.
    pub job: u64,
    /// The number of the task in its job, counted from 0. With chunks of one item this is the number of the item.
    pub task: u64,
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }
}
