//! The checks of the claims that this lesson judges: a few lines each, over intervals, facts and series.

use harness::evidence::{nothing_measured, shown, stated};
use harness::verdict::judge;
use harness::{Check, Evidence, Finding, statistics};
use record::{Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "queues.big-array-slowdown", judge: slowdown },
    Check { claim: "queues.running-vs-sleeping", judge: running_or_sleeping },
    Check { claim: "queues.three-causes", judge: three_causes },
    Check { claim: "queues.shared-types-fix", judge: shared_types },
];

/// Smaller arrays are not the large items that the claims are about: half of the post's 54 MB.
const LARGE_BYTES: u64 = 27_000_000;

/// A cause is one if it takes more than this share of the time.
const NOTICEABLE: f64 = 0.05;

/// Two times are near each other if neither is more than this many times the other.
const NEAR: f64 = 2.0;

/// What was found, if the arrays of this run are large; with smaller ones it is said and not judged.
fn if_large(evidence: &Evidence<'_>, found: Finding) -> Finding {
    let bytes = ["item_rows", "item_cols"].iter().filter_map(|name| evidence.param(name)).product::<u64>() * 3 * 8;
    if bytes >= LARGE_BYTES {
        return found;
    }
    let because = format!(
        "the arrays of this run are {:.1} MB, and the claim is about large ones; here, {}",
        bytes as f64 / 1e6,
        found.because
    );
    Finding { verdict: Verdict::NotTestableHere, because, ..found }
}

/// Of the two readings of the script, the one that puts after each product is judged, and the other is said beside it.
fn slowdown(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let ratio = evidence.ratio("big_each");
    let because = match ratio {
        Some(ratio) => format!(
            "putting the array after each product takes {} times as long as putting an int{}{}",
            shown(ratio),
            once(evidence),
            per_item(claim, evidence)
        ),
        None => nothing_measured("big_each"),
    };
    if_large(evidence, Finding::of_interval(judge(ratio, &claim.band), "big_each / small_each", ratio, because))
}

/// What the other reading of the script comes to.
fn once(evidence: &Evidence<'_>) -> String {
    evidence.ratio_between("big_once", "small_once").map_or_else(String::new, |ratio| {
        format!("; putting it once per worker instead, {} times as long", shown(ratio))
    })
}

/// What an item of the post costs in either reading, beside ours, and which of them is within reach.
fn per_item(claim: &Claim, evidence: &Evidence<'_>) -> String {
    let figure = |name| stated(claim, name);
    let posted =
        || Some((figure("big_seconds")? - figure("small_seconds")?, figure("workers")?, figure("iterations")?));
    let ours = || {
        let more = evidence.time("big_each")?.mid - evidence.time("small_each")?.mid;
        Some(more / 1e6 / evidence.fact("big_each", "items")?.max(1) as f64)
    };
    let Some(((more, workers, iterations), ours)) = posted().zip(ours()) else { return String::new() };
    let (each, once) = (more / (workers * iterations) * 1e3, more / workers);
    let reading = if (each / NEAR..=each * NEAR).contains(&ours) {
        "its figures fit the first reading"
    } else {
        "the first is within reach of a copy and a pipe, the second is not"
    };
    format!(
        ". The post's {more:.0} s more are {each:.0} ms per item if it puts after each product, here {ours:.0} ms, and {once:.1} s per \
         item if it puts once per worker: {reading}"
    )
}

fn running_or_sleeping(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "share of the workers' samples in the state the claim names";
    let running = share_of(evidence, "small_each", |result| state_share(result, "states_running"));
    let sleeping = share_of(evidence, "big_each", |result| state_share(result, "states_sleeping"));
    let disk = share_of(evidence, "big_each", |result| state_share(result, "states_disk"));
    let (Some(running), Some(sleeping), Some(disk)) = (running, sleeping, disk) else {
        return Finding::not_measured(quantity);
    };
    // "Are" is read as "most of the time".
    let verdict = match (mostly(running), mostly(sleeping)) {
        (Verdict::Reproduced, Verdict::Reproduced) => Verdict::Reproduced,
        (Verdict::Contradicted, _) | (_, Verdict::Contradicted) => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    };
    let because = format!(
        "with ints the workers were running, or ready to, for {} of the time; with arrays they were sleeping for {} and in state D for \
         {}. A worker counts as running if any of its threads does",
        percent(running),
        percent(sleeping),
        percent(disk)
    );
    if_large(evidence, Finding::of_count(verdict, quantity, running.n, because))
}

fn mostly(share: Interval) -> Verdict {
    match share {
        share if share.low > 0.5 => Verdict::Reproduced,
        share if share.high < 0.5 => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    }
}

