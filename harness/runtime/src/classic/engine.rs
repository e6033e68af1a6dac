//! A pool without the types of its work: how it begins and how it ends.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::board::Board;
use super::config::Config;
use super::crew::{self, Crew};
use super::handlers::{self, Order, Shop};
use super::jobs::{Failure, Jobs};
use super::report::HangReport;
use super::start::{self, Ends, Setup, Workers};
use crate::error::{Error, Kind};
use crate::function::{self, Initializer};
use crate::meter::WorkerReport;
use crate::start::{LOST, REAP_WITHIN, Starter};
use crate::sys::pid::Status;
use crate::sys::{fd, fork};
use crate::waiting::{self, StopSwitch};

/// How long a worker may take to end by SIGTERM before it is killed.
const TERMINATE_WAIT: Duration = Duration::from_secs(2);

/// What every pool has, whatever its work.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) config: Config,
    pub(super) shop: Arc<Shop>,
    pub(super) tasks: Option<Sender<Order>>,
    handlers: Vec<JoinHandle<()>>,
    /// Under a lock only because a receiver alone is not `Sync`, and a pool is.
    handlers_done: Mutex<Receiver<()>>,
    close: Option<StopSwitch>,
    _starter: Option<Starter>,
}

/// How a pool ended.
#[derive(Debug)]
pub struct Ended {
    /// Every worker there ever was: those that were replaced in the order in which they ended, then the others in the order of their places.
    pub workers: Vec<WorkerReport>,
    /// What would have kept CPython's pool from ever coming to this point: for each job that lost tasks with a worker its report, or the one of
    /// the whole pool.
    pub hangs: Vec<HangReport>,
}

impl Engine {
    pub(super) fn launch<I: Initializer>(config: Config, setup: Setup<I>) -> Result<Self, Error> {
        config.check()?;
        function::check_names()?;
        fork::keep_ended_children();
        let failed = || Error::io("making a pool");
        let board = Board::create(config.workers, config.max_tasks_per_child.unwrap_or(0)).map_err(failed())?;
        let (inqueue_reader, inqueue) = waiting::pipe().map_err(failed())?;
        let (outqueue, outqueue_writer) = waiting::pipe().map_err(failed())?;
        let ends = Ends { inqueue: inqueue_reader, outqueue: outqueue_writer };
        // All workers exist before the first thread does: that is what makes the forks safe.
        let Workers { started, starter, recruiter } = start::workers(&config, &board, &ends, setup)?;
        // Our copy of the workers' end must go, or a write to a pool without workers would never fail.
        let Ends { inqueue: reader, outqueue: outqueue_writer } = ends;
        drop(reader);
        fd::set_nonblocking(&inqueue).map_err(failed())?;
        fd::set_nonblocking(&outqueue).map_err(failed())?;
        let (close, closing) = waiting::stop().map_err(failed())?;
        let (abort_switch, abort) = waiting::stop().map_err(failed())?;
        let shop = Arc::new(Shop {
            board,
            inqueue: inqueue.into(),
            outqueue: outqueue.into(),
            outqueue_writer: File::from(outqueue_writer),
            jobs: Jobs::default(),
            workers: config.workers,
            crew: Crew::of(started),
            recruiter: recruiter.map_or_else(OnceLock::new, OnceLock::from),
            replaced: AtomicU64::new(0),
            abort,
            abort_switch: Mutex::new(Some(abort_switch)),
            closing,
            drains: AtomicBool::new(false),
        });
        let (tasks, queue) = mpsc::channel();
        let (done, handlers_done) = mpsc::channel();
        let mut engine = Self {
            config,
            shop,
            tasks: Some(tasks.clone()),
            handlers: Vec::with_capacity(3),
            handlers_done: Mutex::new(handlers_done),
            close: Some(close),
            _starter: starter,
        };
        engine.start_handlers(done, queue, tasks)?;
        Ok(engine)
    }

    fn start_handlers(&mut self, done: Sender<()>, queue: Receiver<Order>, tasks: Sender<Order>) -> Result<(), Error> {
        let handlers = &mut self.handlers;
        let shop = &self.shop;
        handlers.push(handlers::thread("worker-handler", shop, done.clone(), move |shop| {
            crew::handle_workers(shop, &tasks);
        })?);
        handlers.push(handlers::thread("task-handler", shop, done.clone(), move |shop| {
            handlers::handle_tasks(shop, &queue);
        })?);
        handlers.push(handlers::thread("result-handler", shop, done, handlers::handle_results)?);
        Ok(())
    }

