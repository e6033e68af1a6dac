//! Work that fails in a worker while nobody asks for its result: who hears of it?

use std::panic;
use std::thread;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::classic::{Callbacks, Chunksize, Config, Pool};
use multiprocess::executor::{self, Executor};
use record::Params;

use super::tasks::{EVERY, Panics};
use super::variants::{Fault, POOL_DEADLINE, Setting};

/// The ways to hand work in without asking for its result.
pub(super) const WAYS: [&str; 3] = ["map_async", "imap", "submit"];

/// How long work may take to be over.
const OVER_WITHIN: Duration = Duration::from_secs(600);

/// What became of one way in all trials.
#[derive(Clone, Copy, Default)]
struct Fate {
    /// Tasks that have failed.
    failed: u64,
    /// Pools whose end told of it.
    told: u64,
}

pub(super) fn unread(params: &Params) -> Result<Outcome, Fault> {
    let setting = Setting::new(params)?;
    // The panics are meant, and each would print a message.
    panic::set_hook(Box::new(|_| ()));
    let measured = Measured::take(|| {
        let mut fates = [Fate::default(); WAYS.len()];
        for _ in 0..setting.trials {
            fates[0].add(on_pool(setting.workers, map_async)?);
            fates[1].add(on_pool(setting.workers, imap)?);
            fates[2].add(submitted(setting.workers)?);
        }
        Ok::<_, Fault>((fates, Vec::new()))
    })?;
    let mut fates = [Fate::default(); WAYS.len()];
    let outcome = measured.answer(|found| {
        fates = *found;
        setting.answer()
    });
    let outcome = outcome.iterations(WAYS.len() as u64 * setting.trials).fact("trials", setting.trials);
    Ok(WAYS.iter().zip(fates).fold(outcome, |outcome, (way, fate)| {
        outcome.fact(&format!("{way}_failed"), fate.failed).fact(&format!("{way}_told"), fate.told)
    }))
}

impl Fate {
    fn add(&mut self, other: Self) {
        *self = Self { failed: self.failed + other.failed, told: self.told + other.told };
    }
}

// ANCHOR: dropped
fn map_async(pool: &Pool<()>) -> Result<(), Fault> {
    drop(pool.map_async(Panics, vec![EVERY], Chunksize::from(1), Callbacks::none())?);
    Ok(())
}

fn imap(pool: &Pool<()>) -> Result<(), Fault> {
    drop(pool.imap(Panics, vec![EVERY], Chunksize::from(1))?);
    Ok(())
}

/// The pool knows what has failed. Whether its end says so?
fn on_pool(workers: usize, hand_in: fn(&Pool<()>) -> Result<(), Fault>) -> Result<Fate, Fault> {
    let pool = Pool::start(Config::new(workers).deadline(POOL_DEADLINE))?;
    hand_in(&pool)?;
    until_over(|| {
        let counts = pool.task_counts();
        counts.submitted > 0 && counts.succeeded + counts.failed == counts.submitted
    })?;
    let failed = pool.task_counts().failed;
    Ok(Fate { failed, told: u64::from(pool.finish().is_err()) })
}

fn submitted(workers: usize) -> Result<Fate, Fault> {
    let executor = Executor::new(executor::Config::new(workers))?;
    drop(executor.submit(Panics, EVERY)?);
    until_over(|| executor.tally().open() == 0)?;
    let failed = executor.tally().failed;
    Ok(Fate { failed, told: u64::from(executor.finish(POOL_DEADLINE).is_err()) })
}
// ANCHOR_END: dropped

fn until_over(is_over: impl Fn() -> bool) -> Result<(), Fault> {
    let deadline = Instant::now() + OVER_WITHIN;
    while !is_over() {
        if Instant::now() > deadline {
            return Err("what was handed in is not over".into());
        }
        thread::yield_now();
    }
    Ok(())
}
