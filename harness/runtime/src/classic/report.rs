//! What is said where CPython's pool would wait for ever: who died, doing what, and what was lost with it.

use std::fmt;
use std::ops::Range;

use crate::error::{Error, Kind};
use crate::sys::pid::Status;

/// One of the two locks between the workers of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueLock {
    /// Its holder reads a task from the in-queue, or waits for one.
    Read,
    /// Its holder writes a reply to the out-queue.
    Write,
}

impl fmt::Display for QueueLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "the in-queue's read lock",
            Self::Write => "the out-queue's write lock",
        })
    }
}

/// What a worker was doing when it died, as it had said itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Doing {
    /// It was preparing itself: it ran its initializer, or had not even begun.
    Starting = 0,
    /// It waited for the in-queue's read lock, or had just got it.
    WaitingToRead = 1,
    /// It held the read lock, and read a task or waited for one to come.
    Reading = 2,
    /// It had a task: it decoded it, worked, or encoded the reply.
    Working = 3,
    /// It had the reply to its task, and waited for the out-queue's write lock, or had just got it.
    WaitingToReply = 4,
    /// It held the write lock and wrote its reply.
    Replying = 5,
    /// It had no task.
    BetweenTasks = 6,
    /// It ended itself, because another had died and left the in-queue in the middle of a task.
    FoundReadLockDead = 7,
    /// It ended itself, because another had died and left the out-queue in the middle of a reply.
    FoundWriteLockDead = 8,
    /// It ended itself, because what it had read was no task.
    FoundNoTask = 9,
}

impl Doing {
    const ALL: [Self; 10] = [
        Self::Starting,
        Self::WaitingToRead,
        Self::Reading,
        Self::Working,
        Self::WaitingToReply,
        Self::Replying,
        Self::BetweenTasks,
        Self::FoundReadLockDead,
        Self::FoundWriteLockDead,
        Self::FoundNoTask,
    ];

    /// A worker can write what it likes to its memory; what means nothing says nothing about a task.
    pub(super) fn from_number(number: u64) -> Self {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number).copied()).unwrap_or(Self::BetweenTasks)
    }

    /// Whether a task is lost with a worker that dies so.
    pub(super) fn has_task(self) -> bool {
        matches!(self, Self::Working | Self::WaitingToReply | Self::Replying)
    }

    /// The lock that is lost with a worker that dies so, or was lost before.
    pub(super) fn dead_lock(self) -> Option<QueueLock> {
        match self {
            Self::Reading | Self::FoundReadLockDead | Self::FoundNoTask => Some(QueueLock::Read),
            Self::Replying | Self::FoundWriteLockDead => Some(QueueLock::Write),
            _ => None,
        }
    }

    /// Whether the worker ended itself because of another.
    pub(super) fn followed_another(self) -> bool {
        matches!(self, Self::FoundReadLockDead | Self::FoundWriteLockDead | Self::FoundNoTask)
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "while it prepared itself",
            Self::WaitingToRead => "while it waited for the in-queue's read lock",
            Self::Reading => "while it held the in-queue's read lock",
            Self::Working => "while it worked",
            Self::WaitingToReply => "while it waited for the out-queue's write lock",
            Self::Replying => "while it held the out-queue's write lock and wrote a reply",
            Self::BetweenTasks => "between two tasks",
            Self::FoundReadLockDead => "because the owner of the in-queue's read lock had died",
            Self::FoundWriteLockDead => "because the owner of the out-queue's write lock had died",
            Self::FoundNoTask => "because what it read from the in-queue was no task",
        })
    }
}

/// The end of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// Its process id while it lived.
    pub pid: u32,
    /// How it ended.
    pub status: Status,
    /// What it was doing.
    pub doing: Doing,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} {} {}", self.pid, self.status, self.doing)
    }
}

/// A task to which no reply can come any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostTask {
    /// Which task of its job, counted from 0.
    pub task: u64,
    /// The items that were in it, by their number in the job.
    pub items: Range<u64>,
    /// The death with which it was lost.
    pub death: Death,
}

