//! The cost model: how long a workload takes serially, by threads, and by processes of each start method. Pure arithmetic.
//!
//! Every part has the form `a + b x messages + c x bytes + d x work`, with a term per item besides, because whatever crosses is encoded and
//! decoded item by item. What the form alone does not say is that a pool has two sides that work at the same time:
//!
//! ```text
//! serial     a + items x e + bytes x c + work
//! threads    a + each x workers + the longer of
//!              threads   makespan(chunks of: b + items x e + bytes x c + work)
//!              lock      tasks x b
//! processes  a + each x workers + first and last message + the longest of
//!              parent    tasks x b + items x e + bytes x c        its handlers encode, send, receive and decode
//!              workers   makespan(chunks of: b + items x e + bytes x c + work)
//!              cores     all of both, shared by the cores there are
//! ```
//!
//! The sides overlap, but not wholly: before the first task has been sent no worker works, and while the last reply is decoded none does any
//! more. So the parent's cost of one task is added to the longest. What the form says of messages and bytes holds for what crosses at once:
//! a message that finds its receiver asleep on an idle core costs a [wake-up](Constants::wake_ns) more; a message larger than a pipe crosses in
//! [pieces](Constants::piece_ns), for each of which the sides wait for each other; and a parent that frees inputs which its forked children share
//! copies [pages](Constants::copied_page_ns). A byte of an output costs more where its memory comes fresh from the system. Work costs [`crowding`](Constants::crowding) times as much while several cores work.
//!
//! The constants are never typed: [`fit`](crate::model::fit()) takes them from the rows of a [campaign](crate::instruments::model::campaign).

mod constants;
mod cost;
mod cut;
pub mod fit;
mod solve;
pub mod vectors;
mod way;

use serde::{Deserialize, Serialize};

pub use constants::{Constants, Serial, Side, Start, Starts, Threads};
pub use cost::{Bound, Breakdown, Prediction, predict};
pub use fit::{Fault, fit};
pub use way::Way;

/// How many bytes a pipe holds unless somebody asks for more (pipe(7)).
pub const PIPE_BYTES: u64 = 1 << 16;

/// What is to be done, and how it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Items to map.
    pub items: u64,
    /// Work per item, in nanoseconds, on a core that has nothing else to do.
    pub item_ns: f64,
    /// Bytes that each item carries to its worker.
    pub bytes_in: u64,
    /// Bytes that each output carries back.
    pub bytes_out: u64,
    /// Workers.
    pub workers: u64,
    /// Items per task; 0 is automatic, as in `Pool.map`.
    pub chunksize: u64,
}

impl Workload {
    /// Items per task, at least 1.
    ///
    /// ```
    /// use harness::model::Workload;
    /// let workload = Workload { items: 100, item_ns: 1e6, bytes_in: 0, bytes_out: 0, workers: 4, chunksize: 0 };
    /// assert_eq!((workload.chunk(), workload.tasks()), (7, 15));
    /// ```
    pub fn chunk(&self) -> u64 {
        match self.chunksize {
            0 => self.items.div_ceil(4 * self.workers.max(1)).max(1),
            items => items,
        }
    }

    /// Tasks: as many messages go there, and as many come back.
    pub fn tasks(&self) -> u64 {
        self.items.div_ceil(self.chunk())
    }

    /// Bytes that cross, both ways.
    pub fn bytes(&self) -> f64 {
        self.items as f64 * (self.bytes_in as f64 + self.bytes_out as f64)
    }

    /// Work in all, in nanoseconds.
    pub fn work_ns(&self) -> f64 {
        self.items as f64 * self.item_ns
    }
}

#[cfg(test)]
mod tests;
