//! The variants: the same additions, spread over the items in four ways and cut into tasks in many.
//!
//! What is timed is `map` alone, on a pool whose workers are awake. Starting and ending a pool costs the same whatever the chunksize,
//! and the claims are about the chunksize.

use std::convert::Infallible;
use std::error::Error;

use harness::{Measured, Outcome};
use record::Params;

use super::costs::Distribution;
use super::cuts::Cut;
use super::sweep::{single, sweep};
use super::tasks::add;

type Answered = Result<Outcome, Box<dyn Error + Send + Sync>>;

/// The chunksizes that the post on tuning names, then the rules; a single task with everything is the right end of any U.
const EVEN: [Cut; 10] = [
    Cut::Items(1),
    Cut::Items(5),
    Cut::Items(20),
    Cut::Items(100),
    Cut::Items(500),
    Cut::Rule,
    Cut::ByHand,
    Cut::Large,
    Cut::Whole,
    Cut::Guided,
];
/// The same without two that have nothing to do with what the items cost: batches of the rule's size, and a single task.
const UNEVEN: [Cut; 8] = [
    Cut::Items(1),
    Cut::Items(5),
    Cut::Items(20),
    Cut::Items(100),
    Cut::Items(500),
    Cut::Rule,
    Cut::Large,
    Cut::Guided,
];

/// The post on CPU-bound work: 1000 items of 1000 additions.
const SMALL: usize = 1_000;
/// 62 is what the post's rule gives for them on 4 workers, and 250 is one chunk for each of these.
const SMALL_CUTS: [Cut; 8] = [
    Cut::Items(1),
    Cut::Items(2),
    Cut::Items(5),
    Cut::Items(10),
    Cut::Items(20),
    Cut::Items(62),
    Cut::Items(100),
    Cut::Items(250),
];
/// A single map takes less than a scheduler's time slice, so each point is its median of so many.
const SMALL_ROUNDS: usize = 9;

/// The parameters, typed.
struct Setting {
    workers: usize,
    items: usize,
    inner: u64,
    seed: u64,
}

impl Setting {
    fn new(params: &Params) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self {
            workers: usize::try_from(params["workers"])?,
            items: usize::try_from(params["items"])?,
            inner: params["inner"],
            seed: params["seed"],
        })
    }

    fn costs(&self, distribution: Distribution) -> Vec<u64> {
        distribution.costs(self.items, self.additions(), self.seed)
    }

    fn additions(&self) -> u64 {
        self.items as u64 * self.inner
    }
}

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    let costs = Setting::new(params)?.costs(Distribution::Even);
    let measured = Measured::take(|| {
        let done: u64 = costs.iter().map(|additions| add(*additions)).sum();
        Ok::<_, Infallible>((done, Vec::new()))
    })?;
    Ok(measured.answer(u64::to_string))
}
// ANCHOR_END: serial

fn even(params: &Params, cut: Cut) -> Answered {
    let setting = Setting::new(params)?;
    single(cut, &setting.costs(Distribution::Even), setting.workers)
}

pub(super) fn even_1(params: &Params) -> Answered {
    even(params, Cut::Items(1))
}

pub(super) fn even_auto(params: &Params) -> Answered {
    even(params, Cut::Automatic)
}

pub(super) fn even_rule(params: &Params) -> Answered {
    even(params, Cut::Rule)
}

pub(super) fn even_by_hand(params: &Params) -> Answered {
    even(params, Cut::ByHand)
}

fn swept(params: &Params, distribution: Distribution, cuts: &[Cut]) -> Answered {
    let setting = Setting::new(params)?;
    sweep(cuts, &setting.costs(distribution), setting.workers, 1)
}

pub(super) fn even_sweep(params: &Params) -> Answered {
    swept(params, Distribution::Even, &EVEN)
}

pub(super) fn linear_sweep(params: &Params) -> Answered {
    swept(params, Distribution::Linear, &UNEVEN)
}

pub(super) fn bimodal_sweep(params: &Params) -> Answered {
    swept(params, Distribution::Bimodal, &UNEVEN)
}

pub(super) fn heavy_sweep(params: &Params) -> Answered {
    swept(params, Distribution::Heavy, &UNEVEN)
}

/// The small setting is a part of the lesson's work. What is left of the work is done afterwards, untimed, so that this variant too
/// answers for all of it.
pub(super) fn small_sweep(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let costs = vec![setting.inner.min(SMALL as u64); setting.items.min(SMALL)];
    let outcome = sweep(&SMALL_CUTS, &costs, setting.workers, SMALL_ROUNDS)?;
    let done: u64 = costs.iter().sum();
    let rest = add(setting.additions() - done);
    Ok(outcome.answered((done + rest).to_string()))
}
