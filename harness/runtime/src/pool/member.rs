//! One worker as the pool's engine sees it: its process, its socket, and the tasks it holds.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};

use super::config::{Record, Tally};
use super::link::{self, Rings};
use super::seat::Seat;
use super::wire::{Header, Inbox, KEPT_BYTES, Tag, add_frame};
use crate::error::Error;
use crate::meter::{Traffic, WorkerReport};
use crate::start::Started;
use crate::sys::pid::{Status, Usage};
use crate::sys::shared::Shared;

/// A task that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) job: u64,
    pub(super) task: u64,
}

pub(super) struct Member {
    /// Which worker of this pool, counted from 1; never used again.
    pub(super) number: u64,
    pub(super) started: Started,
    memory: Shared,
    /// What frames go by, if not by the socket.
    rings: Option<Rings>,
    pub(super) inbox: Inbox,
    /// Whole frames that are not, or not all, sent.
    out: Vec<u8>,
    /// How much of them is.
    out_sent: usize,
    /// Whether the socket is watched for room.
    wants_room: bool,
    /// The tasks it was sent and has not answered, in the order in which it takes them.
    pub(super) held: VecDeque<Held>,
    /// How many it has answered.
    pub(super) answered: u64,
    /// How many it was sent.
    pub(super) given: u64,
    /// The jobs whose function it has.
    known: BTreeSet<u64>,
    /// How many tasks it may hold now: see [`Member::pace`].
    pub(super) window: usize,
    pace_since: Instant,
    /// How many tasks it had begun when that was last seen to change, and when.
    pub(super) watched: (u64, Instant),
    pub(super) is_ready: bool,
    /// It was told to leave.
    pub(super) is_leaving: bool,
    /// It was told to end because its task took too long.
    pub(super) is_overdue: bool,
    /// Its socket has ended, or makes no sense.
    pub(super) is_broken: bool,
    /// When it is killed if it still lives.
    pub(super) kill_at: Option<Instant>,
    /// Why its initializer failed.
    pub(super) complaint: Option<String>,
    /// When it was started.
    pub(super) born: Instant,
    /// How many bytes came from it.
    stream: u64,
    sent: Traffic,
    received: Traffic,
}

impl Member {
    /// Takes charge of a worker that was sent a preparation of `prepared` bytes.
    pub(super) fn new(
        number: u64,
        started: Started,
        memory: Shared,
        rings: Option<Rings>,
        prepared: u64,
        now: Instant,
    ) -> Self {
        Self {
            number,
            started,
            memory,
            rings,
            inbox: Inbox::new(),
            out: Vec::new(),
            out_sent: 0,
            wants_room: false,
            held: VecDeque::new(),
            answered: 0,
            given: 0,
            known: BTreeSet::new(),
            window: 1,
            pace_since: now,
            watched: (0, now),
            is_ready: false,
            is_leaving: false,
            is_overdue: false,
            is_broken: false,
            kill_at: None,
            complaint: None,
            born: now,
            stream: 0,
            sent: Traffic { calls: 1, bytes: prepared, ..Traffic::default() },
            received: Traffic::default(),
        }
    }

    pub(super) fn seat(&self) -> &Seat {
        self.memory.at(0)
    }

    /// Watches its socket, for what comes and for its end, and its process.
    pub(super) fn watch(&self, epoll: &Epoll) -> io::Result<()> {
        epoll.add(self.started.socket(), EpollEvent::new(EpollFlags::EPOLLIN, self.number << 1))?;
        Ok(epoll.add(self.started.exit_event(), EpollEvent::new(EpollFlags::EPOLLIN, self.number << 1 | 1))?)
    }

