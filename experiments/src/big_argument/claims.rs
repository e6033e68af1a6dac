//! The checks of the claims that this lesson judges.

use harness::evidence::shown;
use harness::verdict::judge;
use harness::{Check, Evidence, Finding, statistics};
use record::{Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "performance.thread-vs-process-1gib", judge: thread_and_process },
    Check { claim: "tuning.result-fan-out", judge: result_fan_out },
];

/// The claim is about an array that lies in memory. A smaller one lies in the caches of many processors, from where it is summed faster.
const ARRAY_AT_LEAST: u64 = 16 << 20;

fn thread_and_process(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "pool_spawn / thread";
    let ratio = evidence.ratio_between("pool_spawn", "thread");
    let (Some(found), Some(bytes)) = (ratio, evidence.param("bytes")) else {
        return Finding::not_measured(quantity);
    };
    let (verdict, note) = match bytes < ARRAY_AT_LEAST {
        true => (Verdict::NotTestableHere, format!(" ({bytes} bytes are too few to tell: they fit into a cache)")),
        false => (judge(ratio, &claim.band), String::new()),
    };
    let over_thread = |variant| {
        let ratio = evidence.ratio_between(variant, "thread");
        ratio.map_or("an unknown number of".to_owned(), |ratio| format!("{:.2}", ratio.mid))
    };
    let because = format!(
        "summing {bytes} bytes in a pool of one spawned process takes {} times as long as in a pool of one thread{note}. Sent as they lie it \
         is {} times, in a stream of small messages {}, copied into shared memory {}, found there {}",
        shown(found),
        over_thread("bulk_frames"),
        over_thread("streamed"),
        over_thread("shared_copied_in"),
        over_thread("shared_in_place"),
    );
    Finding::of_interval(verdict, quantity, ratio, because)
}

/// Large: the claim is judged on results of at least this many bytes, several times what a pipe holds.
const LARGE: u64 = 256 << 10;
/// The results count if they at least double the time of the same work whose results stay where they are.
const DOUBLED: f64 = 2.0;
/// The way is full if four times the bytes get through at less than one and a half times the rate; an idle way would take four times.
const LEVEL: f64 = 1.5;

/// The share of the results, and whether more bytes still go faster. Both are ratios of two points of one sweep, one of each subject.
fn result_fan_out(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time with the largest results returned / kept";
    let reports: Vec<&VariantResult> = evidence.results("result_fan_out").collect();
    let ratio_of = |over: (&str, usize), under: (&str, usize)| -> Option<Interval> {
        let point = |result: &VariantResult, (name, back): (&str, usize)| {
            let times = result.series.get(name)?;
            Some(*times.get(times.len().checked_sub(back)?)? as f64)
        };
        let ratios = reports.iter().filter_map(|result| Some(point(result, over)? / point(result, under)?));
        statistics::median_interval(&ratios.collect::<Vec<_>>())
    };
    let sizes = reports.first().and_then(|result| result.series.get("sizes"));
    let (Some(largest), Some(slower)) =
        (sizes.and_then(|sizes| sizes.last()), ratio_of(("returned_ns", 1), ("kept_ns", 1)))
    else {
        return Finding::not_measured(quantity);
    };
    let level = ratio_of(("returned_bytes_per_s", 1), ("returned_bytes_per_s", 2));
    let (Some(level), true) = (level, *largest >= LARGE) else {
        let because = format!("results of {largest} bytes are not large: the claim is judged from {LARGE} bytes on");
        return Finding::of_interval(Verdict::NotTestableHere, quantity, Some(slower), because);
    };
    let verdict = match (slower.low > DOUBLED, level.high < LEVEL) {
        (true, true) => Verdict::Reproduced,
        _ if slower.high < 1.0 => Verdict::Contradicted,
        _ if slower.low > 1.0 => Verdict::DirectionOnlyWeaker,
        _ => Verdict::Inconclusive,
    };
    let alone = ratio_of(("returned_bytes_per_s", 1), ("one_worker_bytes_per_s", 1));
    let because = format!(
        "with results of {largest} bytes the same work takes {} times as long as with results that stay in the workers. From a quarter of that \
         size on, four times the bytes come at {} times the rate; {} workers return {} times as many bytes per second as one. Reproduced \
         means above {DOUBLED} and below {LEVEL}",
        shown(slower),
        shown(level),
        evidence.param("workers").unwrap_or(0),
        alone.map_or("an unknown number of".to_owned(), shown),
    );
    Finding::of_interval(verdict, quantity, Some(slower), because)
}
