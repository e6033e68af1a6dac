//! The pool's engine: which worker gets which task, what comes back, who has died and who takes its place.
//!
//! Nothing in here waits but the start of a worker. [`drive`](super::drive) waits, and calls in here under the pool's lock.

use std::collections::{BTreeMap, VecDeque};
use std::iter;
use std::time::{Duration, Instant};

use nix::sys::epoll::Epoll;

use super::config::{Config, Record, Tally};
use super::line::Line;
use super::link::{Looker, Rings, Transport};
use super::member::{Held, Member};
use super::seat::SEAT_BYTES;
use super::wire::{Header, Tag, begin_frame, end_frame};
use super::work::Job;
use crate::error::{Error, Kind};
use crate::frame;
use crate::meter::Traffic;
use crate::start::Starter;
use crate::sys::shared::Shared;
use crate::waiting;

/// A worker gets no further task while more than this waits for room in its socket: so that of large items only one or two are
/// encoded at a time.
const UNSENT_BYTES: usize = 128 << 10;

/// How long a failed start is not tried again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Why a pool does nothing any more.
#[derive(Clone, Debug)]
pub(super) enum Broken {
    /// Too many workers in a row ended before they could work.
    Initializer { times: usize, why: String },
    /// Too many could not be started.
    Start { why: String },
    /// It was ended.
    Ended,
}

impl Broken {
    pub(super) fn error(&self) -> Error {
        match self.clone() {
            Self::Initializer { times, why } => Kind::InitializerFailed { times, why },
            Self::Start { why } => Kind::PoolBroken { why },
            Self::Ended => Kind::Closed,
        }
        .into()
    }
}

/// Everything of a pool that its lock guards.
pub(super) struct Engine {
    pub(super) config: Config,
    pub(super) members: Vec<Member>,
    pub(super) jobs: BTreeMap<u64, Box<dyn Job>>,
    /// Jobs that have tasks which were never sent, in the order in which they came.
    queue: Line,
    /// How many tasks all jobs together have which were never sent. Whatever changes a job's changes this: see [`Engine::change`].
    never_sent: u64,
    /// Tasks that are sent again, before all others.
    pub(super) again: VecDeque<Held>,
    /// Jobs that nobody waits for.
    pub(super) orphans: Vec<u64>,
    pub(super) tally: Tally,
    pub(super) records: Vec<Record>,
    pub(super) broken: Option<Broken>,
    /// No new jobs; workers leave when there is nothing to do.
    pub(super) is_closing: bool,
    /// Whether a thread waits for events, and how many wait for that one.
    pub(super) is_driven: bool,
    pub(super) waiting: usize,
    /// Whether the last reply that was alone under way came at once.
    pub(super) is_quick: bool,
    /// When the driver last asked the kernel what has happened. One that finds what it wants in rings need not ask each time.
    pub(super) asked: Instant,
    pub(super) looker: Looker,
    pub(super) starter: Option<Starter>,
    preparation: Vec<u8>,
    jobs_ever: u64,
    pub(super) failed_starts: usize,
    pub(super) retry_at: Option<Instant>,
    /// No start is waited for longer than this.
    pub(super) start_by: Option<Instant>,
    /// What was encoded since the meter was last told.
    pub(super) dumped: Traffic,
}

impl Engine {
    pub(super) fn new(config: Config, starter: Starter, preparation: Vec<u8>) -> Self {
        Self {
            config,
            members: Vec::new(),
            jobs: BTreeMap::new(),
            queue: Line::default(),
            never_sent: 0,
            again: VecDeque::new(),
            orphans: Vec::new(),
            tally: Tally::default(),
            records: Vec::new(),
            broken: None,
            is_closing: false,
            is_driven: false,
            waiting: 0,
            is_quick: false,
            asked: Instant::now(),
            looker: Looker::default(),
            starter: Some(starter),
            preparation,
            jobs_ever: 0,
            failed_starts: 0,
            retry_at: None,
            start_by: None,
            dumped: Traffic::default(),
        }
    }

