//! The variant that sweeps over costs and bytes at once: the surface, and its zero line.

use harness::{Measured, Outcome};
use multiprocess::classic::Chunksize;
use record::Params;

use super::grid::payloads;
use super::tasks::{carried, items};
use super::variants::{Answered, Fault, Job, Lap, Loop, Setting, answer, looped, mapped, ns, swept, with_break_even};
use crate::warm::Warm;

/// How the four payloads are called in facts and series, from none to the largest.
pub(super) const NAMES: [&str; 4] = ["none", "small", "medium", "large"];

pub(super) fn carrying(params: &Params) -> Answered {
    let mut setting = Setting::new(params)?;
    setting.costs = every_second(&setting.costs);
    let payloads = payloads(params["bytes"]);
    let reference = looped(&setting)?;
    let jobs = jobs(&setting, &payloads, &reference)?;
    let warm = Warm::start(setting.workers)?;
    let measured = Measured::take(|| {
        let laps = swept(jobs, |items| mapped(&warm.pool, items, Chunksize::from(1)))?;
        Ok::<_, Fault>((laps, Vec::new()))
    })?;
    let measured = measured.with_workers(warm.finish()?);
    let mut laps = Vec::new();
    let outcome = measured.answer(|taken| {
        laps.clone_from(taken);
        answer(&reference.totals)
    });
    reported(outcome, &setting, &payloads, &reference, &laps).map(|outcome| outcome.iterations(NAMES.len() as u64))
}

/// The costliest one, and every second before it.
fn every_second(costs: &[u64]) -> Vec<u64> {
    let mut costs: Vec<u64> = costs.iter().rev().step_by(2).copied().collect();
    costs.reverse();
    costs
}

/// A map for every payload and cost, payload by payload.
fn jobs(setting: &Setting, payloads: &[u64], reference: &Loop) -> Result<Vec<Job>, Fault> {
    let mut jobs = Vec::new();
    for bytes in payloads {
        let bytes = usize::try_from(*bytes)?;
        let carried = carried(setting.items, bytes);
        for (steps, total) in setting.costs.iter().zip(&reference.totals) {
            let items = items(setting.items, *steps, bytes);
            jobs.push(Job { items, total: total.wrapping_add(carried) });
        }
    }
    Ok(jobs)
}

/// Adds, for every payload, the times and speed-ups over the costs; and over the payloads, the zero line.
fn reported(
    outcome: Outcome,
    setting: &Setting,
    payloads: &[u64],
    reference: &Loop,
    laps: &[Lap],
) -> Result<Outcome, Fault> {
    let points = setting.costs.len();
    let mut outcome = outcome
        .series("steps", setting.costs.clone())
        .series("serial_ns", reference.ns.clone())
        .series("even_thousandths", vec![1_000; points])
        .series("bytes", payloads.to_vec());
    for ((name, bytes), laps) in NAMES.iter().zip(payloads).zip(laps.chunks(points)) {
        let pool = laps.iter().map(|lap| ns(lap.elapsed)).collect::<Result<Vec<u64>, _>>()?;
        let speed_up = reference.ns.iter().zip(&pool).map(|(serial, pool)| (serial * 1_000 / (*pool).max(1)).max(1));
        outcome = outcome
            .series(&format!("speed_up_{name}_thousandths"), speed_up.collect())
            .series(&format!("pool_{name}_ns"), pool.clone())
            .fact(&format!("payload_{name}_bytes"), *bytes);
        let fact = format!("break_even_{name}_ns");
        outcome = with_break_even(outcome, &fact, setting.items, &reference.ns, &pool);
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_costliest_items_are_always_among_every_second() {
        assert_eq!(every_second(&[1, 2, 3, 4]), [2, 4]);
        assert_eq!(every_second(&[1, 2, 3]), [1, 3]);
        assert_eq!(every_second(&[7]), [7]);
    }
}
