//! What the engine does about what happens: replies, deaths, and time that has run out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollEvent};

use super::engine::{Broken, Engine};
use super::link::before_a_look;
use super::member::{Held, Member};
use super::wire::{Tag, frame_bytes};
use crate::error::{Kind, Loss};
use crate::meter::{self, Traffic};
use crate::start::REAP_WITHIN;
use crate::sys::pid::Status;
use crate::waiting;

/// The longest that a driver waits without a look around.
const HEARTBEAT: Duration = Duration::from_secs(1);

impl Engine {
    /// Deals with what epoll has told.
    pub(super) fn handle(&mut self, epoll: &Epoll, events: &[EpollEvent]) {
        for place in 0..self.members.len() {
            if self.members[place].has_some() {
                self.receive(place);
            }
        }
        // Replies before ends: an end takes its worker out, and drains it first anyway.
        for event in events.iter().filter(|event| event.data() & 1 == 0) {
            if let Some(place) = self.place_of(event.data() >> 1) {
                self.members[place].hear();
                self.receive(place);
                if self.members[place].is_broken {
                    // Its end is told by its process; the socket would say the same again and again.
                    let _ = epoll.delete(self.members[place].started.socket());
                }
            }
        }
        for event in events.iter().filter(|event| event.data() & 1 == 1) {
            if let Some(place) = self.place_of(event.data() >> 1) {
                self.bury(epoll, place);
            }
        }
        self.drop_orphans();
    }

    fn place_of(&self, number: u64) -> Option<usize> {
        self.members.iter().position(|member| member.number == number)
    }

    /// Takes everything that has come from a worker.
    fn receive(&mut self, place: usize) {
        loop {
            let more = self.members[place].receive(&mut self.tally);
            self.take_frames(place);
            if !more {
                return;
            }
        }
    }

