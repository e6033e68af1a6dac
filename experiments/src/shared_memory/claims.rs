//! The checks of the claims that this lesson judges.

use harness::evidence::shown;
use harness::verdict::judge;
use harness::{Check, Evidence, Finding, statistics};
use record::{Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "performance.shared-memory-avoids-copies", judge: hand_over },
    Check { claim: "performance.shareable-list", judge: list },
    Check { claim: "tuning.shared-slices", judge: slices },
];

/// From the last size but two to the last there are so many times the bytes; a linear time takes about so many times as long.
const TIMES_THE_BYTES: f64 = 16.0;
/// Linear: sixteen times the bytes take between 16^0.7 and 16^1.3 times as long. A cache that is left behind on the way, or memory that is
/// new, bends the line that much.
const LINEAR: [f64; 2] = [0.7, 1.3];
/// Constant: over the whole sweep, where the bytes grow a hundredfold and more, the time does not double. Waking another process varies by
/// about that much from one time to the next.
const CONSTANT_BELOW: f64 = 2.0;
/// The sweep has to span this much, or neither could be told.
const SPAN_AT_LEAST: u64 = 64;

/// How a time grows along the sweep, as a ratio of two points of the same subject, over subjects.
fn growth(reports: &[&VariantResult], name: &str, from_last: Option<usize>) -> Option<Interval> {
    let ratio = |result: &&VariantResult| {
        let times = result.series.get(name)?;
        let first = from_last.map_or(Some(0), |back| times.len().checked_sub(1 + back))?;
        Some(*times.last()? as f64 / *times.get(first)? as f64)
    };
    statistics::median_interval(&reports.iter().filter_map(ratio).collect::<Vec<_>>())
}

fn hand_over(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "hand-over of the largest by that of the smallest, shared";
    let reports: Vec<&VariantResult> = evidence.results("hand_over").collect();
    let sizes = reports.first().and_then(|result| result.series.get("sizes"));
    let (Some(sizes), Some(shared)) = (sizes, growth(&reports, "shared_ns", None)) else {
        return Finding::not_measured(quantity);
    };
    let (smallest, largest) = (sizes.first().copied().unwrap_or(0), sizes.last().copied().unwrap_or(0));
    let Some(pickled) = growth(&reports, "pickled_ns", Some(2)).filter(|_| largest >= SPAN_AT_LEAST * smallest.max(1))
    else {
        let because = format!("sizes from {smallest} to {largest} bytes are too close to tell");
        return Finding::of_interval(Verdict::NotTestableHere, quantity, Some(shared), because);
    };
    let power = |ratio: f64| ratio.ln() / TIMES_THE_BYTES.ln();
    let linear = power(pickled.low) > LINEAR[0] && power(pickled.high) < LINEAR[1];
    let verdict = match (shared.high < CONSTANT_BELOW, linear) {
        (true, true) => Verdict::Reproduced,
        _ if shared.low > CONSTANT_BELOW => Verdict::Contradicted,
        (true, false) if power(pickled.high) < LINEAR[0] => Verdict::Contradicted,
        // More than linear is neither what the claim's check asks for nor anything against the claim.
        _ => Verdict::Inconclusive,
    };
    let copied = growth(&reports, "copied_in_ns", Some(2));
    let because = format!(
        "from {smallest} to {largest} bytes the hand-over of what is shared grows {} times; over the last {TIMES_THE_BYTES} times of that, pickled \
         {} times, and copied into shared memory {}. Constant means below {CONSTANT_BELOW}, linear {TIMES_THE_BYTES} to the power of {} to {}",
        shown(shared),
        shown(pickled),
        copied.map_or("an unknown number of".to_owned(), shown),
        LINEAR[0],
        LINEAR[1],
    );
    Finding::of_interval(verdict, quantity, Some(shared), because)
}

/// Counted. What is of another kind does not compile, which the tests of the lesson say; here is what happens at run time.
fn list(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "lists whose entries of all six kinds came through";
    let sum = |name| evidence.fact_sum("sums_in_list", name);
    let (Some(trials), Some(came), Some(refused)) =
        (sum("list_trials"), sum("list_came_through"), sum("list_too_long_refused"))
    else {
        return Finding::not_measured(quantity);
    };
    let verdict = match trials {
        0..100 => Verdict::Inconclusive,
        _ if came == trials && refused == trials => Verdict::Reproduced,
        _ => Verdict::Contradicted,
    };
    let because = format!(
        "in {came} of {trials} trials None, a bool, an int, a float, two strs and two bytes went to another process and back unchanged; in \
         {refused} an entry longer than the room it began with was refused and left alone. How long a str is at first is not limited \
         here: what is short is the room of its entry. Anything else does not compile"
    );
    Finding::of_count(verdict, quantity, usize::try_from(trials).unwrap_or(usize::MAX), because)
}

/// Fewer numbers in a slice would be about messages: a slice of the claim is of two megabytes.
const SLICE_AT_LEAST: u64 = 10_000;

fn slices(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "pickled_slices / shared_in_place";
    let ratio = evidence.ratio_between("pickled_slices", "shared_in_place");
    let (Some(found), Some(slice), Some(elements)) = (ratio, evidence.param("slice"), evidence.param("elements"))
    else {
        return Finding::not_measured(quantity);
    };
    let counted = evidence.ratio_between("pickled_slices", "shared_copied_in");
    let (verdict, note) = if slice < SLICE_AT_LEAST || elements < 2 * slice {
        (Verdict::NotTestableHere, format!(" ({elements} numbers in slices of {slice} are too few to tell)"))
    } else {
        // With the copy counted it has to hold as well: an array begins somewhere else as a rule.
        match (judge(ratio, &claim.band), judge(counted, &claim.band)) {
            (Verdict::Reproduced, Verdict::Contradicted) => (Verdict::Inconclusive, String::new()),
            (verdict, _) => (verdict, String::new()),
        }
    };
    let times = |found: Option<Interval>| found.map_or("an unknown number of".to_owned(), shown);
    let bytes = |variant| evidence.typical(variant).map_or(0, |result| result.counters.dumps.bytes);
    let because = format!(
        "sending the slices takes {} times as long as sending where they lie{note}, and {} times with the copy into shared memory counted. One \
         process alone takes {} the time of the shared slices. Encoded in all processes: {} bytes sent, {} bytes shared",
        shown(found),
        times(counted),
        times(evidence.ratio("shared_in_place").map(harness::verdict::inverse)),
        bytes("pickled_slices"),
        bytes("shared_in_place"),
    );
    Finding::of_interval(verdict, quantity, ratio, because)
}
