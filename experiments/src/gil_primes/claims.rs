//! The checks of the claims that this lesson judges: a few lines each, over intervals and counters.

use std::ops::RangeInclusive;

use harness::evidence::{shown, stated};
use harness::verdict::{inverse, judge, judge_count, judge_speed_up, parallel_cores};
use harness::{Check, Evidence, Finding};
use record::{Band, Claim, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.threads-slower", judge: threads_slower },
    Check { claim: "cpu.prime-count", judge: prime_count },
    Check { claim: "cpu.processes-halve", judge: processes_halve },
];

/// What the post runs: two threads, on the numbers below 100,000, under the switch interval of its interpreter, which it leaves alone.
/// There is no prime below 2.
const POSTED: [(&str, RangeInclusive<u64>); 4] =
    [("workers", 2..=2), ("start", 0..=2), ("end", 100_000..=100_000), ("interval_us", 5_000..=5_000)];

/// Like with like: two threads under the lock against one that holds it and passes the same safe points.
fn threads_slower(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "threads_gil_post_split / serial_gil";
    let ratio = evidence.ratio_between("threads_gil_post_split", "serial_gil");
    let (Some(ratio), Some(switches)) = (ratio, evidence.fact("threads_gil_post_split", "gil_switches")) else {
        return Finding::not_measured(quantity);
    };
    let rounds = evidence.param("rounds").unwrap_or(1);
    let against_serial = evidence
        .ratio("serial_gil")
        .map_or(String::new(), |points| format!("; the safe points alone cost {} times the bare loop", shown(points)));
    let without = evidence.ratio("threads_post_split").map_or(String::new(), |free| {
        format!("; without a lock the same threads take {} times the bare loop", shown(free))
    });
    let threads = match evidence.param("workers") {
        Some(1) => "one thread".to_owned(),
        None | Some(2) => "two threads".to_owned(),
        Some(more) => format!("{more} threads"),
    };
    let because = format!(
        "{threads} under one lock take {} times one thread that holds it, with {switches} switches in {rounds} counts{against_serial}\
         {without}",
        shown(ratio)
    );
    let other = POSTED.iter().find_map(|(name, posted)| {
        Some((name, evidence.param(name)?, posted)).filter(|(_, value, posted)| !posted.contains(value))
    });
    let (verdict, because) = match other {
        None => (judge(Some(ratio), &claim.band), because),
        Some((name, value, posted)) => {
            let asked = format!("the post's program has {name}={}, and this run had {value}", posted.end());
            (Verdict::NotTestableHere, format!("{asked}; {because}"))
        }
    };
    Finding::of_interval(verdict, quantity, Some(ratio), because)
}

/// Every variant gives the oracle's answer, and that is the post's if the numbers are.
fn prime_count(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let oracle = evidence.typical("serial").and_then(|serial| serial.answer.as_deref()?.parse::<u64>().ok());
    let (Some(stated), Some(found)) = (stated(claim, "primes"), oracle) else {
        return Finding::not_measured("subjects with the oracle's answer");
    };
    let range = [evidence.param("start"), evidence.param("end")];
    let same = evidence.same_answers(&format!("the loop finds {found} primes"));
    match range {
        // There is no prime below 2.
        [Some(0..=2), Some(100_000)] => match judge_count(&[found], stated as u64) {
            Verdict::Reproduced => same,
            verdict => Finding { verdict, ..same },
        },
        _ => Finding {
            verdict: Verdict::NotTestableHere,
            because: format!("{}; this run did not count the primes below 100,000", same.because),
            ..same
        },
    }
}

fn processes_halve(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "serial / processes_post_split";
    let Band::SpeedUp { ratio, cores } = claim.band else { return Finding::not_measured(quantity) };
    let speed_up = |variant| evidence.ratio(variant).map(inverse);
    let measured = speed_up("processes_post_split");
    if evidence.param("workers").is_some_and(|workers| workers != u64::from(cores)) {
        let because = format!("the claim is about {cores} processes, and this run had another number of them");
        return Finding::of_interval(Verdict::NotTestableHere, quantity, measured, because);
    }
    let Some(included) = measured else { return Finding::not_measured(quantity) };
    let (verdict, note) = judge_speed_up(measured, ratio, cores, parallel_cores(&evidence.summary.environment));
    let besides: Vec<String> = [
        ("processes_started", "without the pool's start"),
        ("processes_fair_split", "with a fair split and the start"),
        ("threads_fair_split", "with a fair split, on threads without a lock"),
    ]
    .into_iter()
    .filter_map(|(variant, what)| Some(format!("{what} {}", shown(speed_up(variant)?))))
    .collect();
    let mut because = format!("two processes are {} times as fast, their start and end included", shown(included));
    for part in besides.into_iter().chain(cap(evidence)).chain(note) {
        because.push_str("; ");
        because.push_str(&part);
    }
    Finding::of_interval(verdict, quantity, measured, because)
}

/// What the split leaves to gain: the larger half has to be counted by one worker.
fn cap(evidence: &Evidence<'_>) -> Option<String> {
    let all = evidence.fact("serial", "divisions")? as f64;
    let second = evidence.fact("serial", "second_half_divisions")? as f64;
    let largest = evidence.fact("processes_post_split", "largest_part_divisions")? as f64;
    (largest > 0.0).then(|| {
        format!(
            "the second half holds {:.1} % of the divisions, so the split allows {:.2}",
            second / all * 100.0,
            all / largest
        )
    })
}