    fn take_frames(&mut self, place: usize) {
        let begin = Instant::now();
        let Self { members, jobs, tally, config, failed_starts, dumped, .. } = self;
        let member = &mut members[place];
        let Member { inbox, held, is_broken, is_ready, complaint, .. } = member;
        let (mut replies, mut frames, mut loads) = (0, Traffic::default(), Traffic::default());
        loop {
            let (header, body) = match inbox.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => {
                    *is_broken = true;
                    break;
                }
            };
            frames.add_one(frame_bytes(header));
            match header.tag {
                Tag::Reply if held.front() == Some(&Held { job: header.job, task: header.task }) => {
                    held.pop_front();
                    replies += 1;
                    loads.add_one(body.len());
                    if let Some(job) = jobs.get_mut(&header.job) {
                        job.accept(header.task, body, tally);
                    }
                }
                Tag::Ready => (*is_ready, *failed_starts) = (true, 0),
                Tag::Failed => *complaint = Some(String::from_utf8_lossy(body).into_owned()),
                // Nothing that this worker says makes sense any more.
                _ => *is_broken = true,
            }
        }
        member.answered += u64::from(replies);
        member.count_received(frames);
        if replies > 0 {
            *failed_starts = 0;
            member.pace(replies, begin, config.credits);
            let slot = meter::slot();
            slot.loads.add_many(Traffic { time: begin.elapsed(), ..loads });
            slot.dumps.add_many(std::mem::take(dumped));
        }
    }

    /// The place of the worker that holds the one task there is.
    pub(super) fn sole_holder(&self) -> Option<usize> {
        let mut holders = (0..self.members.len()).filter(|place| !self.members[*place].held.is_empty());
        let sole = holders.next().filter(|place| self.members[*place].held.len() == 1)?;
        holders.next().is_none().then_some(sole)
    }

    /// Whether something has come in a ring.
    pub(super) fn has_some(&self) -> bool {
        self.members.iter().any(Member::has_some)
    }

    /// Has every worker ring that puts something into its ring from now on; tells whether one has just done so, and the driver must not sleep.
    pub(super) fn arm(&self) -> bool {
        self.members.iter().for_each(Member::arm);
        before_a_look();
        self.has_some()
    }

    /// Nobody need ring any more: the driver is awake.
    pub(super) fn disarm(&self) {
        self.members.iter().for_each(Member::disarm);
    }

    /// Takes what has come from the worker at `place`; tells whether it holds nothing any more, or whether that has to be looked into.
    pub(super) fn has_answered(&mut self, place: usize) -> bool {
        self.receive(place);
        self.drop_orphans();
        self.members[place].held.is_empty() || self.members[place].is_broken
    }

    /// Forgets jobs that are over and that nobody waits for.
    fn drop_orphans(&mut self) {
        if !self.orphans.is_empty() {
            for orphan in std::mem::take(&mut self.orphans) {
                // It goes back to the orphans if it is not over yet.
                let job = self.remove_job(orphan);
                // Its outputs are the user's.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(job)));
            }
        }
    }

    /// A worker has ended: what it did is taken, what it was doing is lost, and what it had not begun another will do.
    fn bury(&mut self, epoll: &Epoll, place: usize) {
        self.receive(place);
        self.members[place].recover();
        self.take_frames(place);
        let mut member = self.members.remove(place);
        member.unwatch(epoll);
        let was_running = member.seat().begun() > member.answered;
        let lost = if was_running { member.held.pop_front() } else { None };
        self.tally.resent += member.held.len() as u64;
        self.again.extend(member.held.drain(..));
        let record = member.record(lost.is_some(), Instant::now() + REAP_WITHIN);
        let (pid, status) = (record.worker.pid, record.worker.status);
        self.records.push(record);
        if let Some(held) = lost {
            self.lose(held, &member, status);
        }
        if !member.is_ready && self.broken.is_none() {
            self.failed_starts += 1;
            if self.failed_starts >= self.config.failed_starts {
                let why = member.complaint.take().unwrap_or_else(|| format!("worker {pid} {status}"));
                self.broken = Some(Broken::Initializer { times: self.failed_starts, why });
                self.fail_jobs();
            }
        }
    }

    /// A task ended with its worker.
    fn lose(&mut self, held: Held, member: &Member, status: Status) {
        self.tally.lost += 1;
        let Some(job) = self.jobs.get_mut(&held.job) else { return };
        let (pid, function, Held { job: number, task }) = (member.started.pid(), job.function(), held);
        let loss = Loss { pid, status, torn: member.inbox.is_torn(), function, job: number, task };
        let limit = self.config.task_limit.filter(|_| member.is_overdue);
        job.fail(task, &mut self.tally, &|| match limit {
            Some(limit) => Kind::TaskOverdue { pid, function, task, limit }.into(),
            None => Kind::WorkerLost(loss).into(),
        });
    }

    /// Ends workers whose time has run out.
    pub(super) fn watch_the_clock(&mut self, now: Instant) {
        for place in 0..self.members.len() {
            let limit = self.config.task_limit;
            if limit.is_some_and(|limit| self.members[place].is_late(now, limit)) {
                // Its reply may be here already.
                self.receive(place);
                let member = &mut self.members[place];
                if limit.is_some_and(|limit| member.is_late(now, limit)) {
                    member.is_overdue = true;
                    member.started.signal(libc::SIGTERM);
                    member.kill_at = Some(waiting::later(now, self.config.grace));
                }
            }
            let member = &mut self.members[place];
            let too_slow = !member.is_ready && waiting::later(member.born, self.config.start_limit) <= now;
            if member.kill_at.is_some_and(|kill_at| kill_at <= now) || too_slow {
                member.started.kill();
                member.kill_at = Some(now + HEARTBEAT);
            }
        }
    }

    /// Kills every worker; what is under way fails. They are still to be reaped.
    pub(super) fn stop(&mut self) -> Vec<Member> {
        self.broken.get_or_insert(Broken::Ended);
        self.is_closing = true;
        self.members.iter().for_each(|member| member.started.kill());
        self.fail_jobs();
        std::mem::take(&mut self.members)
    }

    /// The same, and reaps them until `deadline`, all together.
    pub(super) fn end(&mut self, epoll: &Epoll, deadline: Instant) {
        for mut member in self.stop() {
            member.unwatch(epoll);
            self.records.push(member.record(false, deadline));
        }
    }

    /// When somebody has to look again, whatever happens.
    pub(super) fn next_look(&self, now: Instant) -> Instant {
        let tick = self.config.task_limit.map(|limit| (limit / 8).clamp(Duration::from_millis(1), HEARTBEAT / 10));
        let is_busy = self.members.iter().any(|member| !member.held.is_empty());
        let looks = self.members.iter().filter_map(|member| member.kill_at).chain(self.retry_at);
        looks.chain(tick.filter(|_| is_busy).map(|tick| now + tick)).fold(now + HEARTBEAT, Instant::min)
    }
}
