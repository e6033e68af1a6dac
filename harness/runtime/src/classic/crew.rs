//! The workers of a pool: who is there, who has ended, and the worker handler, which notices, reports and replaces.
//!
//! CPython's `_maintain_pool` replaces every worker that ended, whatever the code, and never asks what went with it. This one asks first:
//! the board says what the worker was doing, and the two locks say whether it took one with it.

use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::handlers::{Order, Shop};
use super::jobs::{Failure, Fate};
use super::report::{Death, Doing, QueueLock};
use super::start::Recruiter;
use crate::error::{Error, Kind};
use crate::meter::{Counts, WorkerReport};
use crate::start::{REAP_WITHIN, Started};
use crate::sys::fd;
use crate::sys::pid::Status;
use crate::waiting;

/// How long the report of a death may lag behind its consequences.
const CULPRIT_WAIT: Duration = Duration::from_secs(1);

/// How many new workers in a row may end before they are ready. CPython has no limit: 228 calls of a failing initializer in 6 seconds
/// (gh-87472).
pub(super) const FAILED_STARTS_AT_MOST: u32 = 3;

/// A worker that was not waited for yet.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) started: Started,
    /// Which place of the board is its own.
    pub(super) place: usize,
    /// What the place had counted before.
    earlier: Counts,
}

impl Member {
    fn death(&self, shop: &Shop, status: Status) -> Death {
        Death { pid: self.started.pid(), status, doing: shop.board.post(self.place).died().0 }
    }
}

/// All workers that a pool has and has had.
#[derive(Debug, Default)]
pub(super) struct Crew {
    /// In the order of their places.
    members: Mutex<Vec<Arc<Member>>>,
    /// In the order in which they were waited for.
    ended: Mutex<Vec<WorkerReport>>,
    /// The last that did not end well and was replaced.
    last_lost: Mutex<Option<Death>>,
}

impl Crew {
    /// The first workers, each at the place of its number.
    pub(super) fn of(started: Vec<Started>) -> Self {
        let member = |(place, started)| Arc::new(Member { started, place, earlier: Counts::default() });
        let members = started.into_iter().enumerate().map(member).collect();
        Self { members: Mutex::new(members), ended: Mutex::default(), last_lost: Mutex::default() }
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.members().iter().map(|member| member.started.pid()).collect()
    }

    pub(super) fn signal(&self, signal: libc::c_int) {
        self.members().iter().for_each(|member| member.started.signal(signal));
    }

    /// Whether all have ended within `limit`.
    pub(super) fn ends_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let ended = |member: &Arc<Member>| {
            let ready = fd::wait(&mut [(member.started.exit_event(), PollFlags::POLLIN)], Some(deadline));
            ready.is_ok_and(|ready| ready[0])
        };
        self.members().iter().all(ended)
    }

    fn last_lost(&self) -> MutexGuard<'_, Option<Death>> {
        self.last_lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn members(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, Vec<WorkerReport>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one that has left the list, and keeps its report.
    fn reap(&self, shop: &Shop, member: Arc<Member>, deadline: Instant) -> Result<(), Error> {
        let member = Arc::into_inner(member).ok_or(Kind::Closed)?;
        let reaped = member.started.wait_until(deadline).map_err(Error::io("waiting for a worker"))?;
        let (status, usage) = reaped.ok_or_else(|| {
            let limit = deadline.saturating_duration_since(Instant::now());
            Error::from(Kind::Deadline { doing: "ending a worker", limit })
        })?;
        let counts = shop.board.slot(member.place).counts().since(&member.earlier);
        self.ended().push(WorkerReport { pid: member.started.pid(), status, counts, usage });
        Ok(())
    }

    /// Waits for all that are left, and returns the reports of all there ever were. No handler runs any more.
    pub(super) fn reap_all(&self, shop: &Shop, deadline: Instant) -> Result<Vec<WorkerReport>, Error> {
        let left = std::mem::take(&mut *self.members());
        left.into_iter().try_for_each(|member| self.reap(shop, member, deadline))?;
        Ok(std::mem::take(&mut self.ended()))
    }
}

/// The lock that is unusable now, if one is. What a dead worker has said may be a moment old; what the lock says is final.
pub(super) fn lost_lock(shop: &Shop) -> Option<QueueLock> {
    let members = shop.crew.members().clone();
    let dead = members.iter().filter(|member| matches!(member.started.peek(), Ok(Some(_))));
    let said = dead.map(|member| shop.board.post(member.place).died().0.dead_lock()).find(Option::is_some).flatten();
    said.or_else(|| [QueueLock::Read, QueueLock::Write].into_iter().find(|lock| shop.board.lock(*lock).owner_died()))
}

/// The worker whose death came first, and took `lock` with it, if one is lost. A worker that dies holding a lock makes the others end
/// themselves, and the kernel hands them the lock before it reports the death; so a worker that says it followed another is not the
/// last word.
pub(super) fn culprit(shop: &Shop, lock: Option<QueueLock>) -> Option<Death> {
    let members = shop.crew.members().clone();
    let deadline = Instant::now() + CULPRIT_WAIT;
    // Written down by the owner itself, a moment after it had taken the lock.
    let owner = lock.and_then(|lock| shop.board.lock(lock).owner());
    let first = loop {
        let statuses: Vec<_> = members.iter().map(|member| (member, member.started.peek().ok().flatten())).collect();
        let deaths = statuses.iter().filter_map(|(member, status)| Some(member.death(shop, (*status)?)));
        let first = deaths.min_by_key(|death| doubt(death, lock, owner));
        let alive = statuses.iter().filter(|(_, status)| status.is_none());
        let mut events: Vec<_> = alive.map(|(member, _)| (member.started.exit_event(), PollFlags::POLLIN)).collect();
        if events.is_empty() || first.is_some_and(|death| doubt(&death, lock, owner) == 0) {
            break first;
        }
        events.push((shop.abort.event(), PollFlags::POLLIN));
        let another = fd::wait(&mut events, Some(deadline));
        if another.is_ok_and(|ready| !ready.contains(&true) || ready.last() == Some(&true)) {
            break first;
        }
    };
    // If all that is left are those that followed, the first was replaced: it died between taking the lock and saying so, and somebody was just
    // finding the lock dead when it was looked at.
    match first {
        Some(death) if !death.doing.followed_another() => Some(death),
        _ => shop.crew.last_lost().or(first),
    }
}

