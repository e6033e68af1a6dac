//! How a pool is made, and how its items are cut.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::StartMethod;
use crate::error::{Error, Kind};

/// How a pool is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many workers.
    pub workers: usize,
    /// How they come to life.
    pub start_method: StartMethod,
    /// The longest that starting, one `map`, or finishing may take.
    pub deadline: Duration,
    /// Whether a worker that has ended is replaced, as CPython does; see [`replace_workers`](Self::replace_workers).
    pub replace_workers: bool,
    /// After how many tasks a worker ends and is replaced; see [`max_tasks_per_child`](Self::max_tasks_per_child).
    pub max_tasks_per_child: Option<u64>,
}

impl Config {
    /// A pool of `workers` forked workers whose every step may take ten minutes, and that are not replaced.
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            start_method: StartMethod::Fork,
            deadline: Duration::from_secs(600),
            replace_workers: false,
            max_tasks_per_child: None,
        }
    }

    /// The same with another start method.
    #[must_use]
    pub fn start_method(self, start_method: StartMethod) -> Self {
        Self { start_method, ..self }
    }

    /// The same with another deadline.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same, with workers that are replaced when they end, or not.
    ///
    /// If they are, a worker's end costs the job whose task it had, and no other: that job fails with an [`Error::hang_report`] where CPython's
    /// would wait for ever. If they are not, any worker's end is the end of the pool, and every job fails with that report.
    ///
    /// With `fork` this takes one more process, the zygote: a pool has threads by the time a worker is to be replaced, and a process
    /// with threads must not be forked. CPython forks all the same.
    #[must_use]
    pub fn replace_workers(self, replace_workers: bool) -> Self {
        Self { replace_workers, ..self }
    }

    /// The same, with workers that end after so many tasks and are replaced: CPython's `maxtasksperchild`. It counts tasks, not items: a chunk
    /// is one. 0 is refused when the pool starts, as in CPython (gh-83658).
    #[must_use]
    pub fn max_tasks_per_child(self, tasks: u64) -> Self {
        Self { max_tasks_per_child: Some(tasks), ..self }
    }

    /// Whether workers are replaced.
    pub(super) fn replaces(&self) -> bool {
        self.replace_workers || self.max_tasks_per_child.is_some()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        match (self.workers, self.max_tasks_per_child) {
            (0, _) => Err(Kind::NoWorkers.into()),
            (_, Some(0)) => Err(Kind::NoTasksPerChild.into()),
            _ => Ok(()),
        }
    }
}

/// How many items make a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chunksize {
    /// As `Pool.map` does: the items divided by four times the workers, rounded up. For `imap`, which does not know how many items come: 1.
    #[default]
    Automatic,
    /// This many.
    Items(NonZeroUsize),
}

impl Chunksize {
    /// The items per task for `items` items on `workers` workers.
    ///
    /// ```
    /// use multiprocess::classic::Chunksize;
    /// assert_eq!(Chunksize::Automatic.resolve(100, 4), 7);
    /// assert_eq!(Chunksize::Automatic.resolve(1_000_000, 8), 31_250);
    /// ```
    pub fn resolve(self, items: usize, workers: usize) -> usize {
        match self {
            Self::Automatic => items.div_ceil(4 * workers.max(1)).max(1),
            Self::Items(items) => items.get(),
        }
    }

    /// The items per task where nobody knows how many items come.
    pub(super) fn without_end(self) -> usize {
        match self {
            Self::Automatic => 1,
            Self::Items(items) => items.get(),
        }
    }
}

impl From<u64> for Chunksize {
    /// 0 is the automatic one.
    fn from(items: u64) -> Self {
        let items = usize::try_from(items).unwrap_or(usize::MAX);
        NonZeroUsize::new(items).map_or(Self::Automatic, Self::Items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `divmod(len(iterable), len(pool) * 4)`, one more if there is a rest (`pool.py`, `_map_async`).
    #[test]
    fn items_are_cut_as_in_cpython() {
        for (items, workers, chunksize, tasks) in
            [(100, 4, 7, 15), (10, 4, 1, 10), (17, 4, 2, 9), (1_000, 8, 32, 32), (16, 4, 1, 16), (1, 4, 1, 1)]
        {
            assert_eq!(Chunksize::Automatic.resolve(items, workers), chunksize, "{items} items, {workers} workers");
            assert_eq!(items.div_ceil(chunksize), tasks, "{items} items, {workers} workers");
        }
    }
}
