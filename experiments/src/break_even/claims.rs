//! How the claims of this lesson are judged.
//!
//! Every subject times the loop beside its pool and so has a break-even of its own; the intervals are of the median over subjects.

use harness::evidence::shown;
use harness::{Check, Evidence, Finding, statistics};
use record::{Band, Claim, Interval, VariantResult, Verdict};

use super::carrying::NAMES;
use super::grid::{NOTHING, SLOWER, between};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "performance.live-with-it", judge: live_with_it },
    Check { claim: "cpu.breakeven-hundreds-of-ms", judge: hundreds_of_ms },
    Check { claim: "tuning.few-milliseconds-per-task", judge: few_milliseconds },
];

/// The ways to a break-even, and how they are called.
const WAYS: [(&str, &str); 5] = [
    ("kept_auto", "a pool that is there already"),
    ("kept_one", "the same at chunksize 1"),
    ("every_core", "with a worker for every core"),
    ("fresh_fork", "a pool started for one map by fork"),
    ("fresh_spawn", "by spawn"),
];

/// Judged by all ways together, from a pool that is there already to one that is spawned for a single map of a few items. A cost is no
/// ratio: outside the stated range there is no direction that it could share.
fn hundreds_of_ms(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "smallest item cost at which processes beat the loop, in ms, where it is highest";
    let Band::Range { low, high } = claim.band else { return Finding::not_measured(quantity) };
    let [items, workers] = ["items", "workers"].map(|name| evidence.param(name).unwrap_or(0));
    if let Some(finding) = too_little(evidence, quantity) {
        return finding;
    }
    let found = WAYS.map(|(variant, _)| milliseconds(evidence, variant));
    let known: Vec<Interval> = found.iter().filter_map(|found| found.interval()).collect();
    let Some(highest) = known.iter().copied().max_by(|one, other| one.mid.total_cmp(&other.mid)) else {
        return Finding::not_measured(quantity);
    };
    let inside = |interval: &Interval| low <= interval.low && interval.high <= high;
    let outside = |interval: &Interval| interval.high < low || high < interval.low;
    let verdict = match known.len() == WAYS.len() {
        _ if known.iter().any(inside) => Verdict::Reproduced,
        true if known.iter().all(outside) => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    };
    let ways: Vec<String> = WAYS.iter().zip(found).map(|((_, words), found)| found.told(words)).collect();
    let because = format!(
        "the cost of an item from which on {workers} workers beat the loop over {items} items: {}",
        ways.join("; ")
    );
    Finding::of_interval(verdict, quantity, Some(highest), because)
}

/// Why this run says nothing about a gain: nothing to do, or nobody to share it with.
fn too_little(evidence: &Evidence<'_>, quantity: &str) -> Option<Finding> {
    let [items, steps, workers] = ["items", "steps", "workers"].map(|name| evidence.param(name).unwrap_or(0));
    let cores = harness::verdict::parallel_cores(&evidence.summary.environment);
    let why = match () {
        () if cores < 2.0 => format!("two processes need two cores to be faster, and {cores} can be used"),
        () if workers < 2 => format!("{workers} worker can only be slower than the loop"),
        () if items < 2 || steps < 1_000 => format!("{items} items of {steps} steps at most are too little to divide"),
        () => return None,
    };
    Some(Finding::of_count(Verdict::NotTestableHere, quantity, 0, why))
}

/// Where the subjects of a variant break even, in milliseconds.
#[derive(Clone, Copy)]
enum Found {
    At(Interval),
    /// So many of its subjects were still slower at the last cost.
    Above(usize),
    Nothing,
}

fn milliseconds(evidence: &Evidence<'_>, variant: &str) -> Found {
    let noted = |result: &VariantResult, words: &str| result.notes.get(FACT).is_some_and(|note| note == words);
    let slower = evidence.results(variant).filter(|result| noted(result, SLOWER)).count();
    // So many that an interval of the median may end among them.
    if slower > 0 && 5 * slower >= evidence.results(variant).count() {
        return Found::Above(slower);
    }
    let results = evidence.results(variant).filter(|result| !noted(result, NOTHING));
    let ends = |result: &VariantResult| Some((*result.facts.get(FACT)? as f64 / 1e6, noted(result, SLOWER)));
    let ends: Vec<(f64, bool)> = results.filter_map(ends).collect();
    // A subject that never got ahead counts as later than all that did.
    let last = ends.iter().map(|end| end.0).fold(0.0, f64::max);
    let found: Vec<f64> = ends.into_iter().map(|(ms, never)| if never { last } else { ms }).collect();
    statistics::median_interval(&found).map_or(Found::Nothing, Found::At)
}

