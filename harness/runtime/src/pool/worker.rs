//! What a worker of the pool does: takes tasks as they come, carries them out one after the other, and sends many replies in one write.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::link::Rings;
use super::seat::{JOURNAL_BYTES, SEAT_BYTES, Seat};
use super::serve::{Loaded, Serve, piece, refuse};
use super::wire::{Header, Inbox, KEPT_BYTES, Tag, add_frame, begin_frame, end_frame, frame_bytes};
use crate::codec::Loading;
use crate::error::{Error, Kind};
use crate::function::{self, panic_message};
use crate::meter::{Slot, Traffic};
use crate::start::{Arrival, LOST};
use crate::sys::shared::{Shared, set_current_slot};
use crate::trace;

/// Exit code of a worker whose initializer failed, as for any uncaught exception in CPython.
const INITIALIZER_FAILED: i32 = 1;

/// How many frames wait for others at most before they are sent together.
const FRAMES_AT_MOST: u64 = 32;

/// How many bytes of them.
const SEND_BYTES: usize = 16 << 10;

/// How long a reply waits for others, as far as the clock is looked at: see [`Clock`].
const SEND_WITHIN: Duration = Duration::from_micros(50);

/// The life of a worker that was executed, or forked by a fork server.
pub(crate) fn arrived(arrival: Arrival) -> Result<i32, Error> {
    run(arrival, |message| {
        let mut loading = Loading::of(message);
        if !loading.piece::<bool>()? {
            loading.finish()?;
            return Ok(Box::new(()));
        }
        let name: String = loading.piece()?;
        function::initialize(&name, loading)
    })
}

/// Runs a worker to its end and returns its exit code.
pub(super) fn run(
    mut arrival: Arrival,
    initialize: impl FnOnce(&[u8]) -> Result<Box<dyn Any>, Error>,
) -> Result<i32, Error> {
    let failed = "receiving a worker's preparation";
    let mut descriptors = std::mem::take(&mut arrival.descriptors).into_iter();
    let seat = descriptors.next().ok_or_else(|| Error::io(failed)(std::io::ErrorKind::UnexpectedEof.into()))?;
    // A pool that sends by rings sends them, too.
    let rings = descriptors.next().map(Rings::map).transpose().map_err(Error::io(failed))?;
    let memory = Shared::map(seat, SEAT_BYTES).map_err(Error::io(failed))?;
    // Mapped for the rest of this process's life: it counts in it to the end.
    let memory: &'static Shared = Box::leak(Box::new(memory));
    let seat: &'static Seat = memory.at(0);
    // From here on everything counts, the preparation first.
    set_current_slot(&seat.slot);
    let message = arrival.message()?;
    let mut desk = Desk::new(&arrival.socket, rings, seat);
    let state = match catch_unwind(AssertUnwindSafe(|| initialize(&message))) {
        Ok(Ok(state)) => state,
        Ok(Err(fault)) => return desk.give_up(&fault.to_string()),
        Err(panic) => return desk.give_up(&format!("it panicked: {}", panic_message(&*panic))),
    };
    drop(message);
    let ended = desk.work(&*state);
    // Never dropped: the process ends here and the kernel takes its memory back whole.
    std::mem::forget(state);
    Ok(if ended.is_ok() { 0 } else { LOST })
}

/// A job as its worker knows it.
struct Job {
    serve: Result<Serve, String>,
    loaded: Loaded,
}

/// Where a worker does its tasks and writes its replies.
struct Desk<'a> {
    socket: &'a File,
    /// What frames go by, if not by the socket.
    rings: Option<Rings>,
    seat: &'static Seat,
    jobs: BTreeMap<u64, Job>,
    /// Whole frames that were not sent yet.
    out: Vec<u8>,
    /// How many they are.
    frames: u64,
    /// How long the stream of frames is, without those.
    sent: u64,
    begun: u64,
    sums: Sums,
    clock: Clock,
}

/// What was counted since it was last told to the meter.
#[derive(Default)]
struct Sums {
    loads: Traffic,
    dumps: Traffic,
    reads: Traffic,
}

impl<'a> Desk<'a> {
    fn new(socket: &'a File, rings: Option<Rings>, seat: &'static Seat) -> Self {
        let clock = Clock::new();
        let (jobs, out, sums) = (BTreeMap::new(), Vec::new(), Sums::default());
        Self { socket, rings, seat, jobs, out, frames: 0, sent: 0, begun: 0, sums, clock }
    }

    /// Says why there will be no work, and returns the exit code.
    fn give_up(&mut self, why: &str) -> Result<i32, Error> {
        add_frame(&mut self.out, Header::new(Tag::Failed, 0, 0, 0), why.as_bytes())?;
        self.finished(0)?;
        self.send()?;
        Ok(INITIALIZER_FAILED)
    }

    fn work(&mut self, state: &dyn Any) -> Result<(), Error> {
        add_frame(&mut self.out, Header::new(Tag::Ready, 0, 0, 0), &[])?;
        self.finished(0)?;
        let mut inbox = Inbox::new();
        loop {
            while let Some((header, body)) = inbox.next()? {
                if !self.take(header, body, state)? {
                    return self.send();
                }
            }
            self.send()?;
            let mut socket = self.socket;
            let filled = inbox.fill(|room| match &self.rings {
                None => retried(|| socket.read(room)),
                Some(rings) => rings.wait_and_read(socket, room),
            });
            if filled.map_err(Error::io("waiting for tasks"))?.0 == 0 {
                return Ok(());
            }
            self.clock.restart();
        }
    }

