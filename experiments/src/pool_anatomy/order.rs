//! In which order results come: by `map` and `imap`, by `imap_unordered`, by an executor's `map`, and by `as_completed`.
//!
//! The first item waits inside its function until all others are over, so that it is the last to end in every trial; nothing about this
//! depends on the clock. Where results come as they are ready, it waits until the caller *has* the seven others: if the first item's result
//! were given out before them, the trial would never end.

use std::time::Instant;

use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Pool};
use multiprocess::executor::{Executor, as_completed};
use record::Params;

use super::setting::{Fault, Setting};
use super::tasks::{Gate, Turn};
use super::variants::{POOL_DEADLINE, awake};
use crate::warm::Warm;

/// Items of a trial.
pub(super) const ITEMS: u64 = 8;

/// The ways to ask for results.
pub(super) const WAYS: [&str; 5] = ["map", "imap", "imap_unordered", "executor_map", "as_completed"];

/// One result as it came: the place of its item, when that was done inside its worker, and when the caller had it.
struct Came {
    place: u64,
    done_ns: u64,
    had_ns: u64,
}

/// What came of all trials of one way.
#[derive(Default)]
struct Orders {
    as_submitted: u64,
    as_completed: u64,
    slowest_last: u64,
    /// From the call to the first result, and to the last.
    first_ns: Vec<u64>,
    last_ns: Vec<u64>,
}

pub(super) fn order(params: &Params) -> Result<Outcome, Fault> {
    let setting = Setting::new(params)?;
    // Before the first fork.
    let gate = Gate::set(setting.workers)?;
    let mut orders: [Orders; WAYS.len()] = Default::default();
    let warm = Warm::start(setting.workers)?;
    let classic = Measured::take(|| {
        for _ in 0..setting.trials {
            orders[1].add(&imap(&warm.pool, &setting)?);
            orders[2].add(&imap_unordered(&warm.pool, &setting, gate)?);
            // Last, because it returns when its job is off the pool's list. A pool that ends with a job on it is called off, and
            // counts fewer messages.
            orders[0].add(&map(&warm.pool, &setting)?);
        }
        Ok::<_, Fault>(((), Vec::new()))
    })?;
    let measured = classic.with_workers(warm.finish()?);
    // The pool's threads are gone, so that an executor may fork.
    let executor = awake(setting.workers)?;
    for _ in 0..setting.trials {
        orders[3].add(&executor_map(&executor, &setting)?);
        orders[4].add(&completed(&executor, &setting, gate)?);
    }
    executor.finish(POOL_DEADLINE)?;
    let outcome = measured.answer(|()| setting.answer()).iterations(3 * setting.trials);
    let outcome = WAYS.iter().zip(orders).fold(outcome.fact("trials", setting.trials), |outcome, (way, orders)| {
        outcome
            .fact(&format!("{way}_as_submitted"), orders.as_submitted)
            .fact(&format!("{way}_as_completed"), orders.as_completed)
            .fact(&format!("{way}_slowest_last"), orders.slowest_last)
            .fact(&format!("{way}_first_ns"), middle(orders.first_ns))
            .fact(&format!("{way}_last_ns"), middle(orders.last_ns))
    });
    Ok(if has_room(&setting) {
        outcome
    } else {
        outcome.no_room("one worker ends its items in the order it gets them")
    })
}

/// One worker that waits for the others would wait for itself.
fn has_room(setting: &Setting) -> bool {
    setting.workers > 1
}

/// Who lets the first item go on: the others, when they end, or the caller, when it has their results.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Others,
    Caller,
}

// ANCHOR: items
/// The first waits for all others; the work is the same in all.
fn items(setting: &Setting, by: By) -> Vec<(u64, u64, bool, u64)> {
    let others = |place| if place == 0 && has_room(setting) { ITEMS - 1 } else { 0 };
    let is_awaited = |place| place != 0 && by == By::Others && has_room(setting);
    (0..ITEMS).map(|place| (place, others(place), is_awaited(place), setting.inner)).collect()
}
// ANCHOR_END: items

