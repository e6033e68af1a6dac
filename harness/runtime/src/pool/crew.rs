//! The pool's engine for a single owner: workers start as they are needed, each holds one task, and every end is told.
//!
//! This is the seam between the pool and the [executor](crate::executor): the engine and its files know nothing of it.

use std::any::Any;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};

use super::config::{Config, Record};
use super::drive::into_work;
use super::engine::{Broken, Engine};
use super::work::{Work, preamble};
use super::{Order, Transport, worker};
use crate::error::{Error, Kind};
use crate::function::{self, Function};
use crate::start::{Arrival, REAP_WITHIN, Role, Starter};
use crate::sys::pid::Status;
use crate::waiting;

/// How many events are taken at a time.
const EVENTS: usize = 64;

/// What the bell says in place of a worker's number, which is never 0.
const BELL: u64 = 0;

/// Why a crew works no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The worker that ended unasked, and how; none if no worker could be started.
    pub(crate) worker: Option<(u32, Status)>,
    /// Why, if that is known.
    pub(crate) why: Option<String>,
}

/// An engine that one thread owns and drives. Dropping it kills its workers and reaps them.
pub(crate) struct Crew {
    engine: Engine,
    epoll: Epoll,
    bell: Arc<EventFd>,
    at_most: usize,
    grace: Duration,
    /// How many records were looked at.
    seen: usize,
    fault: Option<Fault>,
}

/// Encodes a function with its name.
pub(crate) fn encoded<F: Function>(function: &F) -> Result<Arc<[u8]>, Error> {
    preamble(function).map(Arc::from)
}

