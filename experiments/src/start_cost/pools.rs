//! A pool for each call of `map`, and one pool for all of them.

use harness::Measured;
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::WorkerReport;
use record::Params;

use super::starts::PATIENCE;
use super::step::{Answered, Call, Fault, SEED, answer, merged, right, step};

/// How many maps there are for one start of the parameter, so that a pool that is reused is timed long enough.
const MAPS: u64 = 4;

/// One `map` with a task for each worker.
fn map(pool: &Pool<()>, workers: usize, expected: u64) -> Result<(), Fault> {
    let values = pool.map(Call, vec![SEED; workers], Chunksize::from(1))?;
    if values.iter().all(|value| *value == expected) { Ok(()) } else { values.into_iter().try_for_each(right) }
}

fn start(workers: usize) -> Result<Pool<()>, Fault> {
    Ok(Pool::start(Config::new(workers).deadline(PATIENCE))?)
}

// ANCHOR: per_call
/// As many pools as maps.
fn each_time(maps: u64, workers: usize, expected: u64) -> Result<Vec<WorkerReport>, Fault> {
    let mut reports = Vec::new();
    for _ in 0..maps {
        let pool = start(workers)?;
        map(&pool, workers, expected)?;
        reports.extend(pool.finish()?);
    }
    Ok(reports)
}

/// One pool, whose start and end are measured as well.
fn once(maps: u64, workers: usize, expected: u64) -> Result<Vec<WorkerReport>, Fault> {
    let pool = start(workers)?;
    for _ in 0..maps {
        map(&pool, workers, expected)?;
    }
    Ok(pool.finish()?)
}
// ANCHOR_END: per_call

fn timed(params: &Params, maps: impl FnOnce(u64, usize, u64) -> Result<Vec<WorkerReport>, Fault>) -> Answered {
    let expected = step(SEED);
    let (count, workers) = (MAPS * params["starts"], usize::try_from(params["workers"])?);
    let mut processes = 0;
    let measured = Measured::take(|| {
        let reports = maps(count, workers, expected)?;
        processes = reports.len() as u64;
        Ok::<_, Fault>((expected, merged(reports)))
    })?;
    Ok(measured.answer(|value| answer(*value)).iterations(count).fact("processes", processes).fact("maps", count))
}

pub(super) fn pool_per_map(params: &Params) -> Answered {
    timed(params, each_time)
}

pub(super) fn pool_reused(params: &Params) -> Answered {
    timed(params, once)
}
