//! Items of six lengths: what a pool adds to each of them, and what the time of the whole says beside that of the workers.

use std::time::{Duration, Instant};

use harness::environment::usable_cores;
use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Pool};
use multiprocess::executor::Executor;
use record::Params;

use super::setting::{Fault, Setting};
use super::tasks::{Add, add};
use super::variants::{POOL_DEADLINE, awake};
use crate::turns;
use crate::warm::Warm;

/// Additions per item. An addition takes some 0.4 ns here, so that 2,500 are about the microsecond that a post speaks of.
pub(super) const LENGTHS: [u64; 6] = [25, 250, 2_500, 10_000, 25_000, 250_000];

/// The one that is nearest to a microsecond.
pub(super) const MICROSECOND: u64 = 2_500;

/// Items that are mapped at each length, and fewer where they are long.
const ITEMS: usize = 1_000;
/// Additions of all items of one length, at most.
const ADDITIONS: u64 = 10_000_000;
/// Items that are applied one after another, of which only one is ever under way.
const APPLIED: usize = 100;

fn items(length: u64) -> usize {
    usize::try_from(ADDITIONS / length).unwrap_or(ITEMS).min(ITEMS)
}

/// What one length came to.
#[derive(Clone, Copy, Default)]
struct Point {
    items: usize,
    /// The items in a loop.
    serial: Duration,
    /// The same mapped by the classic pool, an item to a task.
    map: Duration,
    /// What its workers spent inside the function meanwhile, together.
    work: Duration,
    /// The same by an executor.
    executor: Duration,
    /// The first of them applied one after another, and how many that were.
    apply: Duration,
    applied: usize,
}

pub(super) fn lengths(params: &Params) -> Result<Outcome, Fault> {
    let setting = Setting::new(params)?;
    let mut points = [Point::default(); LENGTHS.len()];
    let warm = Warm::start(setting.workers)?;
    let measured = Measured::take(|| {
        for place in turns::order(LENGTHS.len(), 0) {
            points[place] = on_pool(&warm.pool, LENGTHS[place])?;
        }
        // After all maps, so that each job has a number of the same size in every order, and as many bytes cross.
        for place in turns::order(LENGTHS.len(), 0) {
            one_by_one(&warm.pool, LENGTHS[place], &mut points[place])?;
        }
        Ok::<_, Fault>(((), Vec::new()))
    })?;
    let measured = measured.with_workers(warm.finish()?);
    // The pool's threads are gone, so that an executor may fork.
    let executor = awake(setting.workers)?;
    for place in turns::order(LENGTHS.len(), 1) {
        points[place].executor = on_executor(&executor, LENGTHS[place])?;
    }
    executor.finish(POOL_DEADLINE)?;
    let outcome = measured.answer(|()| setting.answer()).iterations(LENGTHS.len() as u64);
    Ok(reported(outcome, &points, setting.workers))
}

fn right(done: u64, length: u64, items: usize) -> Result<(), Fault> {
    let asked = length * items as u64;
    if done == asked { Ok(()) } else { Err(format!("{done} of {asked} additions were done").into()) }
}

// ANCHOR: point
/// The items in a loop, and the same mapped.
fn on_pool(pool: &Pool<()>, length: u64) -> Result<Point, Fault> {
    let items = items(length);
    let begin = Instant::now();
    let done = (0..items).map(|_| add(length)).sum();
    let serial = begin.elapsed();
    right(done, length, items)?;

    let lengths = vec![length; items];
    let before = pool.worker_counts();
    let begin = Instant::now();
    let done = pool.map(Add, lengths, Chunksize::from(1))?.iter().sum();
    let map = begin.elapsed();
    let work = pool.worker_counts().iter().zip(&before).map(|(after, before)| after.since(before).work).sum();
    right(done, length, items)?;
    Ok(Point { items, serial, map, work, ..Point::default() })
}

/// A few of them one after another, each waited for.
fn one_by_one(pool: &Pool<()>, length: u64, point: &mut Point) -> Result<(), Fault> {
    point.applied = point.items.min(APPLIED);
    let begin = Instant::now();
    for _ in 0..point.applied {
        right(pool.apply(Add, length)?, length, 1)?;
    }
    point.apply = begin.elapsed();
    Ok(())
}
// ANCHOR_END: point

