//! Who waits for events: whichever thread waits for a result drives the engine, and no other thread is needed.
//!
//! One thread at a time is the driver. It holds the lock while it works and gives it away while it waits in epoll(7), so that others can
//! hand in work and take results meanwhile; they wait until it says that something has come. A driver that has what it wants wakes
//! another, which drives on.

use std::sync::Condvar;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollEvent, EpollTimeout};

use super::config::{Config, Record, Tally};
use super::engine::Engine;
use super::hold::{Desk, Hold};
use super::link::Transport;
use super::member::Member;
use super::work::{Job, Work};
use crate::error::Error;
use crate::function::Function;
use crate::start::REAP_WITHIN;

/// How many events are taken at a time.
const EVENTS: usize = 64;

/// A reply that takes no longer than this is waited for without sleeping: about three round trips by a socket.
const QUICK: Duration = Duration::from_micros(30);

/// How long a driver goes on with what it finds in rings before it asks the kernel who has ended.
const ASK_EVERY: Duration = Duration::from_millis(1);

pub(super) struct Shop {
    /// What never changes can be had without the lock.
    pub(super) config: Config,
    desk: Desk,
    epoll: Epoll,
    turned: Condvar,
}

impl Shop {
    pub(super) fn new(engine: Engine, epoll: Epoll) -> Self {
        Self { config: engine.config, desk: Desk::new(engine), epoll, turned: Condvar::new() }
    }

