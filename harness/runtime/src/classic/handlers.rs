//! The three handler threads of CPython's pool, and how each of them ends.
//!
//! | thread | waits for | does |
//! |---|---|---|
//! | task handler | the task queue | encodes each task and puts it on the in-queue |
//! | worker handler | the workers' ends, or the close of the pool | fails every job of a pool whose worker died |
//! | result handler | the out-queue | decodes each reply and hands it to its job |
//!
//! CPython's worker handler starts another worker in place of a dead one and never learns that a task went with it, so `map`
//! waits for ever. This one reaches the same state, notices, and reports it.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::jobs::{Failure, Jobs};
use super::start::Worker;
use super::worker::{self, Board};
use crate::codec::{self, Loading};
use crate::error::Error;
use crate::frame;
use crate::function::panic_message;
use crate::sys::fd;
use crate::sys::pid::Status;
use crate::waiting::{Stop, Waiting};

/// How long the sentinel for the result handler may wait for the out-queue's lock, at the very end of a pool.
const SENTINEL_WAIT: Duration = Duration::from_secs(5);

/// How long the report of a death may lag behind its consequences.
const CULPRIT_WAIT: Duration = Duration::from_secs(1);

/// How a worker ends that was not the first.
pub(super) const LOST: Status = Status::Exited(worker::LOST);

/// What stands in the task queue.
pub(super) enum Order {
    /// The tasks of one job, encoded one by one as they are sent, as CPython does.
    Tasks(u64, Box<dyn Iterator<Item = Result<Vec<u8>, Error>> + Send>),
    /// The end: sentinels for everyone.
    End,
}

/// What the handlers share with the pool.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) board: Board,
    /// The parent's end of the in-queue; non-blocking.
    pub(super) inqueue: File,
    /// The parent's end of the out-queue; non-blocking.
    pub(super) outqueue: File,
    /// For sentinels only. Its description is shared with the workers, so it stays blocking.
    pub(super) outqueue_writer: File,
    pub(super) jobs: Jobs,
    pub(super) workers: usize,
    /// Calls every handler off.
    pub(super) abort: Stop,
    /// Tells the worker handler that the pool closes.
    pub(super) closing: Stop,
}

impl Shop {
    /// Puts a sentinel on the out-queue, as CPython's task handler and `terminate` do.
    pub(super) fn end_results(&self) -> Result<(), Error> {
        let doing = "ending the result handler";
        let sentinel = codec::dumps(&false)?;
        let _held = self.board.write_lock().lock_within(SENTINEL_WAIT).map_err(Error::io(doing))?;
        // Five bytes fit into any pipe that has room at all.
        let room = fd::wait(
            &mut [(self.outqueue_writer.as_fd(), PollFlags::POLLOUT), (self.abort.event(), PollFlags::POLLIN)],
            Some(Instant::now() + SENTINEL_WAIT),
        );
        match room.map_err(Error::io(doing))?[0] {
            true => frame::write(&mut &self.outqueue_writer, &sentinel).map_err(Error::io(doing)),
            false => Err(Error::io(doing)(std::io::ErrorKind::TimedOut.into())),
        }
    }

    fn put(&self, task: &[u8]) -> Result<(), Error> {
        let mut pipe = Waiting::until_stopped(&self.inqueue, &self.abort);
        frame::write(&mut pipe, task).map_err(Error::io("putting a task on the in-queue"))
    }
}

/// Moves tasks from the task queue to the in-queue, its only writer. Ends with the queue or when a pipe fails.
pub(super) fn handle_tasks(shop: &Shop, queue: &Receiver<Order>) {
    for order in queue {
        match order {
            Order::Tasks(job, tasks) => {
                for (index, task) in (0..).zip(tasks) {
                    match task {
                        // A pipe that breaks has lost its last worker; the worker handler knows which, and why.
                        Ok(task) if shop.put(&task).is_err() => return,
                        Ok(_) => {}
                        Err(fault) => shop.jobs.refuse(job, index, fault),
                    }
                }
            }
            Order::End => {
                // A failure here means that the other side is gone already, which is what the sentinels are for.
                let _ = shop.end_results();
                for _ in 0..shop.workers {
                    let _ = codec::dumps(&false).and_then(|sentinel| shop.put(&sentinel));
                }
                return;
            }
        }
    }
}