impl Crew {
    /// A crew of at most `config.workers` workers, of which none is started yet. With `fork` it forks its zygote here, so that this process must
    /// have one thread now, and never again.
    pub(crate) fn form(
        config: Config,
        preparation: &[u8],
        mut initialize: impl FnMut(&[u8]) -> Result<Box<dyn Any>, Error>,
    ) -> Result<Self, Error> {
        if config.workers == 0 {
            return Err(Kind::NoWorkers.into());
        }
        function::check_names()?;
        let life = |arrival: Arrival| {
            worker::run(arrival, &mut initialize).unwrap_or_else(|fault| {
                eprintln!("worker {}: {fault}", std::process::id());
                1
            })
        };
        let starter = Starter::new(config.start_method, Role::PoolWorker, &[], life)?;
        let failed = |fault: Errno| Error::io("making an executor")(fault.into());
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed)?;
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let bell = Arc::new(EventFd::from_value_and_flags(0, flags).map_err(failed)?);
        epoll.add(bell.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, BELL)).map_err(failed)?;
        let (at_most, grace) = (config.workers, config.grace);
        // One task each: who waits behind a long one could be done by a worker that is free. One death ends it all.
        // It sleeps by itself, and never asks a ring's other side to wake it.
        let config = config.credits(1).failed_starts(1).transport(Transport::Stream);
        let engine = Engine::new(config, starter, preparation.to_vec());
        Ok(Self { engine, epoll, bell, at_most, grace, seen: 0, fault: None })
    }

    /// What ends a [`wait`](Self::wait) early when it is written to, from any thread.
    pub(crate) fn bell(&self) -> Arc<EventFd> {
        Arc::clone(&self.bell)
    }

    /// Takes over the items of one task, and tells its number.
    pub(crate) fn hand_in<F: Function>(&mut self, function: &[u8], items: Vec<F::Item>) -> Result<u64, Error> {
        let mut work = Work::<F>::new(function.to_vec(), items.len(), Order::OfItems);
        work.add(items, &mut self.engine.tally);
        let job = self.engine.add_job(Box::new(work))?;
        self.engine.has_tasks(job);
        Ok(job)
    }

    /// Whether a task is over.
    pub(crate) fn is_settled(&self, job: u64) -> bool {
        self.engine.jobs.get(&job).is_none_or(|job| job.is_settled())
    }

    /// What became of each item of a task that is over. None if it was called off.
    pub(crate) fn collect<F: Function>(&mut self, job: u64) -> Option<Vec<Result<F::Output, Error>>> {
        let job = self.engine.remove_job(job)?;
        into_work::<F>(job).map(|mut work| work.drain_outcomes())
    }

    /// How many tasks no worker has been sent yet.
    pub(crate) fn unsent(&self) -> usize {
        let open = self.engine.jobs.values().filter(|job| !job.is_settled()).count();
        open.saturating_sub(self.engine.members.iter().map(|member| member.held.len()).sum())
    }

    /// Starts workers for tasks that no idle one is there for, and sends everything that can be sent without waiting.
    pub(crate) fn pump(&mut self) {
        let members = &self.engine.members;
        let is_idle = |place: &usize| {
            let member = &members[*place];
            member.held.is_empty() && !member.is_leaving && !member.is_broken
        };
        let idle = (0..members.len()).filter(is_idle).count();
        let needed = self.unsent().saturating_sub(idle);
        // The engine keeps as many as its configuration says.
        self.engine.config.workers = (members.len() + needed).min(self.at_most);
        self.engine.pump(&self.epoll);
        if let Some(Broken::Start { why }) = &self.engine.broken
            && self.fault.is_none()
        {
            self.fault = Some(Fault { worker: None, why: Some(why.clone()) });
        }
    }

    /// Waits until something happens or the bell rings, and deals with it.
    pub(crate) fn wait(&mut self) {
        let now = Instant::now();
        let limit = self.engine.next_look(now).saturating_duration_since(now);
        let milliseconds = u16::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(u16::MAX);
        let mut events = [EpollEvent::empty(); EVENTS];
        let happened = match self.epoll.wait(&mut events, EpollTimeout::from(milliseconds)) {
            Ok(happened) => happened,
            Err(Errno::EINTR) => 0,
            // The descriptor and the buffer are ours and valid; nothing else can be wrong (epoll_wait(2)).
            Err(fault) => panic!("waiting for the workers of an executor: {fault}"),
        };
        let events = &events[..happened];
        if events.iter().any(|event| event.data() == BELL) {
            // Non-blocking: if somebody else had taken its count there would be nothing to take.
            let _ = self.bell.read();
        }
        let leaving = self.engine.members.iter().filter(|member| member.is_leaving);
        let leaving: Vec<u32> = leaving.map(|member| member.started.pid()).collect();
        self.engine.handle(&self.epoll, events);
        self.look_at_ends(&leaving);
    }

    /// An end is a fault unless the worker was told to leave, and did.
    fn look_at_ends(&mut self, leaving: &[u32]) {
        let new = &self.engine.records[self.seen..];
        self.seen += new.len();
        let unasked = |record: &&Record| {
            let left = leaving.contains(&record.worker.pid) && record.worker.status == Status::Exited(0);
            record.lost || !left
        };
        // Of several ends one that cost a task says more.
        let ends = new.iter().filter(unasked);
        let Some(end) = ends.max_by_key(|record| record.lost) else { return };
        let (pid, status) = (end.worker.pid, end.worker.status);
        let why = match &self.engine.broken {
            // Without a complaint of its own there is only what the fault says anyway.
            Some(Broken::Initializer { why, .. }) if *why == format!("worker {pid} {status}") => {
                Some("before it could work".to_owned())
            }
            Some(Broken::Initializer { why, .. }) => Some(format!("before it could work: {why}")),
            _ => None,
        };
        self.fault.get_or_insert(Fault { worker: Some((pid, status)), why });
    }

    /// Why it works no more; none if it does.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Sends a signal to every worker; who lives on is killed after the grace.
    pub(crate) fn signal(&mut self, signal: libc::c_int) {
        let kill_at = waiting::later(Instant::now(), self.grace);
        for member in &mut self.engine.members {
            member.started.signal(signal);
            member.kill_at.get_or_insert(kill_at);
        }
    }

    /// Takes nothing more: what is under way fails, and the workers are told to end.
    pub(crate) fn break_up(&mut self) {
        self.engine.broken.get_or_insert(Broken::Ended);
        self.engine.is_closing = true;
        self.engine.fail_jobs();
        self.signal(libc::SIGTERM);
    }

    /// Takes nothing more: the workers leave when there is nothing left to do.
    pub(crate) fn close(&mut self) {
        self.engine.is_closing = true;
    }

    /// Whether it takes nothing more, and every worker has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.engine.is_closing && self.engine.members.is_empty()
    }

    /// Ends every worker now, and tells of all that there ever were.
    pub(crate) fn end(&mut self) -> Vec<Record> {
        self.engine.end(&self.epoll, Instant::now() + REAP_WITHIN);
        std::mem::take(&mut self.engine.records)
    }

    /// The pids of the workers.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.engine.members.iter().map(|member| member.started.pid())
    }

    /// How many workers were started so far.
    pub(crate) fn started(&self) -> u64 {
        self.engine.tally.started
    }
}
