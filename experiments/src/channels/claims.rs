//! The checks of the claims that this lesson judges.

use harness::evidence::{nothing_measured, shown};
use harness::outcome::{FAULTS, NO_ROOM, TRIALS};
use harness::{Check, Evidence, Finding, statistics, verdict};
use record::{Claim, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.queue-backpressure", judge: back_pressure },
    Check { claim: "cpu.pipe-faster-than-queue", judge: pipe_or_queue },
    Check { claim: "cpu.pipe-deadlock", judge: deadlock },
];

/// A behaviour that was seen in `seen` of `trials` trials.
fn behaviour(quantity: &str, seen: u64, trials: u64, because: String) -> Finding {
    if trials == 0 {
        return Finding::not_measured(quantity);
    }
    Finding::of_share(
        verdict::judge_behaviour(seen, trials),
        quantity,
        statistics::proportion_interval(seen, trials),
        because,
    )
}

/// Counted: puts until the producer is found asleep, gets until the consumer is, and what was left after the sentinel. Seen is a trial in which
/// all of it was as the post says; no more can have been than of its rarest part.
fn back_pressure(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "trials in which both sides waited and the stream ended";
    if evidence.param("queue_bound") == Some(0) {
        let because = "a queue without a bound blocks no producer".to_owned();
        return Finding::of_count(Verdict::NotTestableHere, quantity, 0, because);
    }
    let sum = |fact| evidence.fact_sum("bounded_stream", fact).unwrap_or(0);
    let parts = ["producer_at_bound", "one_for_one", "consumer_on_empty", "clean_ends"].map(sum);
    let (seen, trials) = (parts.into_iter().min().unwrap_or(0), sum("pressure_trials"));
    let because = format!(
        "with room for {} items the producer slept after exactly as many puts in {} of {trials} trials, and each get let one more through in {}; \
         the consumer of an empty queue slept until an item came in {}; the sentinel ended both streams, with every item and nothing left, \
         in {}",
        evidence.param("queue_bound").unwrap_or(0),
        parts[0],
        parts[1],
        parts[2],
        parts[3],
    );
    behaviour(quantity, seen, trials, because)
}

/// Judged on what `Pipe()` makes in CPython by default, a socket; a pair of pipes, what `Pipe(duplex=False)` makes twice, stands beside it,
/// and so do one core and the largest message.
fn pipe_or_queue(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "round trip of a small message: queue / Pipe()";
    let Some(ratio) = evidence.ratio_between("queue", "socket") else {
        return Finding::of_interval(Verdict::Inconclusive, quantity, None, nothing_measured("queue or socket"));
    };
    let found = verdict::judge(Some(ratio), &claim.band);
    let pipes = evidence.ratio_between("queue", "pipe").map_or("an unknown number of".to_owned(), shown);
    let alone = match evidence.typical("queue").is_some_and(|typical| typical.notes.contains_key("one_core")) {
        true => "on the one core there is",
        false => "on two cores",
    };
    let because = format!(
        "{alone} a queue takes {} times as long as the socket that Pipe() makes, and {pipes} times as long as two pipes{}",
        shown(ratio),
        beside(evidence)
    );
    Finding::of_interval(found, quantity, Some(ratio), because)
}

/// The same from the sweeps of the typical subjects, in words: on one core, and one way at the largest size.
fn beside(evidence: &Evidence<'_>) -> String {
    let point = |variant: &str, series: &str, first: bool| {
        let values = &evidence.typical(variant)?.series.get(series)?;
        let value = if first { values.first() } else { values.last() };
        value.filter(|value| **value > 0).map(|value| *value as f64)
    };
    let one_core =
        point("queue", "same_core_round_trip_ns", true).zip(point("socket", "same_core_round_trip_ns", true));
    let one_core = one_core.map(|(queue, pipe)| format!("; on one core {:.1} times", queue / pipe)).unwrap_or_default();
    let size = point("queue", "sizes_bytes", false).unwrap_or(0.0);
    let bulk = point("socket", "bytes_per_s", false).zip(point("queue", "bytes_per_s", false));
    let bulk = bulk.map(|(pipe, queue)| {
        format!("; messages of {size} bytes go through the socket {:.2} times as fast one way", pipe / queue)
    });
    format!("{one_core}{}", bulk.unwrap_or_default())
}

/// Counted: pairs of processes that both read first; in how many it was proven that neither could ever wake. Both writing stands beside it.
fn deadlock(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let sum = |variant, fact| evidence.fact_sum(variant, fact).unwrap_or(0);
    let (hung, trials) = (sum("both_read", FAULTS), sum("both_read", TRIALS));
    let writing = match evidence.reports("both_write").find_map(|result| result.notes.get(NO_ROOM)) {
        Some(why) => format!("both writing first was not tried: {why}"),
        None => format!(
            "both writing first more than a pipe holds hung in {} of {}",
            sum("both_write", FAULTS),
            sum("both_write", TRIALS)
        ),
    };
    let because = format!(
        "{hung} of {trials} pairs that both read first hung, {} of them with a proof that nobody could wake either; {} of the survivors ended \
         by themselves once the other side was killed; {writing}",
        sum("both_read", "proven"),
        sum("both_read", "released"),
    );
    behaviour("pairs of processes that hung, both reading first", hung, trials, because)
}