/// Watches the workers until the pool closes, then ends the task queue.
pub(super) fn handle_workers(shop: &Shop, workers: &[Worker], queue: &Sender<Order>) {
    let mut events: Vec<(BorrowedFd<'_>, PollFlags)> =
        vec![(shop.closing.event(), PollFlags::POLLIN), (shop.abort.event(), PollFlags::POLLIN)];
    events.extend(workers.iter().map(|worker| (worker.child.exit_event(), PollFlags::POLLIN)));
    let Ok(ready) = fd::wait(&mut events, None) else { return };
    if !ready[0]
        && !ready[1]
        && let Some((pid, status)) = culprit(shop, workers)
    {
        shop.jobs.fail(Failure::WorkerDied(pid, status));
    }
    // The task handler may have been called off; then nobody needs the order.
    let _ = queue.send(Order::End);
}

/// The worker whose death came first. A worker that dies holding a lock makes the others end themselves, and the kernel hands
/// them the lock before it reports the death; so a worker that says it is lost is not the last word.
pub(super) fn culprit(shop: &Shop, workers: &[Worker]) -> Option<(u32, Status)> {
    let deadline = Instant::now() + CULPRIT_WAIT;
    loop {
        let statuses: Vec<_> = workers.iter().map(|worker| (worker, worker.child.peek().ok().flatten())).collect();
        let dead = statuses.iter().filter_map(|(worker, status)| Some((worker.child.pid(), (*status)?)));
        let first = dead.min_by_key(|(_, status)| doubt(*status));
        let alive = statuses.iter().filter(|(_, status)| status.is_none());
        let mut events: Vec<_> = alive.map(|(worker, _)| (worker.child.exit_event(), PollFlags::POLLIN)).collect();
        if events.is_empty() || first.is_some_and(|(_, status)| doubt(status) == 0) {
            return first;
        }
        events.push((shop.abort.event(), PollFlags::POLLIN));
        let another = fd::wait(&mut events, Some(deadline));
        if another.is_ok_and(|ready| !ready.contains(&true) || ready.last() == Some(&true)) {
            return first;
        }
    }
}

/// How likely it is that a worker that ended so was not the first: one that ended well may have been told to, and one that is lost
/// follows another.
fn doubt(status: Status) -> u8 {
    match status {
        LOST => 2,
        Status::Exited(0) => 1,
        Status::Exited(_) | Status::Signalled(_) => 0,
    }
}

/// Moves replies from the out-queue to their jobs, until the sentinel.
pub(super) fn handle_results(shop: &Shop) {
    while let Ok(Some(reply)) = frame::read(&mut Waiting::until_stopped(&shop.outqueue, &shop.abort)) {
        if !deliver(&shop.jobs, &reply) {
            return;
        }
    }
}

/// Hands a reply to its job; false for the sentinel. A reply that cannot be read is dropped: its job reaches its deadline.
fn deliver(jobs: &Jobs, reply: &[u8]) -> bool {
    let mut loading = Loading::of(reply);
    match loading.piece::<bool>() {
        Ok(true) => {
            if let (Ok(job), Ok(index)) = (loading.piece(), loading.piece()) {
                jobs.accept(job, index, loading);
            }
            true
        }
        Ok(false) => loading.finish().is_err(),
        Err(_) => true,
    }
}

/// Starts a named handler thread. `done` is dropped when it ends. A panic in it, which only the encoding or decoding of the user's types
/// can cause, fails the pool instead of leaving its jobs to wait.
pub(super) fn thread(
    name: &'static str,
    shop: &Arc<Shop>,
    done: Sender<()>,
    work: impl FnOnce(&Shop) + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, Error> {
    let shop = Arc::clone(shop);
    let body = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(&shop))) {
            let why = panic_message(&*panic).to_owned();
            shop.jobs.fail(Failure::HandlerPanicked { name: name.to_owned(), why });
        }
        drop(done);
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(Error::io("starting a handler thread"))
}
