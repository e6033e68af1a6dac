//! The variants: the same items in one loop, and in a pool that is there already or is started for each map.
//!
//! Every subject of a pool first times the loop over the same items, so that its speed-ups, and the break-even between them, are of one
//! process and one moment. The elapsed time is that of the pool alone.

use std::error::Error;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome, environment};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{Function, StartMethod};
use record::Params;

use super::grid::{BreakEven, FASTER, NOTHING, SLOWER, break_even, costs};
use super::tasks::{Item, Walk, items, total};
use crate::turns;
use crate::warm::Warm;

pub(super) type Fault = Box<dyn Error + Send + Sync>;
pub(super) type Answered = Result<Outcome, Fault>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// The parameters, typed.
pub(super) struct Setting {
    pub(super) items: usize,
    pub(super) costs: Vec<u64>,
    pub(super) workers: usize,
}

impl Setting {
    pub(super) fn new(params: &Params) -> Result<Self, Fault> {
        let (items, workers) = (usize::try_from(params["items"])?, usize::try_from(params["workers"])?);
        Ok(Self { items, costs: costs(params["steps"]), workers })
    }

    /// The order in which this subject takes its points.
    fn order(&self) -> Vec<usize> {
        turns::order(self.costs.len(), 0)
    }
}

/// What the loop took, and what came of it, for each cost of an item.
pub(super) struct Loop {
    pub(super) ns: Vec<u64>,
    pub(super) totals: Vec<u64>,
}

// ANCHOR: loop
/// Times the loop over the items at every cost.
pub(super) fn looped(setting: &Setting) -> Result<Loop, Fault> {
    let points = setting.costs.len();
    let mut found = Loop { ns: vec![0; points], totals: vec![0; points] };
    for at in setting.order() {
        let items = items(setting.items, setting.costs[at], 0);
        let begin = Instant::now();
        let outputs: Vec<u64> = items.into_iter().map(|item| Walk.call(&(), item)).collect();
        found.ns[at] = ns(begin.elapsed())?;
        found.totals[at] = total(&outputs);
    }
    Ok(found)
}
// ANCHOR_END: loop

pub(super) fn ns(time: Duration) -> Result<u64, Fault> {
    Ok(u64::try_from(time.as_nanos())?)
}

/// The answer of every variant: what came of the costliest items, which all of them do.
pub(super) fn answer(totals: &[u64]) -> String {
    totals.last().copied().unwrap_or(0).to_string()
}

pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let measured = Measured::take(|| Ok::<_, Fault>((looped(&setting)?, Vec::new())))?;
    let mut times = Vec::new();
    let outcome = measured.answer(|found| {
        times.clone_from(&found.ns);
        answer(&found.totals)
    });
    let even = vec![1_000; times.len()];
    let outcome = outcome.series("serial_ns", times).series("speed_up_thousandths", even.clone());
    Ok(outcome.series("steps", setting.costs.clone()).series("busy_thousandths", even))
}

/// What a map took, and for how long its workers were inside the function.
#[derive(Clone, Copy, Default)]
pub(super) struct Lap {
    pub(super) elapsed: Duration,
    work: Duration,
}

/// The items of one map, and what has to come of them.
pub(super) struct Job {
    pub(super) items: Vec<Item>,
    pub(super) total: u64,
}

impl Setting {
    /// A map for every cost of an item.
    fn jobs(&self, reference: &Loop) -> Vec<Job> {
        let costs = self.costs.iter().zip(&reference.totals);
        costs.map(|(steps, total)| Job { items: items(self.items, *steps, 0), total: *total }).collect()
    }
}

/// Carries out `jobs`, each by one call of `map`, in the order drawn for this subject.
pub(super) fn swept(
    jobs: Vec<Job>,
    mut map: impl FnMut(Vec<Item>) -> Result<(Vec<u64>, Lap), Fault>,
) -> Result<Vec<Lap>, Fault> {
    let mut laps = vec![Lap::default(); jobs.len()];
    let mut jobs: Vec<Option<Job>> = jobs.into_iter().map(Some).collect();
    for at in turns::order(jobs.len(), 0) {
        let Job { items, total: expected } = jobs[at].take().ok_or("a job is done once")?;
        let (outputs, lap) = map(items)?;
        if total(&outputs) != expected {
            return Err(format!("the pool and the loop disagree about map {at} of the sweep").into());
        }
        laps[at] = lap;
    }
    Ok(laps)
}

/// Adds the times of the loop and of the pool, the speed-ups, the efficiency, and where it breaks even.
fn reported(
    outcome: Outcome,
    setting: &Setting,
    workers: usize,
    reference: &Loop,
    laps: &[Lap],
) -> Result<Outcome, Fault> {
    let pool = laps.iter().map(|lap| ns(lap.elapsed)).collect::<Result<Vec<u64>, _>>()?;
    let busy = laps.iter().map(|lap| share(ns(lap.work)?, workers as u64 * ns(lap.elapsed)?.max(1)));
    let speed_up = reference.ns.iter().zip(&pool).map(|(serial, pool)| share(*serial, *pool));
    let outcome = outcome
        .series("steps", setting.costs.clone())
        .series("serial_ns", reference.ns.clone())
        .series("pool_ns", pool.clone())
        .series("busy_thousandths", busy.collect::<Result<_, _>>()?)
        .series("speed_up_thousandths", speed_up.collect::<Result<_, _>>()?)
        .fact("pool_workers", workers as u64);
    Ok(with_break_even(outcome, "break_even_ns", setting.items, &reference.ns, &pool))
}

