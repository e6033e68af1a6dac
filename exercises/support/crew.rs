//! A crew: forked workers that are sent tasks by a pipe each, and answer on one pipe that all of them share.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::{Channel, Connection, Error, Process, Status};

/// How long one message may wait for room in a pipe.
const LIMIT: Duration = Duration::from_secs(5);

/// Workers in processes of their own. As in CPython's pool all of them write to one pipe, and the parent holds both ends of it: so the
/// death of a worker closes nothing that the parent reads. Dropping a crew kills and reaps what is left of it.
///
/// ```no_run
/// use std::time::Duration;
///
/// let crew = exercises::Crew::start(2, |item| item * item).unwrap();
/// crew.send(1, 0, 12).unwrap();
/// let reply = crew.receive(Duration::from_secs(5)).unwrap();
/// assert_eq!((reply.worker, reply.task, reply.output), (1, 0, 144));
/// ```
pub struct Crew {
    members: Vec<Member>,
    replies: Connection,
    /// Never written to, and never closed.
    _answers: Connection,
    sent: Sent,
}

/// What is called after each task that was sent, with the worker and the task.
type Sent = Box<dyn Fn(&Crew, usize, usize)>;

struct Member {
    process: Process,
    tasks: Connection,
}

/// What a worker answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Reply {
    /// Which worker, counted from 0.
    pub worker: usize,
    /// Which task.
    pub task: usize,
    /// What became of its item.
    pub output: u64,
}

impl Crew {
    /// Forks workers that do `work`. One whose work panics ends with code 1 and without a reply.
    ///
    /// # Errors
    /// As [`Process::start`]: above all if this process has more than one thread.
    pub fn start(workers: usize, work: fn(u64) -> u64) -> Result<Self, Error> {
        let (replies, answers) = Connection::pipe()?;
        let member = |worker| -> Result<Member, Error> {
            let (theirs, tasks) = Connection::pipe()?;
            let process = Process::start(&[&theirs, &answers], || {
                // An error is the end of the tasks: the parent has closed its end, or is gone.
                while let Ok((task, item)) = theirs.recv::<(usize, u64)>(Duration::MAX) {
                    let reply = Reply { worker, task, output: work(item) };
                    // So short a message goes into the pipe whole or not at all, whoever else writes and whenever this process
                    // is killed (pipe(7), PIPE_BUF).
                    if answers.send(&reply, LIMIT).is_err() {
                        break;
                    }
                }
                0
            })?;
            Ok(Member { process, tasks })
        };
        let members = (0..workers).map(member).collect::<Result<_, Error>>()?;
        Ok(Self { members, replies, _answers: answers, sent: Box::new(|_, _, _| ()) })
    }

    /// The same crew, which calls `sent` after each task that was sent, with the worker and the task: so that a check can make things happen
    /// in a certain order.
    #[must_use]
    pub fn watched(mut self, sent: impl Fn(&Self, usize, usize) + 'static) -> Self {
        self.sent = Box::new(sent);
        self
    }

    /// How many workers there are, the dead among them.
    pub fn workers(&self) -> usize {
        self.members.len()
    }

    /// The process id of a worker.
    pub fn pid(&self, worker: usize) -> u32 {
        self.members[worker].process.pid()
    }

    /// Sends a task, by its number, with its item to a worker.
    ///
    /// # Errors
    /// If the worker is dead ([`Error::is_peer_gone`]), or takes nothing for 5 seconds.
    pub fn send(&self, worker: usize, task: usize, item: u64) -> Result<(), Error> {
        self.members[worker].tasks.send(&(task, item), LIMIT)?;
        (self.sent)(self, worker, task);
        Ok(())
    }

    /// Receives the next reply of any worker, waiting for it for at most `limit`.
    ///
    /// # Errors
    /// If none came ([`Error::is_deadline`]).
    pub fn receive(&self, limit: Duration) -> Result<Reply, Error> {
        self.replies.recv(limit)
    }

    /// Readable if there is a reply; for [`multiprocess::wait`].
    pub fn replies(&self) -> BorrowedFd<'_> {
        self.replies.as_fd()
    }

    /// Readable once a worker has ended; for [`multiprocess::wait`].
    pub fn sentinel(&self, worker: usize) -> BorrowedFd<'_> {
        self.members[worker].process.sentinel()
    }

    /// Sends SIGKILL to a worker.
    pub fn kill(&self, worker: usize) {
        self.members[worker].process.kill();
    }

    /// Waits for the end of a worker, for at most `limit`, reaps it, and tells how it ended.
    ///
    /// # Errors
    /// If it still runs then ([`Error::is_deadline`]).
    pub fn reap(&mut self, worker: usize, limit: Duration) -> Result<Status, Error> {
        self.members[worker].process.join(limit).map(|report| report.status)
    }
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pids = self.members.iter().map(|member| member.process.pid());
        f.debug_list().entries(pids).finish()
    }
}