/// How likely it is that a worker that ended so was not the first: one that was killed elsewhere than at the lost lock may have been another's
/// company, one that ended well may have been told to, and one that says so follows another.
fn doubt(death: &Death, lock: Option<QueueLock>, owner: Option<u32>) -> u8 {
    match death.status {
        _ if death.doing.followed_another() => 3,
        Status::Exited(0) => 2,
        _ if lock.is_some() && death.doing.dead_lock() != lock && owner != Some(death.pid) => 1,
        Status::Exited(_) | Status::Signalled(_) | Status::Unknown => 0,
    }
}

/// Watches the workers until the pool closes, then ends the task queue.
pub(super) fn handle_workers(shop: &Shop, queue: &Sender<Order>) {
    if let Err(failure) = watch(shop) {
        shop.jobs.fail(failure);
        shop.call_off();
    }
    // The task handler may have been called off; then nobody needs the order.
    let _ = queue.send(Order::End);
}

/// Returns when the pool closes, or with why it has failed.
fn watch(shop: &Shop) -> Result<(), Failure> {
    let mut starts = Starts::default();
    let mut drained = None;
    loop {
        // Only this thread changes the list.
        let members = shop.crew.members().clone();
        let last = drained.as_ref().map_or_else(|| shop.closing.event(), waiting::Stop::event);
        let mut events: Vec<(BorrowedFd<'_>, PollFlags)> =
            vec![(shop.abort.event(), PollFlags::POLLIN), (last, PollFlags::POLLIN)];
        events.extend(members.iter().map(|member| (member.started.exit_event(), PollFlags::POLLIN)));
        let Ok(ready) = fd::wait(&mut events, None) else { return Ok(()) };
        if ready[0] || ready[1] && (drained.is_some() || !shop.drains()) {
            return Ok(());
        }
        if ready[1] {
            // Closed: the workers are kept up until the last job is done.
            let Ok((switch, empty)) = waiting::stop() else { return Ok(()) };
            shop.jobs.when_empty(switch);
            drained = Some(empty);
        }
        if ready[2..].contains(&true) {
            drop(members);
            look_after(shop, &mut starts)?;
        }
    }
}

/// New workers that ended before they were ready, one after the other.
#[derive(Debug, Default)]
struct Starts {
    failed: u32,
    /// How many workers had been ready at the last of them.
    ready: u64,
}

impl Starts {
    /// Counts one more; true if it is one too many.
    fn fail(&mut self, ready: u64) -> bool {
        self.failed = if ready == self.ready { self.failed + 1 } else { 1 };
        self.ready = ready;
        self.failed > FAILED_STARTS_AT_MOST
    }
}

/// Some worker has ended: reports what is lost with those that have, and replaces them.
fn look_after(shop: &Shop, starts: &mut Starts) -> Result<(), Failure> {
    let lock = lost_lock(shop);
    let recruiter = match shop.recruiter.get() {
        Some(recruiter) if lock.is_none() => recruiter,
        recruiter => {
            let died = |death| Failure::WorkerDied { death, lock, replaced: recruiter.is_some() };
            return culprit(shop, lock).map_or(Ok(()), |death| Err(died(death)));
        }
    };
    let members = shop.crew.members().clone();
    for member in members {
        let Ok(Some(status)) = member.started.peek() else { continue };
        let death = member.death(shop, status);
        if death.doing.dead_lock().is_some() {
            // It has died since the locks were looked at.
            return look_after(shop, starts);
        }
        if status != Status::Exited(0) {
            *shop.crew.last_lost() = Some(death);
        }
        if let (_, Some((job, index))) = shop.board.post(member.place).died() {
            shop.jobs.settle(job, index, Fate::Lost(death));
        }
        let ready = shop.board.ready().load(Relaxed);
        if death.doing == Doing::Starting && starts.fail(ready) {
            let calls = shop.board.preparations().load(Relaxed);
            return Err(Failure::Initializer { death, calls });
        }
        replace(shop, recruiter, member).map_err(|fault| Failure::NotReplaced { why: fault.to_string() })?;
    }
    Ok(())
}

/// Puts a new worker into the place of one that has ended.
fn replace(shop: &Shop, recruiter: &Recruiter, member: Arc<Member>) -> Result<(), Error> {
    let place = member.place;
    shop.crew.members().retain(|known| known.place != place);
    shop.crew.reap(shop, member, Instant::now() + REAP_WITHIN)?;
    shop.board.post(place).now(Doing::Starting);
    let earlier = shop.board.slot(place).counts();
    let started = recruiter.start(&shop.board, place)?;
    shop.replaced.fetch_add(1, Relaxed);
    let mut members = shop.crew.members();
    let at = members.partition_point(|known| known.place < place);
    members.insert(at, Arc::new(Member { started, place, earlier }));
    Ok(())
}
