//! The job behind `map`, `starmap` and `apply`: as many tasks as chunks, settled in any order.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bincode::Decode;

use super::callbacks::Callbacks;
use super::jobs::{Failure, Fate, Job, Tally};
use super::report::{HangReport, LostTask};
use super::results::{MapResult, Promise, Settled, TaskFailure};
use crate::codec::{Items, Loading};
use crate::error::{Error, Kind};
use crate::function::panic_message;

/// One `map`: the first error wins, but the job is done only when every task is settled, as in CPython.
pub(super) struct MapJob<O> {
    function: &'static str,
    items: usize,
    chunksize: usize,
    tasks: Vec<Task<O>>,
    open: usize,
    failures: Vec<TaskFailure>,
    lost: Vec<LostTask>,
    callbacks: Callbacks<O>,
    promise: Arc<Promise<O>>,
}

enum Task<O> {
    Open,
    Done(Vec<O>),
    Failed,
}

impl<O> MapJob<O> {
    /// The job of `items` items, `chunksize` of them in a task, and what waits for it.
    pub(super) fn new(
        function: &'static str,
        items: usize,
        chunksize: usize,
        callbacks: Callbacks<O>,
    ) -> (Self, MapResult<O>) {
        let open = items.div_ceil(chunksize);
        let promise = Promise::open();
        let tasks = std::iter::repeat_with(|| Task::Open).take(open).collect();
        let waiting = MapResult::of(Arc::clone(&promise));
        (
            Self {
                function,
                items,
                chunksize,
                tasks,
                open,
                failures: Vec::new(),
                lost: Vec::new(),
                callbacks,
                promise,
            },
            waiting,
        )
    }

    /// The items of a task.
    fn items_of(&self, task: usize) -> Range<u64> {
        let begin = task.saturating_mul(self.chunksize).min(self.items);
        begin as u64..begin.saturating_add(self.chunksize).min(self.items) as u64
    }

    fn fail(&mut self, task: usize, error: Error) {
        self.failures.push(TaskFailure { task: task as u64, items: self.items_of(task), error });
        self.tasks[task] = Task::Failed;
    }

    /// Every item's output or none, task after task.
    fn outputs(&mut self) -> Vec<Option<O>> {
        let mut outputs = Vec::with_capacity(self.items);
        for task in 0..self.tasks.len() {
            let items = self.items_of(task);
            match std::mem::replace(&mut self.tasks[task], Task::Failed) {
                Task::Done(chunk) => outputs.extend(chunk.into_iter().map(Some)),
                Task::Open | Task::Failed => outputs.extend(items.map(|_| None)),
            }
        }
        outputs
    }
}

/// What a reply holds: as many outputs as the task had items, or why there are none. Whatever panics in here, the user's decoding, is that
/// task's failure. In CPython it ends the thread, and the pool with it (gh-79492).
pub(super) fn outputs<O: Decode<()>>(
    function: &'static str,
    mut reply: Loading<'_>,
    items: Option<u64>,
) -> Result<Vec<O>, Error> {
    let decode = || -> Result<Vec<O>, Error> {
        let outcome: Result<Items<O>, String> = reply.piece()?;
        reply.finish()?;
        outcome.map(|items| items.0).map_err(|why| Kind::TaskFailed { function, why }.into())
    };
    let outputs = catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| {
        let why = format!("it panicked: {}", panic_message(&*panic));
        Err(Kind::Decode { what: function, why }.into())
    })?;
    match items.is_none_or(|items| items == outputs.len() as u64) {
        true => Ok(outputs),
        false => Err(Kind::Decode { what: function, why: format!("a reply of {} outputs", outputs.len()) }.into()),
    }
}

impl<O: Decode<()> + Send> Job for MapJob<O> {
    fn settle(&mut self, number: u64, index: u64, fate: Fate<'_>, tally: &Tally) -> bool {
        let open = |task: &usize| matches!(self.tasks.get(*task), Some(Task::Open));
        let Some(task) = usize::try_from(index).ok().filter(open) else { return false };
        let items = self.items_of(task);
        let settled = match fate {
            Fate::Replied(reply) => outputs(self.function, reply, Some(items.end - items.start)),
            Fate::Refused(error) => Err(error),
            Fate::Lost(death) => {
                let lost = LostTask { task: index, items, death };
                self.lost.push(lost.clone());
                Err(HangReport::of_lost(number, vec![lost]).into())
            }
        };
        tally.settled(settled.is_ok());
        match settled {
            Ok(outputs) => self.tasks[task] = Task::Done(outputs),
            Err(error) => self.fail(task, error),
        }
        self.open -= 1;
        self.open == 0
    }

    fn drawn(&mut self, _items: u64) {}

    fn all_drawn(&mut self, _tasks: u64) -> bool {
        false
    }

    fn unsettled(&self) -> u64 {
        self.open as u64
    }

    fn complete(mut self: Box<Self>, number: u64, failure: Option<&Failure>, tally: &Tally) -> Option<HangReport> {
        let hang = Some(std::mem::take(&mut self.lost)).filter(|lost| !lost.is_empty());
        let hang = hang.map(|lost| HangReport::of_lost(number, lost));
        let whole: Option<Error>;
        if let Some(failure) = failure {
            let open = (0..self.tasks.len()).filter(|task| matches!(self.tasks[*task], Task::Open));
            let open: Vec<(u64, Range<u64>)> = open.map(|task| (task as u64, self.items_of(task))).collect();
            whole = Some(failure.error(Some(number), &open));
            for (task, items) in open {
                let error = failure.error(Some(number), &[(task, items.clone())]);
                self.failures.push(TaskFailure { task, items, error });
            }
        } else {
            whole = hang.clone().map(Error::from);
        }
        let settled = if whole.is_none() && self.failures.is_empty() {
            let chunks = self.tasks.into_iter().filter_map(|task| match task {
                Task::Done(outputs) => Some(outputs),
                Task::Open | Task::Failed => None,
            });
            Settled::Done(chunks.flatten().collect())
        } else {
            Settled::Failed { outputs: self.outputs(), failures: std::mem::take(&mut self.failures), whole }
        };
        // Before anybody who waits is woken, as in CPython; there a callback that raises ends this thread, and nobody is ever woken.
        if self.callbacks.run(&settled) {
            tally.callback_panicked();
        }
        self.promise.settle(settled);
        hang
    }
}