fn on_executor(executor: &Executor, length: u64) -> Result<Duration, Fault> {
    let items = items(length);
    let lengths = vec![length; items];
    let begin = Instant::now();
    let done = executor.map(Add, lengths, 1, POOL_DEADLINE)?.sum::<Result<u64, _>>()?;
    let elapsed = begin.elapsed();
    right(done, length, items)?;
    Ok(elapsed)
}

impl Point {
    /// What an item takes in the loop, in nanoseconds.
    fn item_ns(&self) -> f64 {
        self.serial.as_nanos() as f64 / self.items as f64
    }

    /// What is added to an item if so many took `elapsed`, where a pool of no cost would have kept `at_once` cores busy.
    fn added_ns(&self, elapsed: Duration, items: usize, at_once: usize) -> f64 {
        (elapsed.as_nanos() as f64 / items as f64 - self.item_ns() / at_once as f64).max(0.0)
    }
}

/// A ratio in thousandths; at least one of them, since it is drawn on a logarithmic axis.
fn thousandths(above: f64, below: f64) -> u64 {
    if below > 0.0 { ((above / below * 1_000.0) as u64).max(1) } else { 1 }
}

fn reported(outcome: Outcome, points: &[Point], workers: usize) -> Outcome {
    let at_once = workers.min(usable_cores());
    let added = |of: fn(&Point) -> (Duration, usize), at_once: usize| {
        let added = points.iter().map(move |point| (point, of(point)));
        added.map(move |(point, (elapsed, items))| (point.added_ns(elapsed, items, at_once), point.item_ns()))
    };
    let ways: [(&str, Vec<(f64, f64)>); 3] = [
        ("map", added(|point| (point.map, point.items), at_once).collect()),
        ("executor", added(|point| (point.executor, point.items), at_once).collect()),
        ("apply", added(|point| (point.apply, point.applied), 1).collect()),
    ];
    let ns = |of: fn(&Point) -> Duration| points.iter().map(|point| of(point).as_nanos() as u64).collect::<Vec<_>>();
    let over = |of: fn(&Point, f64) -> f64| {
        points.iter().map(|point| thousandths(point.map.as_secs_f64(), of(point, workers as f64))).collect::<Vec<_>>()
    };
    let mut outcome = outcome
        .series("additions", LENGTHS.to_vec())
        // Levels to compare with.
        .series("one", vec![1_000; LENGTHS.len()])
        .series("two", vec![2_000; LENGTHS.len()])
        .series("item_ns", points.iter().map(|point| point.item_ns() as u64).collect())
        .series("map_ns", ns(|point| point.map))
        .series("work_ns", ns(|point| point.work))
        .series("map_over_work", over(|point, _| point.work.as_secs_f64()))
        .series("map_over_share", over(|point, workers| point.work.as_secs_f64() / workers));
    for (way, added) in ways {
        outcome = outcome
            .series(&format!("{way}_over_item"), added.iter().map(|(added, item)| thousandths(*added, *item)).collect())
            .series(&format!("{way}_added_ns"), added.iter().map(|(added, _)| *added as u64).collect());
        if let Some(place) = LENGTHS.iter().position(|length| *length == MICROSECOND) {
            outcome = outcome.fact(&format!("{way}_added_ns"), added[place].0 as u64);
        }
    }
    let microsecond = points[LENGTHS.iter().position(|length| *length == MICROSECOND).unwrap_or(0)];
    outcome.fact("item_ns", microsecond.item_ns() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_what_the_cores_did_not_spend_on_the_items() {
        let ns = Duration::from_nanos;
        let point = Point { items: 100, serial: ns(100_000), map: ns(250_000), ..Point::default() };
        assert_eq!(point.item_ns(), 1_000.0);
        assert_eq!(point.added_ns(point.map, 100, 2), 2_000.0);
        assert_eq!(point.added_ns(ns(10), 100, 2), 0.0, "a lucky map adds nothing, and not less");
        assert_eq!(thousandths(2_000.0, 1_000.0), 2_000);
        assert_eq!((thousandths(1.0, 0.0), thousandths(0.0, 1.0)), (1, 1));
    }

    #[test]
    fn long_items_are_few() {
        assert_eq!(LENGTHS.map(items), [1_000, 1_000, 1_000, 1_000, 400, 40]);
    }
}
