//! The parameters, typed, and what variants hand back.

use std::error::Error;
use std::ops::Range;
use std::time::Duration;

use harness::{Measured, Outcome};
use multiprocess::gil::Gil;
use record::Params;

use super::division::{self, Tally};

pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// The first changes of hands that a lock logs.
const CHANGES_AT_MOST: usize = 2_000;

/// The parameters of a variant.
pub(crate) struct Setting {
    pub(crate) numbers: Range<u32>,
    pub(crate) workers: u32,
    pub(crate) interval: Duration,
    pub(crate) rounds: u64,
    pub(crate) requests: u64,
}

impl Setting {
    pub(crate) fn new(params: &Params) -> Result<Self, Failed> {
        let number = |name| u32::try_from(params[name]);
        Ok(Self {
            numbers: number("start")?..number("end")?,
            workers: number("workers")?,
            interval: Duration::from_micros(params["interval_us"]),
            rounds: params["rounds"],
            requests: params["requests"],
        })
    }

    pub(crate) fn post_split(&self) -> Vec<Range<u32>> {
        division::post_split(&self.numbers, self.workers)
    }

    /// Made before the measured time.
    pub(crate) fn fair_split(&self) -> Vec<Range<u32>> {
        division::fair_split(&self.numbers, self.workers)
    }

    /// A lock with the interval of this setting, which logs.
    pub(crate) fn lock(&self) -> Gil {
        Gil::with_log(self.interval, CHANGES_AT_MOST)
    }

    /// What the parts of one count came to: its answer, and the divisions that were made for it.
    pub(crate) fn outcome(&self, measured: Measured<Vec<Tally>>) -> Outcome {
        let mut parts = Vec::new();
        let outcome = measured.answer(|tallies| {
            parts.clone_from(tallies);
            Tally::sum(tallies.iter().copied()).primes.to_string()
        });
        let largest = parts.iter().map(|part| part.divisions).max().unwrap_or(0);
        outcome
            .iterations(self.rounds)
            .fact("divisions", Tally::sum(parts).divisions)
            .fact("largest_part_divisions", largest)
    }
}

/// Adds what happened at the lock, and who held it when: a time in nanoseconds, and from then on the number of the thread plus one, 0 for
/// nobody. The first threads have these `names`; those after them count primes.
pub(crate) fn with_lock(outcome: Outcome, gil: &Gil, names: &[&str]) -> Outcome {
    let (counts, changes) = (gil.counts(), gil.changes());
    let began = changes.first().map_or(Duration::ZERO, |change| change.at);
    let at = changes.iter().map(|change| (change.at - began).as_nanos() as u64).collect();
    let holders = changes.iter().map(|change| change.holder.map_or(0, |holder| u64::from(holder) + 1)).collect();
    outcome
        .fact("gil_switches", counts.switches)
        .fact("gil_drop_requests", counts.drop_requests)
        .fact("gil_yields", counts.yields)
        .fact("gil_forced_switches", counts.forced_switches)
        .fact("gil_waits", counts.waits)
        .fact("gil_waited_ns", counts.waited.as_nanos() as u64)
        .series("gil_changes_ns", at)
        .series("gil_holders", holders)
        .note("gil_threads", names.join(" "))
}
