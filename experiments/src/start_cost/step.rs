//! The work of this lesson, one short call, and the same call as a process and a pool know it.

use std::error::Error;
use std::hint::black_box;

use bincode::{Decode, Encode};
use harness::Outcome;
use multiprocess::meter::WorkerReport;
use multiprocess::{Function, register_function};

pub(super) type Fault = Box<dyn Error + Send + Sync>;
pub(super) type Answered = Result<Outcome, Fault>;

/// What the call begins with.
pub(super) const SEED: u64 = 2023;

/// Rounds of one call: some twenty microseconds.
const ROUNDS: u32 = 10_000;

// ANCHOR: step
/// One call: rounds of a generator that depend on each other (xorshift, Marsaglia 2003), so that nothing can be left out.
#[inline(never)]
pub(super) fn step(seed: u64) -> u64 {
    (0..ROUNDS).fold(black_box(seed), |x, _| {
        let x = x ^ (x << 13);
        let x = x ^ (x >> 7);
        x ^ (x << 17)
    })
}
// ANCHOR_END: step

/// The call, for a process that has inherited nothing.
#[derive(Debug, Encode, Decode)]
pub(super) struct Call;

impl Function for Call {
    const NAME: &'static str = "start_cost::Call";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), seed: u64) -> u64 {
        step(seed)
    }
}
register_function!(Call);

/// The answer of a variant whose calls gave `value`.
pub(super) fn answer(value: u64) -> String {
    format!("{value:016x}")
}

/// What every call has to give.
pub(super) fn right(value: u64) -> Result<(), Fault> {
    let expected = step(SEED);
    if value == expected { Ok(()) } else { Err(format!("a call gave {value:016x}, and not {expected:016x}").into()) }
}

/// The reports of processes that lived one after the other, as those of one: there can be thousands, and each would be a row.
pub(super) fn merged(reports: impl IntoIterator<Item = WorkerReport>) -> Vec<WorkerReport> {
    let sum = |all: WorkerReport, next: WorkerReport| WorkerReport {
        counts: all.counts.plus(&next.counts),
        usage: all.usage.plus(next.usage),
        ..next
    };
    reports.into_iter().reduce(sum).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_gives_the_same_every_time_and_another_seed_something_else() {
        assert!(right(step(SEED)).is_ok());
        assert!(right(step(SEED + 1)).unwrap_err().to_string().contains("and not"));
        assert_eq!(answer(255), "00000000000000ff");
    }
}
