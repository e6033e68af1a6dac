//! What encodes, decodes or drops an item uses the pool that it crosses: an error, and never a wait for itself; many jobs at a time; and the end of
//! a pool that cannot end.

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use multiprocess::pool::{Config, Pool, Submitted, Workers};
use multiprocess::{Function, register_function};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, getppid};

use super::Case;
use super::functions::{Square, function};
use super::robust_ends::reap_all;
use super::robust_functions::{End, Ending};
use super::robust_pool::{SOON, finished, squares, started};

pub(super) const CASES: &[Case] = &[
    ("robust_items_that_use_their_own_pool_are_refused", own_pool_is_refused),
    ("robust_items_may_drop_what_waits_for_others", items_drop_a_job),
    ("robust_items_may_drop_their_own_pool", items_drop_their_pool),
    ("robust_many_small_jobs_are_each_done_once", many_jobs),
    ("robust_a_pool_with_a_stopped_zygote_ends_in_time", stopped_zygote),
];

thread_local! {
    /// The pool of this case; the workers, which are copies from before, have none.
    static POOL: RefCell<Weak<Pool>> = const { RefCell::new(Weak::new()) };
    static HEARD: RefCell<Vec<(Nosy, String)>> = const { RefCell::new(Vec::new()) };
    static JOB: RefCell<Option<Submitted<Square>>> = const { RefCell::new(None) };
    static LAST: RefCell<Option<Arc<Pool>>> = const { RefCell::new(None) };
}

/// What an item or an output does with its pool, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Nosy {
    Encode,
    Tally,
    Decode,
    Drop,
}

fn ask(place: Nosy) {
    if let Some(pool) = POOL.with_borrow(Weak::upgrade) {
        let fault = match place {
            Nosy::Tally => format!("{:?}", pool.tally()),
            _ => pool.submit(Square, 3).map_or_else(|fault| fault.to_string(), |_| "nothing".to_owned()),
        };
        HEARD.with_borrow_mut(|heard| heard.push((place, fault)));
    }
}

pub(super) struct Item(Nosy);

impl Encode for Item {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        if matches!(self.0, Nosy::Encode | Nosy::Tally) {
            ask(self.0);
        }
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for Item {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Ok(Self(Nosy::decode(decoder)?))
    }
}
bincode::impl_borrow_decode!(Item);

impl Drop for Item {
    fn drop(&mut self) {
        if self.0 == Nosy::Drop {
            ask(self.0);
        }
        drop(JOB.take());
        drop(LAST.take());
    }
}

#[derive(Debug, Encode)]
pub(super) struct Output(Nosy);

impl<C> Decode<C> for Output {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let place = Nosy::decode(decoder)?;
        if place == Nosy::Decode {
            ask(place);
        }
        Ok(Self(place))
    }
}
bincode::impl_borrow_decode!(Output);

function!(/** Gives back what it takes. */ Echo, (), Item => Output, |_this, _state, item| Output(item.0));
register_function!(Echo);
function!(/** Stops the process that has started its worker. */ StopParent, (), u64 => u64, |_this, _state, x| {
    kill(getppid(), Signal::SIGSTOP).unwrap();
    x + u64::from(getppid().as_raw().cast_unsigned())
});
register_function!(StopParent);

const REFUSED: &str = "a pool cannot be used from inside the encoding of its own items";

fn own_pool_is_refused() {
    let pool = Arc::new(started(Config::new(2)));
    POOL.set(Arc::downgrade(&pool));
    for place in [Nosy::Encode, Nosy::Decode, Nosy::Drop] {
        assert_eq!(pool.apply(Echo, Item(place)).unwrap().0, place);
        assert_eq!(HEARD.take(), [(place, REFUSED.to_owned())]);
    }
    let fault = pool.apply(Echo, Item(Nosy::Tally)).unwrap_err();
    assert!(fault.is_encode() && fault.to_string().contains(REFUSED), "{fault}");
    squares(&pool, 100, 1);
    finished(Arc::into_inner(pool).unwrap());
}

fn items_drop_a_job() {
    let pool = started(Config::new(2));
    JOB.set(Some(pool.submit(Square, 3).unwrap()));
    pool.apply(Echo, Item(Nosy::Drop)).unwrap();
    assert!(JOB.take().is_none());
    squares(&pool, 100, 1);
    // What was dropped after it was sent may be under way still.
    while pool.tally().open() > 0 {}
    finished(pool);
}

fn items_drop_their_pool() {
    let pool = Arc::new(started(Config::new(2)));
    let job = pool.submit(Echo, Item(Nosy::Encode)).unwrap();
    LAST.set(Some(pool));
    assert_eq!(job.get(SOON).unwrap().0, Nosy::Encode);
    assert!(LAST.take().is_none());
}

/// Many jobs of one task each are handed in before the first can end, and called off or waited for in an order of their own.
fn many_jobs() {
    let pool = started(Config::new(2));
    let mut jobs: Vec<_> = (0..16_384).map(|x| Some(pool.submit(Square, x).unwrap())).collect();
    // Every third is dropped, the last first.
    jobs.iter_mut().rev().step_by(3).for_each(|job| drop(job.take()));
    let left: Vec<_> = (0_u64..).zip(jobs).filter_map(|(x, job)| Some((x, job?))).collect();
    assert_eq!(left.len(), 10_922);
    for (x, job) in left {
        assert_eq!(job.get(SOON).unwrap(), x * x);
    }
    // What was dropped after it was sent may be under way still.
    while pool.tally().open() > 0 {}
    finished(pool);
}

/// The zygote is stopped and tells no end; four workers are waited for together, not one after the other.
fn stopped_zygote() {
    // Workers whose zygote was ended are left to this process.
    set_child_subreaper(true).unwrap();
    let pool = started(Config::new(4));
    let zygote = pool.apply(StopParent, 0).unwrap();
    let busy: Vec<_> = (0..4).map(|_| pool.submit(Ending, End::Never).unwrap()).collect();
    let begin = Instant::now();
    assert!(pool.finish(Duration::from_millis(500)).unwrap_err().is_deadline());
    // One by one they would take 40 s.
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    assert!(busy.into_iter().all(|job| job.get(SOON).is_err()));
    assert!(kill(Pid::from_raw(i32::try_from(zygote).unwrap()), None).is_err(), "it was ended and reaped");
    let (ended, _) = reap_all();
    assert_eq!(ended.len(), 4);
    assert!(ended.iter().all(|end| matches!(end, WaitStatus::Signaled(_, Signal::SIGKILL, _))), "{ended:?}");
}