    /// Does what a frame says; false if it says that this was all.
    fn take(&mut self, header: Header, body: &[u8], state: &dyn Any) -> Result<bool, Error> {
        self.sums.reads.add_one(frame_bytes(header));
        match header.tag {
            Tag::Job => {
                self.sums.loads.add_one(body.len());
                self.jobs.insert(header.job, job(body));
            }
            Tag::Task => {
                self.sums.loads.add_one(body.len());
                self.carry_out(header, body, state)?;
            }
            Tag::Forget => drop(self.jobs.remove(&header.job)),
            Tag::Leave => return Ok(false),
            Tag::Ready | Tag::Failed | Tag::Reply => return Err(misplaced(header)),
        }
        Ok(true)
    }

    fn carry_out(&mut self, header: Header, body: &[u8], state: &dyn Any) -> Result<(), Error> {
        let job = self.jobs.get_mut(&header.job).ok_or_else(|| misplaced(header))?;
        self.begun += 1;
        self.seat.begin(self.begun);
        let reply = Header { tag: Tag::Reply, ..header };
        let begin = begin_frame(&mut self.out, reply);
        trace::about(header.job, header.task);
        let span = trace::span(trace::Kind::Work);
        match &job.serve {
            Ok(serve) => serve(&mut job.loaded, state, header.count, body, &mut self.out),
            Err(why) => refuse(header.count, body, why, &mut self.out),
        }
        drop(span);
        let length = end_frame(&mut self.out, begin).or_else(|fault| {
            begin_frame(&mut self.out, reply);
            refuse(header.count, body, &fault.to_string(), &mut self.out);
            end_frame(&mut self.out, begin)
        })?;
        self.sums.dumps.add_one(length);
        self.seat.slot.task_ended();
        self.finished(begin)?;
        let late = self.clock.task_ended(&self.seat.slot);
        let many = self.frames >= FRAMES_AT_MOST || self.out.len() >= SEND_BYTES;
        if late || many { self.send() } else { Ok(()) }
    }

    /// Makes the frame that begins at `begin` safe: in the journal or, if it is too long for that, by sending it.
    fn finished(&mut self, begin: usize) -> Result<(), Error> {
        self.frames += 1;
        if self.out.len() > JOURNAL_BYTES {
            // What stands before it fits, and stays in the journal until all of this is sent.
            return self.send();
        }
        self.seat.keep(self.sent + begin as u64, &self.out[begin..]);
        self.seat.commit(self.sent + self.out.len() as u64);
        Ok(())
    }

    /// Sends everything, and tells the meter what was counted.
    fn send(&mut self) -> Result<(), Error> {
        let slot = &self.seat.slot;
        let Sums { loads, dumps, reads } = std::mem::take(&mut self.sums);
        slot.loads.add_many(loads);
        slot.dumps.add_many(dumps);
        slot.reads.add_many(reads);
        if self.out.is_empty() {
            return Ok(());
        }
        let begin = Instant::now();
        let mut socket = self.socket;
        let sent = match &self.rings {
            None => socket.write_all(&self.out),
            Some(rings) => rings.write_all(socket, &self.out),
        };
        sent.map_err(Error::io("sending replies"))?;
        let bytes = self.out.len() as u64;
        self.sent += bytes;
        self.seat.commit(self.sent);
        slot.writes.add_many(Traffic { calls: self.frames, bytes, time: begin.elapsed() });
        self.frames = 0;
        self.out.clear();
        self.out.shrink_to(KEPT_BYTES);
        Ok(())
    }
}

/// Reads the clock seldom if tasks are short: once in about [`LOOK_AFTER`].
struct Clock {
    looked: Instant,
    tasks: u32,
    look_at: u32,
}

/// How much time goes by between two looks at the clock, if tasks are as long as the last ones.
const LOOK_AFTER: Duration = Duration::from_micros(20);

/// How many tasks go by at most.
const TASKS_AT_MOST: u32 = 64;

impl Clock {
    fn new() -> Self {
        Self { looked: Instant::now(), tasks: 0, look_at: 1 }
    }

    /// What went by until now was no work.
    fn restart(&mut self) {
        (self.looked, self.tasks) = (Instant::now(), 0);
    }

    /// Counts a task; if this is a moment to look, adds the time since the last and tells whether replies have waited too long.
    fn task_ended(&mut self, slot: &Slot) -> bool {
        self.tasks += 1;
        if self.tasks < self.look_at {
            return false;
        }
        let now = Instant::now();
        let passed = now - self.looked;
        slot.add_work(passed);
        let each = (passed / self.tasks).max(Duration::from_nanos(1));
        let tasks = LOOK_AFTER.as_nanos() / each.as_nanos();
        self.look_at = u32::try_from(tasks).unwrap_or(TASKS_AT_MOST).clamp(1, TASKS_AT_MOST);
        (self.looked, self.tasks) = (now, 0);
        passed >= SEND_WITHIN
    }
}

/// Finds the function of a job by its name.
fn job(body: &[u8]) -> Job {
    let mut rest = body;
    let name = piece(&mut rest).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
    Job { serve: function::serve(name).map_err(|fault| fault.to_string()), loaded: Loaded::new(rest) }
}

fn misplaced(header: Header) -> Error {
    Kind::Decode { what: "a frame", why: format!("a {:?} frame has no place here", header.tag) }.into()
}

fn retried(mut attempt: impl FnMut() -> std::io::Result<usize>) -> std::io::Result<usize> {
    loop {
        match attempt() {
            Err(fault) if fault.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