/// The fact that a subject gives its break-even by.
const FACT: &str = "break_even_ns";

impl Found {
    fn interval(self) -> Option<Interval> {
        if let Self::At(interval) = self { Some(interval) } else { None }
    }

    fn told(self, words: &str) -> String {
        match self {
            Self::At(found) => format!("{words}, {:.3} ms ({:.3} to {:.3})", found.mid, found.low, found.high),
            Self::Above(slower) => format!("{words}, more than was tried ({slower} of its subjects never got ahead)"),
            Self::Nothing => format!("{words}, not measured"),
        }
    }
}

/// The series of a variant, one of each subject.
fn series<'a>(evidence: &Evidence<'a>, variant: &'a str, name: &str) -> Vec<&'a Vec<u64>> {
    evidence.results(variant).filter_map(|result| result.series.get(name)).collect()
}

/// The share of their time that workers are inside the function; where it passes nine tenths, each subject says by itself.
const EFFICIENT: f64 = 0.9;
/// "A few milliseconds".
const FEW_MS: (f64, f64) = (1.0, 10.0);

fn few_milliseconds(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "task duration from which on workers work 90 % of the time, in ms";
    if let Some(finding) = too_little(evidence, quantity) {
        return finding;
    }
    let subjects: Vec<&VariantResult> = evidence.results("kept_one").collect();
    let passes: Vec<Option<f64>> = subjects.iter().map(|result| efficient_from(result, evidence)).collect();
    let passed: Vec<f64> = passes.iter().flatten().copied().collect();
    let (short, n) = (passes.len() - passed.len(), passes.len());
    // More than half of them: their median is not known.
    if 2 * short >= n.max(1) {
        let because = format!("{short} of {n} subjects were not at 90 % even at the costliest items");
        return Finding::of_count(Verdict::Inconclusive, quantity, n, because);
    }
    // A subject that never got there counts as later than all that did.
    let last = passed.iter().copied().fold(f64::MIN, f64::max);
    let all: Vec<f64> = passes.iter().map(|ms| ms.unwrap_or(last)).collect();
    let Some(interval) = statistics::median_interval(&all) else { return Finding::not_measured(quantity) };
    let verdict = match interval {
        _ if interval.low >= FEW_MS.0 && interval.high <= FEW_MS.1 => Verdict::Reproduced,
        _ if interval.high < FEW_MS.0 => Verdict::DirectionOnlyWeaker,
        _ if interval.low > FEW_MS.1 => Verdict::DirectionOnlyStronger,
        _ => Verdict::Inconclusive,
    };
    let because = format!(
        "at chunksize 1 the workers are inside the function for 90 % of the time from tasks of {:.3} ms ({:.3} to {:.3}) on; {}",
        interval.mid,
        interval.low,
        interval.high,
        ends(evidence)
    );
    Finding::of_interval(verdict, quantity, Some(interval), because)
}

/// The duration of a task, in milliseconds, from which on this subject's workers worked nine tenths of the time.
fn efficient_from(result: &VariantResult, evidence: &Evidence<'_>) -> Option<f64> {
    let items = evidence.param("items").filter(|items| *items > 0)? as f64;
    let (serial, busy) = (result.series.get("serial_ns")?, result.series.get("busy_thousandths")?);
    let ms = |at: usize| serial[at] as f64 / items / 1e6;
    let share = |at: usize| busy[at] as f64 / 1e3;
    match (0..busy.len()).rev().find(|at| share(*at) < EFFICIENT) {
        None => Some(ms(0)),
        Some(last) if last + 1 == busy.len() => None,
        Some(last) => Some(between([ms(last), ms(last + 1)], [share(last), share(last + 1)], EFFICIENT)),
    }
}