/// The share of one state in a subject's run; none if it ended before the first sample. The samples stand for equally long times, though
/// earlier ones may be sums of more looks: so each counts by its own share.
fn state_share(result: &VariantResult, state: &str) -> Option<f64> {
    let all = ["states_running", "states_sleeping", "states_disk"].map(|name| result.series.get(name));
    let at =
        |series: Option<&Vec<u64>>, sample: usize| series.and_then(|series| series.get(sample)).copied().unwrap_or(0);
    let own = result.series.get(state);
    let share = |sample| {
        let total: u64 = all.iter().map(|series| at(*series, sample)).sum();
        (total > 0).then(|| at(own, sample) as f64 / total as f64)
    };
    let shares: Vec<f64> = (0..own?.len()).filter_map(share).collect();
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

/// What one item spends its time in: the three causes that the claim names.
const CAUSES: [(&str, [&str; 2]); 3] = [
    ("pickling", ["encode_ns", "decode_ns"]),
    ("waiting for the lock", ["lock_wait_ns", ""]),
    ("copying through the pipe", ["write_ns", "read_ns"]),
];

fn three_causes(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "shares of encode and decode, lock wait, write and read in the time of an item of big_each";
    let cause = |names: [&'static str; 2]| share_of(evidence, "big_each", move |result| cause_share(result, names));
    let [Some(pickling), Some(lock), Some(copying)] = CAUSES.map(|(_, facts)| cause(facts)) else {
        return Finding::not_measured(quantity);
    };
    let shares = [pickling, lock, copying];
    // A cause that takes no noticeable share is none; the others still are.
    let verdict = match shares {
        all if all.iter().all(|share| share.low > NOTICEABLE) => Verdict::Reproduced,
        some if some.iter().any(|share| share.high < NOTICEABLE) => Verdict::DirectionOnlyWeaker,
        _ => Verdict::Inconclusive,
    };
    let said: Vec<String> =
        CAUSES.iter().zip(shares).map(|((cause, _), share)| format!("{cause} {}", percent(share))).collect();
    let because =
        format!("of the work and waiting that one item adds up to: {}{}", said.join(", "), reader_share(evidence));
    if_large(evidence, Finding::of_count(verdict, quantity, pickling.n, because))
}

fn cause_share(result: &VariantResult, names: [&str; 2]) -> Option<f64> {
    let sum = |names: &[&str]| names.iter().filter_map(|name| result.facts.get(*name)).sum::<u64>();
    let all: u64 = CAUSES.iter().map(|(_, facts)| sum(facts)).sum();
    (all > 0).then(|| sum(&names) as f64 / all as f64)
}

/// How much of the run the parent is inside an item. By the clock: whether it reads or waits for its writer cannot be told apart.
fn reader_share(evidence: &Evidence<'_>) -> String {
    let busy = |result: &VariantResult| {
        let fact = |name: &str| result.facts.get(name).copied();
        let per_item = fact("read_ns")? + fact("decode_ns")?;
        Some((per_item * fact("items")?) as f64 / result.elapsed_ns? as f64)
    };
    share_of(evidence, "big_each", busy).map_or_else(String::new, |share| {
        let share = percent(share);
        format!(
            ". For {share} of the run the parent is inside reading or decoding an item, waiting for the next piece \
             included"
        )
    })
}

fn shared_types(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let ratio = evidence.ratio("shared_each");
    let beside = |variant, words: &str| {
        evidence.ratio(variant).map_or_else(String::new, |ratio| format!("; {words}, {} times", shown(ratio)))
    };
    let because = match ratio {
        Some(ratio) => format!(
            "with the array in shared memory and its index on the queue the run takes {} times as long as with ints{}{}",
            shown(ratio),
            beside("shared_copy_each", "with an array that is made elsewhere and copied there"),
            beside("file_each", "with a file in memory that is written and read")
        ),
        None => nothing_measured("shared_each"),
    };
    if_large(evidence, Finding::of_interval(judge(ratio, &claim.band), "shared_each / small_each", ratio, because))
}

/// The median of a share over the subjects of `variant` that tell it, with its interval by ranks: a share may be 0.
fn share_of<'a>(
    evidence: &Evidence<'a>,
    variant: &'a str,
    share: impl Fn(&VariantResult) -> Option<f64>,
) -> Option<Interval> {
    let shares: Vec<f64> = evidence.results(variant).filter_map(share).collect();
    statistics::median_interval(&shares)
}

fn percent(share: Interval) -> String {
    format!("{:.0} % ({:.0} to {:.0} %)", share.mid * 100.0, share.low.max(0.0) * 100.0, share.high.min(1.0) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_several_looks_counts_like_the_time_it_stands_for() {
        let mut result = VariantResult::failed("small_each", "rust", "");
        // Four looks at two workers added up, then one look.
        result.series.insert("states_running".to_owned(), vec![8, 0]);
        result.series.insert("states_sleeping".to_owned(), vec![0, 2]);
        assert_eq!(state_share(&result, "states_running"), Some(0.5));
        assert_eq!(state_share(&result, "states_disk"), None);
        result.series.clear();
        assert_eq!(state_share(&result, "states_running"), None);
    }
}
