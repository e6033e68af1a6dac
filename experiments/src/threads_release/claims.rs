//! The check of the claim that this lesson judges.

use harness::evidence::shown;
use harness::verdict::{inverse, judge_speed_up, parallel_cores};
use harness::{Check, Evidence, Finding};
use record::{Band, Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[Check { claim: "performance.threads-scale-without-gil", judge: threads_scale }];

/// An array that the caches may hold is not what the claim is about: sums of it need no memory.
const BYTES: u64 = 64 << 20;

/// Threads under a lock that each lets go while it adds, which is what the post does. Beside it stand the threads that keep the lock, and what
/// limits all of them: sums that are taken whole, and the memory.
fn threads_scale(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "serial / threads_released";
    let speed_up = |variant| evidence.ratio(variant).map(inverse);
    let params = ["workers", "bytes", "sums"].map(|name| evidence.param(name));
    let (Some(own), Band::SpeedUp { ratio, cores }, [Some(workers), Some(bytes), Some(sums)]) =
        (speed_up("threads_released"), &claim.band, params)
    else {
        return Finding::not_measured(quantity);
    };
    let usable = parallel_cores(&evidence.summary.environment).min(workers as f64);
    let (verdict, note) = if bytes < BYTES || sums == 0 {
        let note = format!("{sums} sums of {bytes} bytes, which the caches may hold, cannot tell");
        (Verdict::NotTestableHere, Some(note))
    } else if usable > f64::from(*cores) {
        let note = format!("the claim is about {cores} threads, and this run had {workers}");
        (Verdict::NotTestableHere, Some(note))
    } else {
        judge_speed_up(Some(own), *ratio, *cores, usable)
    };
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    let times = |found: Option<Interval>| found.map_or("an unknown number of".to_owned(), shown);
    let because = format!(
        "with {workers} threads that let go of the lock, {sums} sums of {} are {} times as fast{note}; with threads that keep it {} times, \
         with processes that share the array {} times. Sums that are taken whole leave {:.2} at most{}",
        in_bytes(bytes),
        shown(own),
        times(speed_up("threads_held")),
        times(speed_up("processes_shared")),
        whole_sums(sums, usable),
        ceiling(evidence, bytes * sums),
    );
    Finding::of_interval(verdict, quantity, Some(own), because)
}

/// Ten sums on four cores are three rounds, and two of the cores idle in the last: the speed-up is ten thirds, however fast they are.
fn whole_sums(sums: u64, cores: f64) -> f64 {
    sums as f64 / (sums as f64 / cores.max(1.0)).ceil().max(1.0)
}

/// What memory leaves, by the limits of the same run, and how much of it the best threads use.
fn ceiling(evidence: &Evidence<'_>, bytes: u64) -> String {
    let (Some(one), Some(all)) = (bandwidth(evidence, "read_one_core"), bandwidth(evidence, "read_all_cores")) else {
        return String::new();
    };
    let reached = evidence.time("threads_released").map(|time| bytes as f64 / time.mid);
    let reached = reached.map_or(String::new(), |rate| format!(", and these threads read {rate:.1} GB/s"));
    format!("; memory gives one core {one:.1} GB/s and all of them {all:.1}, which leaves {:.2}{reached}", all / one)
}

/// The median bandwidth of a limit that was measured in this run, in bytes per nanosecond.
fn bandwidth(evidence: &Evidence<'_>, limit: &str) -> Option<f64> {
    let rate = |row: &VariantResult| Some(*row.facts.get("bytes")? as f64 / row.elapsed_ns? as f64);
    let rows = evidence.run.subjects_of("limits").map(|subject| &subject.result);
    let mut rates: Vec<f64> = rows.filter(|row| row.name == limit && row.ok).filter_map(rate).collect();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len().checked_sub(1)? / 2).copied()
}

fn in_bytes(bytes: u64) -> String {
    match bytes {
        0..0x4000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_sums_leave_a_core_idle_in_the_last_round() {
        assert_eq!(whole_sums(10, 2.0), 2.0);
        assert!((whole_sums(10, 4.0) - 10.0 / 3.0).abs() < 1e-12);
        assert_eq!(whole_sums(1, 4.0), 1.0);
    }

    #[test]
    fn bytes_are_told_in_the_unit_that_fits() {
        assert_eq!((in_bytes(128 << 20), in_bytes(8 << 30)), ("128 MiB".to_owned(), "8.0 GiB".to_owned()));
    }
}