/// Why CPython's pool would wait for ever at this point, and what was lost.
///
/// ```no_run
/// # fn main() -> Result<(), multiprocess::Error> {
/// # use multiprocess::{classic::{Chunksize, Config, Pool}, Function};
/// # fn show<F: Function<State = (), Item = u64>>(pool: &Pool<()>, function: F) {
/// let error = pool.map(function, vec![1, 2, 3], Chunksize::from(1)).err().unwrap();
/// if let Some(report) = error.hang_report() {
///     println!("{report}: items {:?}", report.lost().iter().map(|lost| &lost.items).collect::<Vec<_>>());
/// }
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HangReport {
    pub(super) death: Death,
    pub(super) lock: Option<QueueLock>,
    pub(super) job: Option<u64>,
    pub(super) lost: Vec<LostTask>,
    /// The pool replaces its workers, so that only tasks are lost.
    pub(super) replaced: bool,
}

impl HangReport {
    /// The report of a job of a pool that has replaced the workers with which these tasks, at least one, were lost.
    pub(super) fn of_lost(job: u64, lost: Vec<LostTask>) -> Self {
        let death = lost.first().expect("a report of lost tasks holds one").death;
        Self { death, lock: None, job: Some(job), lost, replaced: true }
    }

    /// The death that began it.
    pub fn death(&self) -> Death {
        self.death
    }

    /// The lock that the dead worker held, and that nobody can take any more.
    pub fn lock(&self) -> Option<QueueLock> {
        self.lock
    }

    /// The job that would never be done, by its number in the pool, counted from 0.
    pub fn job(&self) -> Option<u64> {
        self.job
    }

    /// The tasks of that job to which no reply comes any more.
    pub fn lost(&self) -> &[LostTask] {
        &self.lost
    }

    /// What CPython's `Pool` does here.
    pub fn in_cpython(&self) -> &'static str {
        match (self.lock, self.replaced) {
            (Some(_), _) => {
                "CPython's lock knows no owner and stays locked: every job, and terminate itself, would wait for ever"
            }
            (None, true) => {
                "CPython's Pool replaces the worker and never learns of the task: the job, and a join after close, would wait for ever"
            }
            (None, false) => "CPython's Pool would wait for its task for ever",
        }
    }
}

impl From<HangReport> for Error {
    fn from(report: HangReport) -> Self {
        Kind::WouldHang(report).into()
    }
}

impl fmt::Display for HangReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, and work was pending", self.death)?;
        if let Some(lock) = self.lock {
            write!(f, "; it took {lock} with it")?;
        }
        if let (Some(job), Some(first)) = (self.job, self.lost.first()) {
            write!(f, "; job {job} lost {} of its tasks", self.lost.len())?;
            let of_them = if self.lost.len() == 1 { "" } else { "the first of them " };
            write!(f, ", {of_them}task {}", first.task)?;
            match first.items.end.saturating_sub(first.items.start) {
                0 | 1 => write!(f, " with item {}", first.items.start)?,
                _ => write!(f, " with items {} to {}", first.items.start, first.items.end - 1)?,
            }
        }
        write!(f, "; {}", self.in_cpython())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_own_number() {
        for (number, doing) in Doing::ALL.into_iter().enumerate() {
            assert_eq!(doing as usize, number);
            assert_eq!(Doing::from_number(number as u64), doing);
        }
        assert_eq!(Doing::from_number(u64::MAX), Doing::BetweenTasks);
    }

    #[test]
    fn a_report_names_the_lock_the_process_the_job_and_what_cpython_does() {
        let death = Death { pid: 42, status: Status::Signalled(9), doing: Doing::Replying };
        let lost = vec![LostTask { task: 3, items: 6..8, death }];
        let report = HangReport { death, lock: Some(QueueLock::Write), job: Some(5), lost, replaced: true };
        let said = report.to_string();
        for word in ["worker 42", "SIGKILL", "the out-queue's write lock", "job 5", "task 3", "items 6 to 7", "CPython"]
        {
            assert!(said.contains(word), "'{word}' is missing: {said}");
        }
    }

    #[test]
    fn a_report_of_one_item_counts_one() {
        let death = Death { pid: 42, status: Status::Exited(7), doing: Doing::Working };
        let report = HangReport::of_lost(0, vec![LostTask { task: 0, items: 0..1, death }]);
        let said = report.to_string();
        assert!(said.starts_with("worker 42 exited with code 7 while it worked, and work was pending; "), "{said}");
        assert!(said.contains("; job 0 lost 1 of its tasks, task 0 with item 0; "), "{said}");
    }
}
