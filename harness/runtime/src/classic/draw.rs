//! How the task handler draws the tasks of a job: a chunk of items at a time, encoded when its turn comes, as in CPython.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::codec::{self, ItemsOf};
use crate::error::{Error, Kind};
use crate::function::{Function, Task, panic_message};
use crate::trace;

/// What the task handler draws.
pub(super) struct Drawn {
    /// How many items are in it.
    pub(super) items: u64,
    /// The task, encoded; or why it never leaves.
    pub(super) task: Result<Vec<u8>, Error>,
}

/// The tasks of one job, in the task queue.
pub(super) struct Sequence {
    pub(super) job: u64,
    pub(super) tasks: Box<dyn Iterator<Item = Drawn> + Send>,
    /// Nobody knows beforehand how many they are.
    pub(super) open: bool,
}

/// The tasks of items that are all there.
pub(super) fn all<F: Function>(job: u64, function: F, items: Vec<F::Item>, chunksize: usize) -> Sequence {
    let tasks = (0..items.len().div_ceil(chunksize)).map(move |task| {
        let begin = task * chunksize;
        let chunk = &items[begin..items.len().min(begin + chunksize)];
        encoded(job, task as u64, &function, chunk)
    });
    Sequence { job, tasks: Box::new(tasks), open: false }
}

/// The tasks of items that come one by one. If drawing one panics, that is the last task, and has failed; so it is with an iterator that
/// raises in CPython, which sends the exception to a worker to have it raised there.
pub(super) fn one_by_one<F: Function>(
    job: u64,
    function: F,
    mut items: impl Iterator<Item = F::Item> + Send + 'static,
    chunksize: usize,
) -> Sequence {
    let (mut index, mut ended) = (0, false);
    let tasks = std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let draw = || items.by_ref().take(chunksize).collect::<Vec<_>>();
        let drawn = match catch_unwind(AssertUnwindSafe(draw)) {
            Ok(chunk) if chunk.is_empty() => return None,
            Ok(chunk) => encoded(job, index, &function, &chunk),
            Err(panic) => {
                ended = true;
                let why = panic_message(&*panic).to_owned();
                Drawn { items: 0, task: Err(Kind::ItemsFailed { function: F::NAME, why }.into()) }
            }
        };
        index += 1;
        Some(drawn)
    });
    Sequence { job, tasks: Box::new(tasks), open: true }
}

/// Whatever panics in here, the encoding of the user's types, is that task's failure.
fn encoded<F: Function>(job: u64, index: u64, function: &F, chunk: &[F::Item]) -> Drawn {
    trace::about(job, index);
    let encode = || codec::dumps(&(true, Task { job, index, name: F::NAME, function, chunk: ItemsOf(chunk) }));
    let task = catch_unwind(AssertUnwindSafe(encode)).unwrap_or_else(|panic| {
        Err(Kind::Encode { what: F::NAME, why: format!("it panicked: {}", panic_message(&*panic)) }.into())
    });
    Drawn { items: chunk.len() as u64, task }
}