    /// Takes over a job. Its items may follow, by [`change`](Self::change).
    pub(super) fn add_job(&mut self, job: Box<dyn Job>) -> Result<u64, Error> {
        if let Some(broken) = &self.broken {
            return Err(broken.error());
        }
        if self.is_closing {
            return Err(Kind::Closed.into());
        }
        self.jobs_ever += 1;
        self.never_sent += job.unsent();
        self.jobs.insert(self.jobs_ever, job);
        Ok(self.jobs_ever)
    }

    /// A job has tasks that were never sent.
    pub(super) fn has_tasks(&mut self, job: u64) {
        if self.broken.is_some() {
            return self.fail_jobs();
        }
        self.queue.push(job);
    }

    /// Changes a job, and keeps count of its tasks that were never sent; none if there is no such job.
    pub(super) fn change<R>(&mut self, job: u64, change: impl FnOnce(&mut dyn Job, &mut Tally) -> R) -> Option<R> {
        let job = self.jobs.get_mut(&job)?.as_mut();
        let before = job.unsent();
        let changed = change(job, &mut self.tally);
        self.never_sent = self.never_sent - before + job.unsent();
        Some(changed)
    }

    /// Fails everything that is under way, because the pool is broken.
    pub(super) fn fail_jobs(&mut self) {
        let Some(broken) = self.broken.clone() else { return };
        let Self { jobs, tally, queue, again, members, .. } = self;
        queue.clear();
        let held = members.iter_mut().flat_map(|member| member.held.drain(..)).chain(again.drain(..));
        for Held { job, task } in held {
            if let Some(job) = jobs.get_mut(&job) {
                job.fail(task, tally, &|| broken.error());
            }
        }
        for job in jobs.values_mut() {
            while let Some(task) = job.next() {
                job.fail(task, tally, &|| broken.error());
            }
        }
        self.never_sent = 0;
    }

    /// Takes a job that is settled, or calls off what was not sent of it: then its answers are dropped as they come.
    pub(super) fn remove_job(&mut self, number: u64) -> Option<Box<dyn Job>> {
        let is_settled = self.change(number, |job, tally| {
            job.cancel(tally);
            job.is_settled()
        })?;
        self.queue.remove(number);
        if !is_settled {
            self.orphans.push(number);
            return None;
        }
        let job = self.jobs.remove(&number)?;
        for member in &mut self.members {
            member.forget(number);
        }
        Some(job)
    }

    /// Does everything that can be done without waiting.
    pub(super) fn pump(&mut self, epoll: &Epoll) {
        let now = Instant::now();
        self.watch_the_clock(now);
        if self.members.len() < self.config.workers {
            self.replace(epoll, now);
        }
        self.dispatch(now);
        let Self { members, tally, config, .. } = self;
        for member in members {
            if member.unsent_bytes() > 0 && member.flush(epoll, tally).is_err() {
                member.is_broken = true;
            }
            if member.is_broken && member.kill_at.is_none() {
                member.kill_at = Some(waiting::later(now, config.grace));
            }
        }
    }

    /// Starts workers until there are as many as there should be.
    fn replace(&mut self, epoll: &Epoll, now: Instant) {
        let is_done = self.is_closing && self.unsent() == 0;
        if is_done || self.broken.is_some() || self.retry_at.is_some_and(|retry_at| now < retry_at) {
            return;
        }
        while self.members.len() < self.config.workers {
            if let Err(fault) = self.start_worker(epoll) {
                self.failed_starts += 1;
                self.retry_at = Some(now + RETRY_AFTER);
                if self.failed_starts >= self.config.failed_starts && self.members.is_empty() {
                    self.broken = Some(Broken::Start { why: fault.to_string() });
                    self.fail_jobs();
                }
                return;
            }
        }
    }

