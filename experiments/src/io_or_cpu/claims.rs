//! The checks of the claims that this lesson judges.

use harness::evidence::{nothing_measured, shown};
use harness::{Check, Evidence, Finding, verdict};
use record::{Claim, Interval, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "tuning.io-bound-wants-threads", judge: threads_or_processes },
    Check { claim: "tuning.hybrid", judge: hybrid },
];

/// Of two intervals the one that says less for the claim.
fn weaker(one: Interval, other: Interval) -> Interval {
    if one.low <= other.low { one } else { other }
}

fn times(found: Option<Interval>) -> String {
    found.map_or("an unknown number of".to_owned(), shown)
}

/// Why these parameters leave nothing to compare.
fn no_test(evidence: &Evidence<'_>) -> Option<&'static str> {
    let least = |name: &str, least: u64| evidence.param(name).is_some_and(|value| value >= least);
    match () {
        () if !least("latency_ms", 1) => Some("without a latency there is nothing to wait for"),
        () if !least("requests", 2) || !least("workers", 2) => Some("one request at a time is nobody's gain"),
        () => None,
    }
}

/// Judged on a pool of as many processes as there are threads: every one of them can wait at the same time. Of threads and tasks, the one that
/// gains less. The pool that has a process for each core stands beside it.
fn threads_or_processes(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "fetching: as many processes / threads or tasks";
    if let Some(why) = no_test(evidence) {
        return Finding::of_interval(Verdict::NotTestableHere, quantity, None, why.to_owned());
    }
    let over = |variant| evidence.ratio_between("processes_many", variant);
    let (Some(threads), Some(tasks)) = (over("threads"), over("tasks")) else {
        let because = nothing_measured("processes_many, threads or tasks");
        return Finding::of_interval(Verdict::Inconclusive, quantity, None, because);
    };
    let judged = weaker(threads, tasks);
    let memory = |variant| evidence.fact(variant, "memory_bytes").unwrap_or(0) as f64 / 1e6;
    let because = format!(
        "{} processes take {} times as long as as many threads and {} times as long as as many tasks on one thread; a process for each core \
         takes {} times as long as the threads. At their peaks all processes together had {:.0} MB, the one with threads {:.0} MB, the one with \
         tasks {:.0} MB",
        evidence.param("workers").unwrap_or(0),
        shown(threads),
        shown(tasks),
        times(evidence.ratio_between("processes_few", "threads")),
        memory("processes_many"),
        memory("threads"),
        memory("tasks"),
    );
    Finding::of_interval(verdict::judge(Some(judged), &claim.band), quantity, Some(judged), because)
}

/// Judged on threads under an interpreter lock, since that is what the post's threads have, and on a pool of a process for each core, as the
/// hybrid itself has; of the two the one that is nearer. Threads without a lock and a process for each connection stand beside it.
fn hybrid(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "fetching and computing: the better of either alone / hybrid";
    if let Some(why) = no_test(evidence) {
        return Finding::of_interval(Verdict::NotTestableHere, quantity, None, why.to_owned());
    }
    let over = |variant| evidence.ratio_between(variant, "hybrid");
    let (Some(threads), Some(processes)) = (over("compute_threads_gil"), over("compute_processes_few")) else {
        let because = nothing_measured("hybrid, compute_threads_gil or compute_processes_few");
        return Finding::of_interval(Verdict::Inconclusive, quantity, None, because);
    };
    let judged = weaker(threads, processes);
    let because = format!(
        "threads alone, under an interpreter lock, take {} times as long as the hybrid, and a process for each core alone {} times. A process \
         for each connection takes {} times as long as the hybrid, and threads without a lock {} times",
        shown(threads),
        shown(processes),
        times(over("compute_processes_many")),
        times(over("compute_threads")),
    );
    Finding::of_interval(verdict::judge(Some(judged), &claim.band), quantity, Some(judged), because)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weaker_of_two_is_the_one_whose_interval_begins_lower() {
        let of = |low| Interval { low, mid: low + 0.5, high: low + 1.0, n: 10 };
        assert_eq!((weaker(of(1.2), of(2.0)), weaker(of(2.0), of(0.9))), (of(1.2), of(0.9)));
    }
}