/// Thousandths of `part` by `whole`; on a curve of logarithms there is no 0.
fn share(part: u64, whole: u64) -> Result<u64, Fault> {
    Ok(u64::try_from(u128::from(part) * 1_000 / u128::from(whole.max(1)))?.max(1))
}

/// Adds the cost of an item from which on the pool is faster as a fact called `name`. Where the sweep does not reach it, the fact is the end of the
/// sweep, and a note of the same name says at which.
pub(super) fn with_break_even(outcome: Outcome, name: &str, items: usize, serial: &[u64], pool: &[u64]) -> Outcome {
    let float = |times: &[u64]| times.iter().map(|ns| *ns as f64).collect::<Vec<f64>>();
    let item: Vec<f64> = serial.iter().map(|ns| *ns as f64 / items.max(1) as f64).collect();
    match break_even(&item, &float(serial), &float(pool)).filter(|_| items > 0) {
        Some(BreakEven::At(ns)) => outcome.fact(name, ns as u64),
        Some(BreakEven::Below(ns)) => outcome.fact(name, ns as u64).note(name, FASTER),
        Some(BreakEven::Above(ns)) => outcome.fact(name, ns as u64).note(name, SLOWER),
        None => outcome.fact(name, 0).note(name, NOTHING),
    }
}

// ANCHOR: kept
/// One map on a pool that is there already.
pub(super) fn mapped(pool: &Pool<()>, items: Vec<Item>, chunksize: Chunksize) -> Result<(Vec<u64>, Lap), Fault> {
    let worked = || pool.worker_counts().iter().map(|counts| counts.work).sum::<Duration>();
    let before = worked();
    let begin = Instant::now();
    let outputs = pool.map(Walk, items, chunksize)?;
    let elapsed = begin.elapsed();
    Ok((outputs, Lap { elapsed, work: worked().saturating_sub(before) }))
}
// ANCHOR_END: kept

fn kept(params: &Params, chunksize: Chunksize, workers: Option<usize>) -> Answered {
    let setting = Setting::new(params)?;
    let workers = workers.unwrap_or(setting.workers);
    let reference = looped(&setting)?;
    let jobs = setting.jobs(&reference);
    let warm = Warm::start(workers)?;
    let measured = Measured::take(|| {
        let laps = swept(jobs, |items| mapped(&warm.pool, items, chunksize))?;
        Ok::<_, Fault>((laps, Vec::new()))
    })?;
    let measured = measured.with_workers(warm.finish()?);
    let mut laps = Vec::new();
    let outcome = measured.answer(|taken| {
        laps.clone_from(taken);
        answer(&reference.totals)
    });
    reported(outcome, &setting, workers, &reference, &laps)
}

pub(super) fn kept_auto(params: &Params) -> Answered {
    kept(params, Chunksize::Automatic, None)
}

pub(super) fn kept_one(params: &Params) -> Answered {
    kept(params, Chunksize::from(1), None)
}

pub(super) fn every_core(params: &Params) -> Answered {
    kept(params, Chunksize::Automatic, Some(environment::usable_cores()))
}

fn fresh(params: &Params, method: StartMethod) -> Answered {
    let setting = Setting::new(params)?;
    let reference = looped(&setting)?;
    let jobs = setting.jobs(&reference);
    let config = Config::new(setting.workers).start_method(method).deadline(POOL_DEADLINE);
    // ANCHOR: fresh
    let measured = Measured::take(|| {
        let laps = swept(jobs, |items| {
            let begin = Instant::now();
            let pool = Pool::start(config)?;
            let outputs = pool.map(Walk, items, Chunksize::Automatic)?;
            let workers = pool.finish()?;
            let elapsed = begin.elapsed();
            Ok((outputs, Lap { elapsed, work: workers.iter().map(|worker| worker.counts.work).sum() }))
        })?;
        // The workers of all these pools are many, and are not reported one by one.
        Ok::<_, Fault>((laps, Vec::new()))
    })?;
    // ANCHOR_END: fresh
    let mut laps = Vec::new();
    let outcome = measured.answer(|taken| {
        laps.clone_from(taken);
        answer(&reference.totals)
    });
    reported(outcome, &setting, setting.workers, &reference, &laps)
}

pub(super) fn fresh_fork(params: &Params) -> Answered {
    fresh(params, StartMethod::Fork)
}

pub(super) fn fresh_spawn(params: &Params) -> Answered {
    fresh(params, StartMethod::Spawn)
}
