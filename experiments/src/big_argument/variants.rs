//! The variants: one sum by one worker, which is handed the array in one way or another.
//!
//! The array and the worker exist before the measured time begins, as in the post; it ends when the sum is there. What a start costs, and
//! room in shared memory, is measured beside it, as a fact.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::StartMethod::{self, Fork, Spawn};
use multiprocess::pool::{Config, Workers};
use multiprocess::{SharedArray, Threads};
use record::Params;

use super::sum::{PIECE_AT_MOST, pieces_of, sum};
use super::worker::{INHERITED, One, POOL_DEADLINE, Place, SHARED, SumArgument, SumThere};

pub(super) type Fault = Box<dyn Error + Send + Sync>;
pub(super) type Answered = Result<Outcome, Fault>;

/// The array in pieces that a message can carry: one, but for a gibibyte and more.
pub(super) fn pieces(params: &Params) -> Result<Vec<Arc<Vec<u8>>>, Fault> {
    Ok(pieces_of(usize::try_from(params["bytes"])?, params["seed"], PIECE_AT_MOST).into_iter().map(Arc::new).collect())
}

pub(super) fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn serial(params: &Params) -> Answered {
    let pieces = pieces(params)?;
    let measured = Measured::take(|| {
        let total: u64 = black_box(&pieces).iter().map(|piece| sum(piece)).sum();
        Ok::<_, Infallible>((total, Vec::new()))
    })?;
    Ok(measured.answer(u64::to_string))
}

// ANCHOR: thread
pub(super) fn thread(params: &Params) -> Answered {
    let pieces = pieces(params)?;
    let pool = Threads::start(Config::new(1))?;
    // Its thread has begun.
    pool.map(SumThere, vec![Place::Nowhere], 1)?;
    let measured = Measured::take(|| {
        let sums = pool.map(SumArgument, pieces.clone(), 1)?;
        Ok::<_, multiprocess::Error>((sums.iter().sum::<u64>(), Vec::new()))
    })?;
    pool.finish(POOL_DEADLINE)?;
    Ok(measured.answer(u64::to_string))
}
// ANCHOR_END: thread

// ANCHOR: process
fn process(params: &Params, method: StartMethod) -> Answered {
    let one = One::start(method)?;
    let pieces = pieces(params)?;
    let measured = Measured::take(|| {
        let sums = one.pool.map(SumArgument, pieces.clone(), 1.into())?;
        Ok::<_, multiprocess::Error>((sums.iter().sum::<u64>(), Vec::new()))
    })?;
    let start = one.start;
    Ok(measured.with_workers(one.finish()?).answer(u64::to_string).fact("start_ns", ns(start)))
}
// ANCHOR_END: process

pub(super) fn pool_spawn(params: &Params) -> Answered {
    process(params, Spawn)
}

pub(super) fn pool_fork(params: &Params) -> Answered {
    process(params, Fork)
}

/// Puts room for the array where the worker inherits it; how long that took.
fn room(params: &Params) -> Result<(&'static SharedArray<u8>, Duration), Fault> {
    let begin = Instant::now();
    let shared = SharedArray::zeroed(usize::try_from(params["bytes"])?)?;
    let took = begin.elapsed();
    Ok((SHARED.get_or_init(|| shared), took))
}

fn copy_in(shared: &SharedArray<u8>, pieces: &[Arc<Vec<u8>>]) -> Result<(), Fault> {
    shared.write(0..shared.len(), |room| {
        let mut rest = room;
        for piece in pieces {
            let (own, after) = rest.split_at_mut(piece.len());
            own.copy_from_slice(piece);
            rest = after;
        }
    })?;
    Ok(())
}

// ANCHOR: shared
pub(super) fn shared_copied_in(params: &Params) -> Answered {
    let (shared, room) = room(params)?;
    let one = One::start(Fork)?;
    let pieces = pieces(params)?;
    let mut copying = Duration::ZERO;
    let measured = Measured::take(|| {
        let begin = Instant::now();
        copy_in(shared, &pieces)?;
        copying = begin.elapsed();
        Ok::<_, Fault>((one.pool.apply(SumThere, Place::Shared)?, Vec::new()))
    })?;
    let outcome = measured.with_workers(one.finish()?).answer(u64::to_string);
    Ok(outcome.fact("room_ns", ns(room)).fact("copy_in_ns", ns(copying)))
}
// ANCHOR_END: shared

pub(super) fn shared_in_place(params: &Params) -> Answered {
    let (shared, room) = room(params)?;
    copy_in(shared, &pieces(params)?)?;
    let one = One::start(Fork)?;
    let measured = Measured::take(|| Ok::<_, Fault>((one.pool.apply(SumThere, Place::Shared)?, Vec::new())))?;
    Ok(measured.with_workers(one.finish()?).answer(u64::to_string).fact("room_ns", ns(room)))
}

// ANCHOR: inherited
pub(super) fn fork_inherited(params: &Params) -> Answered {
    INHERITED.set(pieces(params)?).map_err(|_| "a subject runs one variant")?;
    let one = One::start(Fork)?;
    let measured = Measured::take(|| Ok::<_, Fault>((one.pool.apply(SumThere, Place::Inherited)?, Vec::new())))?;
    let start = one.start;
    Ok(measured.with_workers(one.finish()?).answer(u64::to_string).fact("start_ns", ns(start)))
}
// ANCHOR_END: inherited
