//! The handler threads of CPython's pool, and how each of them ends. The worker handler is in `crew.rs`.
//!
//! | thread | waits for | does |
//! |---|---|---|
//! | task handler | the task queue | encodes each task and puts it on the in-queue |
//! | worker handler | the workers' ends, or the close of the pool | reports what is lost with a worker, and replaces it |
//! | result handler | the out-queue | decodes each reply and hands it to its job |

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::board::Board;
use super::crew::Crew;
use super::draw::Sequence;
use super::jobs::{Failure, Fate, Jobs};
use super::report::QueueLock;
use super::start::Recruiter;
use crate::codec::{self, Loading};
use crate::error::Error;
use crate::frame;
use crate::function::panic_message;
use crate::sys::fd;
use crate::sys::lock::Held;
use crate::trace;
use crate::waiting::{Stop, StopSwitch, Waiting};

/// How long the sentinel for the result handler may wait for the out-queue's lock, at the very end of a pool.
const SENTINEL_WAIT: Duration = Duration::from_secs(5);

/// How often who waits for that lock looks whether the pool was called off.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);

/// What stands in the task queue.
pub(super) enum Order {
    /// The tasks of one job, encoded one by one as they are sent, as CPython does.
    Tasks(Sequence),
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
    /// Before the recruiter: a server's processes end with it.
    pub(super) crew: Crew,
    /// Empty in a pool that does not replace its workers.
    pub(super) recruiter: OnceLock<Recruiter>,
    pub(super) replaced: AtomicU64,
    /// Calls every handler off.
    pub(super) abort: Stop,
    pub(super) abort_switch: Mutex<Option<StopSwitch>>,
    /// Tells the worker handler that the pool closes.
    pub(super) closing: Stop,
    /// Whether a pool that closes first does what it was given. Stored before `closing` is, which orders it for the worker handler.
    pub(super) drains: AtomicBool,
}

impl Shop {
    /// Calls every handler off.
    pub(super) fn call_off(&self) {
        self.abort_switch.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(super) fn drains(&self) -> bool {
        self.drains.load(Relaxed)
    }

    /// Puts a sentinel on the out-queue, as CPython's task handler and `terminate` do.
    pub(super) fn end_results(&self) -> Result<(), Error> {
        let doing = "ending the result handler";
        let sentinel = codec::dumps(&false)?;
        let _held = self.lock_for_sentinel().map_err(Error::io(doing))?;
        // Five bytes fit into any pipe that has room at all.
        let room = fd::wait(
            &mut [(self.outqueue_writer.as_fd(), PollFlags::POLLOUT), (self.abort.event(), PollFlags::POLLIN)],
            Some(Instant::now() + SENTINEL_WAIT),
        );
        match room.map_err(Error::io(doing))?[0] {
            true => frame::write(&mut &self.outqueue_writer, &sentinel).map_err(Error::io(doing)),
            false => Err(Error::io(doing)(ErrorKind::TimedOut.into())),
        }
    }

    /// Waits for the out-queue's lock as long as anybody needs the sentinel. A worker that is stuck with it may keep it for ever.
    fn lock_for_sentinel(&self) -> io::Result<Held<'_>> {
        let deadline = Instant::now() + SENTINEL_WAIT;
        loop {
            self.not_called_off()?;
            match self.board.lock(QueueLock::Write).lock_within(LOOK_UP_EVERY) {
                Err(fault) if fault.raw_os_error() == Some(libc::ETIMEDOUT) && Instant::now() < deadline => {}
                result => return result,
            }
        }
    }

    /// Fails once the pool is called off: then the workers are ended by signals, and wait for no sentinel.
    fn not_called_off(&self) -> io::Result<()> {
        if self.abort.is_set()? { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
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
            Order::Tasks(sequence) => {
                // A pipe that breaks has lost its last worker; the worker handler knows which, and why.
                if send(shop, sequence).is_err() {
                    return;
                }
            }
            Order::End => {
                // A failure here means that the other side is gone already, which is what the sentinels are for.
                let _ = shop.end_results();
                for _ in 0..shop.workers {
                    if shop.not_called_off().is_err() {
                        return;
                    }
                    let _ = codec::dumps(&false).and_then(|sentinel| shop.put(&sentinel));
                }
                return;
            }
        }
    }
}

fn send(shop: &Shop, Sequence { job, tasks, open }: Sequence) -> Result<(), Error> {
    let mut count = 0;
    for (index, drawn) in (0..).zip(tasks) {
        if open && !shop.jobs.drawn(job, drawn.items) {
            return Ok(());
        }
        match drawn.task {
            Ok(task) => shop.put(&task)?,
            Err(fault) => shop.jobs.settle(job, index, Fate::Refused(fault)),
        }
        count += 1;
    }
    if open {
        shop.jobs.all_drawn(job, count);
    }
    Ok(())
}

/// Moves replies from the out-queue to their jobs, until the sentinel.
pub(super) fn handle_results(shop: &Shop) {
    loop {
        let read = frame::read(&mut Waiting::until_stopped(&shop.outqueue, &shop.abort));
        let why = match read {
            Ok(Some(reply)) => match deliver(&shop.jobs, &reply) {
                Ok(true) => continue,
                Ok(false) => return,
                Err(fault) => fault.to_string(),
            },
            Ok(None) => return,
            Err(fault) if fault.is_decode() => fault.to_string(),
            // Called off.
            Err(_) => return,
        };
        // What comes after this no one can find in the stream.
        shop.jobs.fail(Failure::Unreadable { why });
        shop.call_off();
        return;
    }
}

/// Hands a reply to its job; false for the sentinel.
fn deliver(jobs: &Jobs, reply: &[u8]) -> Result<bool, Error> {
    let mut loading = Loading::of(reply);
    if !loading.piece::<bool>()? {
        loading.finish()?;
        return Ok(false);
    }
    let (job, index) = (loading.piece()?, loading.piece()?);
    trace::about(job, index);
    jobs.settle(job, index, Fate::Replied(loading));
    Ok(true)
}

/// Starts a named handler thread. `done` is dropped when it ends. A panic in it fails the pool instead of leaving its jobs to wait.
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
            shop.call_off();
        }
        drop(done);
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(body).map_err(Error::io("starting a handler thread"))
}
