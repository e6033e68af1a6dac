//! Pools that are kept: the time and the bytes that one has taken altogether, its start included, after each of several maps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::Measured;
use multiprocess::StartMethod::{Fork, Spawn};
use multiprocess::classic::{Chunksize, Pool};
use multiprocess::meter::{self, WorkerReport};
use multiprocess::{Error, Function};
use record::Params;

use super::list::answer;
use super::tasks::{Keep, ScoreObject, ScoreWith};
use super::variants::{Answered, Fault, Setting};

/// What one pool took, after each map.
struct Kept {
    scores: Vec<u64>,
    ns: Vec<u64>,
    bytes: Vec<u64>,
    workers: Vec<WorkerReport>,
}

// ANCHOR: kept
/// Starts a pool and has it do the same map over and over. What is to be mapped is gathered while the clock stands.
fn kept<F, S>(
    maps: u64,
    items: &[F::Item],
    chunksize: Chunksize,
    function: impl Fn() -> F,
    start: impl FnOnce() -> Result<Pool<S>, Error>,
) -> Result<Kept, Fault>
where
    F: Function<State = S, Output = u64>,
    F::Item: Clone,
    S: 'static,
{
    let sent_before = meter::counts().dumps.bytes;
    let (mut first, mut ns, mut bytes) = (None, Vec::new(), Vec::new());
    let begin = Instant::now();
    let pool = start()?;
    let mut taken = begin.elapsed();
    for _ in 0..maps {
        let items = items.to_vec();
        let begin = Instant::now();
        let scores = pool.map(function(), items, chunksize)?;
        taken += begin.elapsed();
        ns.push(whole_ns(taken));
        bytes.push(meter::counts().dumps.bytes - sent_before);
        if *first.get_or_insert_with(|| scores.clone()) != scores {
            return Err("one map gave other scores than the next".into());
        }
    }
    Ok(Kept { scores: first.unwrap_or_default(), ns, bytes, workers: pool.finish()? })
}
// ANCHOR_END: kept

fn whole_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The names of the series of each pool.
const SERIES: [[&str; 2]; 3] =
    [["objects_ns", "objects_bytes"], ["preloaded_ns", "preloaded_bytes"], ["forked_ns", "forked_bytes"]];

pub(super) fn kept_pools(params: &Params) -> Answered {
    let (setting, maps) = (Setting::new(params)?, params["maps"]);
    let (list, chunksize) = (setting.list(), setting.chunksize);
    let objects: Vec<_> = setting.indices.iter().map(|index| Arc::new(list.0[*index as usize].clone())).collect();
    let preloaded = |method| {
        let config = setting.pool(method);
        kept(maps, &setting.indices, chunksize, || ScoreWith, || Pool::start_with(config, Keep(Arc::clone(&list))))
    };
    let measured = Measured::take(|| {
        let config = setting.pool(Spawn);
        let mut pools = [
            kept(maps, &objects, chunksize, || ScoreObject, || Pool::start(config))?,
            preloaded(Spawn)?,
            preloaded(Fork)?,
        ];
        if pools.iter().any(|pool| pool.scores != pools[0].scores) {
            return Err("one pool gave other scores than another".into());
        }
        let workers = pools.iter_mut().flat_map(|pool| std::mem::take(&mut pool.workers)).collect();
        Ok::<_, Fault>((pools, workers))
    })?;
    let mut found = Vec::new();
    let outcome = measured.answer(|pools| {
        found = pools.iter().map(|pool| (pool.ns.clone(), pool.bytes.clone())).collect();
        answer(&pools[0].scores)
    });
    let outcome = outcome.iterations(SERIES.len() as u64 * maps).series("maps", (1..=maps).collect());
    Ok(SERIES
        .iter()
        .zip(found)
        .fold(outcome, |outcome, ([time, sent], (ns, bytes))| outcome.series(time, ns).series(sent, bytes)))
}