    /// Starts one worker. It is ready later.
    pub(super) fn start_worker(&mut self, epoll: &Epoll) -> Result<(), Error> {
        let failed = "making room for a worker";
        let starter = self.starter.as_ref().ok_or(Kind::Closed)?;
        let memory = Shared::create(SEAT_BYTES).map_err(Error::io(failed))?;
        let number = self.tally.started + 1;
        let now = Instant::now();
        let deadline = waiting::later(now, self.config.start_limit);
        let rings = match self.config.transport {
            Transport::Stream => None,
            Transport::Ring => Some(Rings::create().map_err(Error::io(failed))?),
        };
        let descriptors: Vec<_> = iter::once(memory.fd()).chain(rings.iter().map(Rings::memory)).collect();
        let deadline = self.start_by.map_or(deadline, |start_by| start_by.min(deadline));
        let started = starter.start([number, 0], &descriptors, &self.preparation, deadline)?;
        let prepared = frame::bytes(self.preparation.len());
        let member = Member::new(number, started, memory, rings, prepared as u64, now);
        member.watch(epoll).map_err(|fault| Error::io(failed)(fault))?;
        self.tally.started = number;
        self.retry_at = None;
        self.members.push(member);
        Ok(())
    }

    /// How many tasks wait for a worker.
    fn unsent(&self) -> u64 {
        self.again.len() as u64 + self.never_sent
    }

    /// Whether a pool that takes nothing more has done everything, and its workers have left.
    pub(super) fn is_done(&self) -> bool {
        self.members.is_empty() && self.unsent() == 0
    }

    /// Gives tasks to every worker that may have more.
    fn dispatch(&mut self, now: Instant) {
        let mut unsent = self.unsent();
        if unsent > 0 {
            let sharers = 2 * self.config.workers as u64;
            for place in 0..self.members.len() {
                // The fewer are left the fewer each gets, so that all end at about the same time.
                let share = usize::try_from(unsent / sharers).unwrap_or(usize::MAX).max(1);
                let member = &mut self.members[place];
                if member.held.is_empty() {
                    member.pace_begins(now);
                    member.watched = (member.watched.0, now);
                }
                let credits = member.window.min(share);
                while self.members[place].held.len() < credits && self.may_have_more(place) {
                    let Some(held) = self.next_task() else { break };
                    unsent = unsent.saturating_sub(1);
                    self.give(place, held);
                }
            }
        }
        if self.is_closing && self.unsent() == 0 {
            self.members.iter_mut().for_each(Member::leave);
        }
    }

    fn may_have_more(&self, place: usize) -> bool {
        let member = &self.members[place];
        !member.is_leaving && !member.is_broken && !member.is_overdue && member.unsent_bytes() < UNSENT_BYTES
    }

    fn next_task(&mut self) -> Option<Held> {
        if let Some(again) = self.again.pop_front() {
            return Some(again);
        }
        while let Some(number) = self.queue.first() {
            match self.change(number, |job, _| job.next()).flatten() {
                Some(task) => return Some(Held { job: number, task }),
                None => self.queue.remove(number),
            }
        }
        None
    }

    /// Writes a task, and before it what its worker must know for it, into the worker's buffer.
    fn give(&mut self, place: usize, held: Held) {
        let Self { members, jobs, tally, config, dumped, .. } = self;
        let (member, Some(job)) = (&mut members[place], jobs.get_mut(&held.job)) else { return };
        if !member.learn(held.job) {
            let job_frame = Header::new(Tag::Job, held.job, 0, 0);
            member.say(job_frame, job.preamble()).expect("a function that is too long was refused before");
            tally.functions += 1;
            dumped.add_one(job.preamble().len());
        }
        let composed = member.compose(|out| {
            let begin = begin_frame(out, Header::new(Tag::Task, held.job, held.task, 0));
            let Some(count) = job.encode(held.task, out, tally) else {
                out.truncate(begin);
                return Ok(None);
            };
            out[begin + 4..begin + 8].copy_from_slice(&count.to_le_bytes());
            end_frame(out, begin).map(Some)
        });
        match composed {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                member.held.push_back(held);
                member.given += 1;
                tally.tasks += 1;
                dumped.add_one(bytes);
                if config.tasks_per_worker == Some(member.given) {
                    member.leave();
                }
            }
            Err(fault) => {
                job.fail(held.task, tally, &|| Kind::Encode { what: "a task", why: fault.to_string() }.into())
            }
        }
    }
}