    /// The engine; an error if this thread holds it already.
    pub(super) fn try_lock(&self) -> Result<Hold<'_>, Error> {
        self.desk.lock()
    }

    /// The engine.
    ///
    /// # Panics
    /// If this thread holds it already: the user's code that does so is encoded, decoded or dropped under the lock, and its panic is caught
    /// there, and is the error of its item.
    #[track_caller]
    pub(super) fn lock(&self) -> Hold<'_> {
        self.desk.lock().unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// Forgets a job that nobody waits for any more. If this thread holds the engine already, that is done before it lets it go.
    pub(super) fn drop_job(&self, job: u64) {
        match self.desk.lock() {
            Ok(mut engine) => {
                let dropped = engine.remove_job(job);
                drop(engine);
                // Its outputs are the user's, and dropped without the lock.
                drop(dropped);
            }
            Err(_) => self.desk.leave(Some(job)),
        }
    }

    /// The pool is dropped: ends it. If this thread holds the engine already, that is done before it lets it go.
    pub(super) fn drop_pool(&self) {
        if self.desk.is_mine() {
            return self.desk.leave(None);
        }
        self.end(Instant::now() + REAP_WITHIN);
        let starter = self.lock().starter.take();
        drop(starter);
    }

    /// Hands in a job with its first items, and begins with it.
    pub(super) fn submit<F: Function>(&self, work: Work<F>, items: Vec<F::Item>) -> Result<u64, Error> {
        let mut engine = self.try_lock()?;
        let number = engine.add_job(Box::new(work))?;
        self.add(&mut engine, number, |work: &mut Work<F>, tally| work.add(items, tally));
        Ok(number)
    }

    /// Hands in further items of a job.
    pub(super) fn submit_more<F: Function>(&self, job: u64, items: Vec<F::Item>) {
        self.add(&mut self.lock(), job, |work: &mut Work<F>, tally| work.add(items, tally));
    }

    fn add<F: Function>(&self, engine: &mut Engine, job: u64, add: impl FnOnce(&mut Work<F>, &mut Tally)) {
        let added = engine.change(job, |job, tally| work_of(job).map(|work| add(work, tally)));
        if added.flatten().is_some() {
            engine.has_tasks(job);
            engine.pump(&self.epoll);
        }
    }

    /// Looks at what has happened, without waiting.
    pub(super) fn look(&self) -> Hold<'_> {
        let mut engine = self.lock();
        if !engine.is_driven {
            let mut events = [EpollEvent::empty(); EVENTS];
            let happened = self.wait(&mut events, None);
            engine.handle(&self.epoll, &events[..happened]);
        }
        engine.pump(&self.epoll);
        engine
    }

    /// Drives the engine, or lets another thread drive it, until `ready` finds what it looks for; none if that is not before `deadline`.
    pub(super) fn wait_for<R>(
        &self,
        deadline: Option<Instant>,
        mut ready: impl FnMut(&mut Engine) -> Option<R>,
    ) -> Option<R> {
        let mut engine = self.lock();
        let found = loop {
            let found = ready(&mut engine);
            if found.is_some() || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                break found;
            }
            if engine.is_driven {
                engine = self.wait_for_driver(engine, deadline);
            } else {
                engine.pump(&self.epoll);
                let found = ready(&mut engine);
                if found.is_some() {
                    break found;
                }
                engine = self.drive(engine, deadline);
            }
        };
        // Somebody must go on driving. Whoever is woken and need not drive either comes past here, too.
        if engine.waiting > 0 && !engine.is_driven {
            self.turned.notify_one();
        }
        found
    }

    /// Ends every worker now, and reaps it, until `deadline` all together; what is under way fails. Only the kill is done under the lock.
    pub(super) fn end(&self, deadline: Instant) {
        let members = self.lock().stop();
        self.turned.notify_all();
        let records: Vec<_> = members.into_iter().map(|mut member| self.reap(&mut member, deadline)).collect();
        self.lock().records.extend(records);
    }

    fn reap(&self, member: &mut Member, deadline: Instant) -> Record {
        member.unwatch(&self.epoll);
        member.record(false, deadline)
    }

    /// Starts the first workers.
    pub(super) fn start(&self) -> Result<(), Error> {
        let mut engine = self.lock();
        (0..engine.config.workers).try_for_each(|_| engine.start_worker(&self.epoll))
    }

    /// Waits for events, and deals with them.
    fn drive<'a>(&'a self, mut engine: Hold<'a>, deadline: Option<Instant>) -> Hold<'a> {
        let now = Instant::now();
        let by_ring = engine.config.transport == Transport::Ring;
        // Ends are told by the kernel alone.
        if by_ring && now - engine.asked < ASK_EVERY && engine.looker.look(|| engine.has_some()) {
            engine.handle(&self.epoll, &[]);
            if engine.waiting > 0 {
                self.turned.notify_all();
            }
            return engine;
        }
        let awaits_one = engine.sole_holder().filter(|_| !by_ring);
        if awaits_one.filter(|_| engine.is_quick).is_some_and(|place| glance(&mut engine, place, now)) {
            if engine.waiting > 0 {
                self.turned.notify_all();
            }
            return engine;
        }
        let until = engine.next_look(now);
        engine.is_driven = true;
        let sleeps = !(by_ring && engine.arm());
        drop(engine);
        let mut events = [EpollEvent::empty(); EVENTS];
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        let happened = self.wait(&mut events, sleeps.then(|| until.saturating_duration_since(now)));
        let mut engine = self.lock();
        engine.is_driven = false;
        if by_ring {
            engine.disarm();
            engine.asked = Instant::now();
        }
        if awaits_one.is_some() {
            engine.is_quick = now.elapsed() < QUICK;
        }
        engine.handle(&self.epoll, &events[..happened]);
        if engine.waiting > 0 {
            // What has come may be what they wait for.
            self.turned.notify_all();
        }
        engine
    }

    fn wait_for_driver<'a>(&'a self, mut engine: Hold<'a>, deadline: Option<Instant>) -> Hold<'a> {
        engine.waiting += 1;
        let mut engine = engine.wait_until(&self.turned, deadline);
        engine.waiting -= 1;
        engine
    }

    /// Waits for at most `limit`, rounded up to a millisecond; not at all without. Tells how many events there are.
    fn wait(&self, events: &mut [EpollEvent], limit: Option<Duration>) -> usize {
        let milliseconds = limit.map_or(0, |limit| limit.as_nanos().div_ceil(1_000_000));
        let timeout = EpollTimeout::from(u16::try_from(milliseconds).unwrap_or(u16::MAX));
        match self.epoll.wait(events, timeout) {
            Ok(happened) => happened,
            Err(Errno::EINTR) => 0,
            // The descriptor and the buffer are ours and valid; nothing else can be wrong (epoll_wait(2)).
            Err(fault) => panic!("waiting for the workers of a pool: {fault}"),
        }
    }
}

/// Looks again and again for the one reply that is under way, for a moment and without sleeping: to be woken costs more than a short task.
/// Its worker may need this very processor, and gets it between two looks. False if the moment was not enough; the next reply is slept for.
fn glance(engine: &mut Engine, place: usize, begin: Instant) -> bool {
    while begin.elapsed() < QUICK {
        if engine.has_answered(place) {
            return true;
        }
        std::thread::yield_now();
    }
    engine.is_quick = false;
    false
}

/// The job with its types; none if they are others, which nobody asks for.
pub(super) fn work_of<F: Function>(job: &mut dyn Job) -> Option<&mut Work<F>> {
    (job as &mut dyn std::any::Any).downcast_mut()
}

/// The same, owned.
pub(super) fn into_work<F: Function>(job: Box<dyn Job>) -> Option<Box<Work<F>>> {
    (job as Box<dyn std::any::Any>).downcast().ok()
}