impl Orders {
    fn add(&mut self, came: &[Came]) {
        self.as_submitted += u64::from(came.is_sorted_by_key(|came| came.place));
        self.as_completed += u64::from(came.is_sorted_by_key(|came| came.done_ns));
        self.slowest_last += u64::from(came.last().is_some_and(|came| came.place == 0));
        self.first_ns.extend(came.first().map(|came| came.had_ns));
        self.last_ns.extend(came.last().map(|came| came.had_ns));
    }
}

fn ns_since(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

// ANCHOR: ways
fn map(pool: &Pool<()>, setting: &Setting) -> Result<Vec<Came>, Fault> {
    let begin = Instant::now();
    let all = pool.map(Turn, items(setting, By::Others), Chunksize::from(1))?;
    let had_ns = ns_since(begin);
    Ok(all.into_iter().map(|(place, done_ns)| Came { place, done_ns, had_ns }).collect())
}

fn imap(pool: &Pool<()>, setting: &Setting) -> Result<Vec<Came>, Fault> {
    let begin = Instant::now();
    one_by_one(begin, pool.imap(Turn, items(setting, By::Others), Chunksize::from(1))?, || ())
}

fn imap_unordered(pool: &Pool<()>, setting: &Setting, gate: &Gate) -> Result<Vec<Came>, Fault> {
    let begin = Instant::now();
    let results = pool.imap_unordered(Turn, items(setting, By::Caller), Chunksize::from(1))?;
    one_by_one(begin, results, || gate.let_go())
}

fn executor_map(executor: &Executor, setting: &Setting) -> Result<Vec<Came>, Fault> {
    let begin = Instant::now();
    one_by_one(begin, executor.map(Turn, items(setting, By::Others), 1, POOL_DEADLINE)?, || ())
}

fn completed(executor: &Executor, setting: &Setting, gate: &Gate) -> Result<Vec<Came>, Fault> {
    let begin = Instant::now();
    let futures = items(setting, By::Caller).into_iter().map(|item| executor.submit(Turn, item));
    let futures = futures.collect::<Result<Vec<_>, _>>()?;
    let results = as_completed(&futures, POOL_DEADLINE).map(|future| future?.result(POOL_DEADLINE));
    one_by_one(begin, results, || gate.let_go())
}
// ANCHOR_END: ways

/// Asks for each result, notes when it was there, and says so if it is not the first item's.
fn one_by_one(
    begin: Instant,
    results: impl Iterator<Item = Result<(u64, u64), multiprocess::Error>>,
    tell: impl Fn(),
) -> Result<Vec<Came>, Fault> {
    let mut came = Vec::new();
    for result in results {
        let (place, done_ns) = result?;
        came.push(Came { place, done_ns, had_ns: ns_since(begin) });
        if place != 0 {
            tell();
        }
    }
    Ok(came)
}

fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(done: &[(u64, u64)]) -> Vec<Came> {
        done.iter().map(|(place, done_ns)| Came { place: *place, done_ns: *done_ns, had_ns: 1 }).collect()
    }

    #[test]
    fn an_order_is_that_of_the_items_or_that_of_their_ends() {
        let mut orders = Orders::default();
        orders.add(&came(&[(0, 30), (1, 10), (2, 20)]));
        assert_eq!((orders.as_submitted, orders.as_completed, orders.slowest_last), (1, 0, 0));
        orders.add(&came(&[(1, 10), (2, 20), (0, 30)]));
        assert_eq!((orders.as_submitted, orders.as_completed, orders.slowest_last), (1, 1, 1));
        orders.add(&came(&[(2, 20), (1, 10), (0, 30)]));
        assert_eq!((orders.as_submitted, orders.as_completed, orders.slowest_last), (1, 1, 2));
    }
}