/// The share of work at the cheapest and at the costliest items.
fn ends(evidence: &Evidence<'_>) -> String {
    let all = series(evidence, "kept_one", "busy_thousandths");
    let at = |pick: fn(&Vec<u64>) -> Option<&u64>| {
        let shares: Vec<f64> = all.iter().filter_map(|series| pick(series)).map(|share| *share as f64 / 10.0).collect();
        statistics::median_interval(&shares).map_or("an unknown part".to_owned(), |share| format!("{:.0} %", share.mid))
    };
    format!(
        "it is {} at the cheapest tasks tried, and {} at the costliest",
        at(|all| all.first()),
        at(|all| all.last())
    )
}

/// Below these shares of the time without a payload, copying does not matter.
const UNDER: [(f64, &str); 2] = [(0.10, "10 %"), (0.01, "1 %")];

/// One point of the surface: how much longer the map took for the bytes that its items carried.
struct Overhead {
    /// Nanoseconds of work for every byte moved.
    work_per_byte: f64,
    interval: Interval,
}

fn live_with_it(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time lost to the bytes, as a share of the map without them, where there is most work to a byte";
    if evidence.param("bytes").is_some_and(|bytes| bytes < 256) || evidence.param("items") == Some(0) {
        let why = "the items of this run carry next to nothing".to_owned();
        return Finding::of_count(Verdict::NotTestableHere, quantity, 0, why);
    }
    let points = overheads(evidence);
    let Some(last) = points.last() else { return Finding::not_measured(quantity) };
    let verdict = match last.interval {
        interval if interval.high < UNDER[0].0 => Verdict::Reproduced,
        interval if interval.low > UNDER[0].0 => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    };
    let under = UNDER.map(|(share, words)| {
        let over = points.iter().rposition(|point| point.interval.mid >= share);
        match points.get(over.map_or(0, |over| over + 1)) {
            Some(point) => format!("under {words} from {:.3} ns of work per byte on", point.work_per_byte),
            None => format!("not under {words} within what was tried"),
        }
    });
    let because = format!(
        "of {} combinations of work and bytes, the overhead is {}, and {}; at {:.3} ns per byte it is {} of the map, and at {:.0} ns {}",
        points.len(),
        under[0],
        under[1],
        points[0].work_per_byte,
        shown(points[0].interval),
        last.work_per_byte,
        shown(last.interval),
    );
    let n = last.interval.n;
    Finding { n, ..Finding::of_count(verdict, quantity, n, because) }
}

/// The overhead at every point with a payload, by work per byte.
fn overheads(evidence: &Evidence<'_>) -> Vec<Overhead> {
    let Some(items) = evidence.param("items").filter(|items| *items > 0) else { return Vec::new() };
    let subjects: Vec<&VariantResult> = evidence.results("carrying").collect();
    let mut points = Vec::new();
    for name in &NAMES[1..] {
        let bytes = subjects.first().and_then(|result| result.facts.get(&format!("payload_{name}_bytes")));
        let Some(bytes) = bytes.filter(|bytes| **bytes > 0) else { continue };
        let costs = subjects.first().and_then(|result| result.series.get("serial_ns")).map_or(0, Vec::len);
        for at in 0..costs {
            let of = |result: &VariantResult, series: &str| Some(*result.series.get(series)?.get(at)? as f64);
            let lost = |result: &&VariantResult| {
                Some(of(result, &format!("pool_{name}_ns"))? / of(result, "pool_none_ns")?.max(1.0) - 1.0)
            };
            let lost: Vec<f64> = subjects.iter().filter_map(lost).collect();
            let mut serial: Vec<f64> = subjects.iter().filter_map(|result| of(result, "serial_ns")).collect();
            serial.sort_by(f64::total_cmp);
            let (Some(interval), Some(serial)) = (statistics::median_interval(&lost), serial.get(serial.len() / 2))
            else {
                continue;
            };
            points.push(Overhead { work_per_byte: serial / (items * bytes) as f64, interval });
        }
    }
    points.sort_by(|one, other| one.work_per_byte.total_cmp(&other.work_per_byte));
    points
}