    /// Ends as leaving CPython's `with` block does: see [`Pool::finish`](super::Pool::finish).
    pub(super) fn finish(mut self) -> Result<Vec<WorkerReport>, Error> {
        let deadline = waiting::after(self.config.deadline);
        if let Some(failure) = self.shop.jobs.failure() {
            return Err(failure.error(None, &[]));
        }
        if self.shop.jobs.waiting() > 0 {
            return self.terminate().map(|ended| ended.workers);
        }
        self.close.take();
        if let Err(fault) = self.shop.end_results() {
            // A worker took the lock with it. Without its sentinel nothing would end by itself; dropping the pool ends it all.
            let lock = crew::lost_lock(&self.shop);
            return Err(match crew::culprit(&self.shop, lock) {
                Some(death) => {
                    let replaced = self.config.replaces();
                    Failure::WorkerDied { death, lock, replaced }.error(None, &[])
                }
                None => fault,
            });
        }
        let late = self.wait_for_handlers();
        let reports = self.shop.crew.reap_all(&self.shop, deadline)?;
        if !self.config.replaces() {
            // The first to die, not those that ended themselves because of it.
            let died = reports.iter().filter(|report| report.status != Status::Exited(0));
            if let Some(report) = died.min_by_key(|report| report.status == Status::Exited(LOST)) {
                return Err(Kind::WorkerDied { pid: report.pid, status: report.status }.into());
            }
        }
        if late {
            return Err(Kind::Deadline { doing: "ending the handler threads", limit: self.config.deadline }.into());
        }
        Ok(reports)
    }

    /// Takes no more work; the handlers end once all there is is done.
    pub(super) fn close(&mut self) {
        self.shop.drains.store(true, Relaxed);
        self.close.take();
    }

    /// Waits until the handlers have ended, and joins them; true if they had to be called off.
    fn wait_for_handlers(&mut self) -> bool {
        let handlers_done = self.handlers_done.get_mut().unwrap_or_else(PoisonError::into_inner);
        let late = handlers_done.recv_timeout(self.config.deadline) == Err(RecvTimeoutError::Timeout);
        self.stop_handlers();
        late
    }

    /// After [`close`](Self::close): waits for the last job and everybody's end.
    pub(super) fn join(mut self) -> Result<Ended, Error> {
        if self.wait_for_handlers() {
            return Err(Kind::Deadline { doing: "joining a closed pool", limit: self.config.deadline }.into());
        }
        match self.shop.jobs.failure() {
            Some(Failure::WorkerDied { .. }) => self.terminate(),
            Some(failure) => Err(failure.error(None, &[])),
            None => {
                let workers = self.shop.crew.reap_all(&self.shop, waiting::after(self.config.deadline))?;
                Ok(Ended { workers, hangs: self.shop.jobs.take_hangs() })
            }
        }
    }

    /// Gives up all work, and ends the workers by SIGTERM, or by SIGKILL if they do not.
    pub(super) fn terminate(mut self) -> Result<Ended, Error> {
        self.shop.jobs.fail(Failure::Terminated);
        self.stop_handlers();
        self.shop.crew.signal(libc::SIGTERM);
        if !self.shop.crew.ends_within(TERMINATE_WAIT) {
            self.shop.crew.signal(libc::SIGKILL);
        }
        let workers = self.shop.crew.reap_all(&self.shop, waiting::after(REAP_WITHIN))?;
        Ok(Ended { workers, hangs: self.shop.jobs.take_hangs() })
    }

    /// Calls off whatever the handlers still wait for, and joins them.
    fn stop_handlers(&mut self) {
        self.shop.call_off();
        self.close.take();
        self.tasks.take();
        for handler in self.handlers.drain(..) {
            // A handler that panicked has failed the pool before it ended.
            let _ = handler.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Killing first frees a handler that waits for a lock a worker holds.
        self.shop.crew.signal(libc::SIGKILL);
        self.stop_handlers();
        self.shop.jobs.fail(Failure::Terminated);
    }
}