    /// How many bytes wait to be sent.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.out.len() - self.out_sent
    }

    /// Whether it has the function of `job`; it is about to get it if not.
    pub(super) fn learn(&mut self, job: u64) -> bool {
        !self.known.insert(job)
    }

    /// Lets it forget a job that is over, with the next thing that it is sent.
    pub(super) fn forget(&mut self, job: u64) {
        if self.known.remove(&job) {
            if self.is_leaving {
                return;
            }
            self.say(Header::new(Tag::Forget, job, 0, 0), &[]).expect("a frame without a body is not too long");
        }
    }

    /// Lets it leave once it has done what it holds.
    pub(super) fn leave(&mut self) {
        if !self.is_leaving {
            self.is_leaving = true;
            self.say(Header::new(Tag::Leave, 0, 0, 0), &[]).expect("a frame without a body is not too long");
        }
    }

    /// Adds a frame to what waits to be sent.
    pub(super) fn say(&mut self, header: Header, body: &[u8]) -> Result<(), Error> {
        self.compose(|out| add_frame(out, header, body))
    }

    /// Lets `write` add one frame at the end of what waits to be sent; one that fails must take back what it has added.
    pub(super) fn compose<R>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<R, Error>) -> Result<R, Error> {
        let begin = self.out.len();
        let composed = write(&mut self.out)?;
        if self.out.len() > begin {
            self.sent.add_one(self.out.len() - begin);
        }
        Ok(composed)
    }

    /// Sends as much as there is room for.
    pub(super) fn flush(&mut self, epoll: &Epoll, tally: &mut Tally) -> io::Result<()> {
        let mut full = false;
        while self.out_sent < self.out.len() && !self.is_broken && !full {
            tally.writes += 1;
            match self.write(&self.out[self.out_sent..]) {
                Ok(written) => self.out_sent += written,
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => full = true,
                // It is ending; what is left to read and its exit event will say more.
                Err(_) => self.is_broken = true,
            }
        }
        if self.out_sent == self.out.len() || self.is_broken {
            self.out.clear();
            self.out.shrink_to(KEPT_BYTES);
            self.out_sent = 0;
        }
        if self.rings.is_none() && self.wants_room != full {
            self.wants_room = full;
            let room = if full { EpollFlags::EPOLLOUT } else { EpollFlags::empty() };
            let mut event = EpollEvent::new(EpollFlags::EPOLLIN | room, self.number << 1);
            epoll.modify(self.started.socket(), &mut event)?;
        }
        Ok(())
    }

    /// Reads what is there, once. False if there is nothing now.
    pub(super) fn receive(&mut self, tally: &mut Tally) -> bool {
        loop {
            tally.reads += 1;
            let (mut socket, rings) = (self.started.socket(), &self.rings);
            let filled = self.inbox.fill(|room| match rings {
                None => socket.read(room),
                Some(rings) => rings.read(socket, room),
            });
            match filled {
                Ok((0, _)) => {
                    self.is_broken = true;
                    return false;
                }
                Ok((got, filled)) => {
                    self.stream += got as u64;
                    return filled;
                }
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => {
                    self.is_broken = true;
                    return false;
                }
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.rings {
            None => self.started.socket().write(bytes),
            Some(rings) => rings.write(self.started.socket(), bytes),
        }
    }

    /// Its rings, unless they make no sense.
    fn sound_rings(&self) -> Option<(&Rings, &File)> {
        self.rings.as_ref().filter(|_| !self.is_broken).map(|rings| (rings, self.started.socket()))
    }

    /// Whether something has come in its ring.
    pub(super) fn has_some(&self) -> bool {
        self.sound_rings().is_some_and(|(rings, socket)| rings.has_some(socket))
    }

    /// Asks it to ring when it has put something into its ring: see [`Rings::arm`].
    pub(super) fn arm(&self) {
        if let Some((rings, socket)) = self.sound_rings() {
            rings.arm(socket);
        }
    }

    /// It need not ring any more.
    pub(super) fn disarm(&self) {
        if let Some((rings, socket)) = self.sound_rings() {
            rings.disarm(socket);
        }
    }

    /// Takes what it has rung, if it has rings: its socket says nothing else.
    pub(super) fn hear(&mut self) {
        let heard = self.rings.as_ref().map(|_| link::hear(self.started.socket()));
        self.is_broken |= match heard {
            None | Some(Ok(true)) => false,
            Some(Ok(false)) => true,
            Some(Err(fault)) => fault.kind() != io::ErrorKind::WouldBlock,
        };
    }

    /// Counts frames that came.
    pub(super) fn count_received(&mut self, frames: Traffic) {
        self.received.calls += frames.calls;
        self.received.bytes += frames.bytes;
    }

    /// Whether it has been at one task for longer than `limit`, as far as is known. The clock of a task begins when it is first seen to
    /// have begun: nobody is ended too early.
    pub(super) fn is_late(&mut self, now: Instant, limit: Duration) -> bool {
        let begun = self.seat().begun();
        if begun != self.watched.0 {
            self.watched = (begun, now);
        }
        !self.is_overdue && begun > self.answered && now.saturating_duration_since(self.watched.1) >= limit
    }

    /// Takes from its journal what it has not sent any more. It has ended, and everything that it sent was received.
    pub(super) fn recover(&mut self) {
        let unsent = self.seat().unsent(self.stream);
        self.stream += unsent.len() as u64;
        self.inbox.add(&unsent);
    }

    /// Adapts how many tasks it may hold to how long they take: many short ones, so that it never waits for the next; few long ones, so
    /// that another that is free does not wait for them.
    pub(super) fn pace(&mut self, answers: u32, now: Instant, credits: usize) {
        let each = (now - self.pace_since) / answers.max(1);
        self.pace_since = now;
        let all = each.saturating_mul(u32::try_from(self.window).unwrap_or(u32::MAX));
        if each < SHORT && all < HELD / 2 {
            self.window = (self.window * 2).min(credits);
        } else if each > LONG || all > 2 * HELD {
            self.window = (self.window / 2).max(1);
        }
    }

    /// It was idle until now.
    pub(super) fn pace_begins(&mut self, now: Instant) {
        self.pace_since = now;
    }

    /// Reaps it, until `deadline`, and says what there is to be said. It has ended or was killed.
    pub(super) fn record(&mut self, lost: bool, deadline: Instant) -> Record {
        // If the kernel cannot tell how it ended, nobody can.
        let ended = self.started.wait_until(deadline).ok().flatten();
        let (status, usage) = ended.unwrap_or((Status::Unknown, Usage::default()));
        let counts = self.seat().slot.counts();
        Record {
            worker: WorkerReport { pid: self.started.pid(), status, counts, usage },
            sent: self.sent,
            received: self.received,
            answered: self.answered,
            lost,
        }
    }

    /// Is watched no longer.
    pub(super) fn unwatch(&self, epoll: &Epoll) {
        // What is not watched, because that failed, need not be taken off.
        let _ = epoll.delete(self.started.socket().as_fd());
        let _ = epoll.delete(self.started.exit_event());
    }
}

/// Tasks shorter than this are held in growing numbers.
const SHORT: Duration = Duration::from_millis(1);

/// As long as all of them together take less than this.
const HELD: Duration = Duration::from_millis(64);

/// Tasks longer than this in falling numbers.
const LONG: Duration = Duration::from_millis(2);
