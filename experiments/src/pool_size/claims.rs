//! How the claims of this lesson are judged.
//!
//! A sweep times pools of all sizes in one subject, so the ratio of two of them is paired: one value per subject, and the interval is over
//! subjects.

use harness::evidence::shown;
use harness::outcome::NOT_HERE;
use harness::verdict::{judge, parallel_cores};
use harness::{Check, Evidence, Finding, statistics};
use record::{Claim, Interval, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.workers-equal-cores", judge: one_per_core },
    Check { claim: "tuning.more-than-cores-hurts", judge: more_hurts },
    Check { claim: "tuning.shared-hosts-50-75", judge: shared_hosts },
];

/// What surely helps or hurts: a twentieth.
const HELPS: f64 = 0.95;
const HURTS: f64 = 1.05;

/// In shorter maps than these, on one worker per core, waking the workers counts for more than how many they are.
const LONG_ENOUGH_NS: f64 = 2e6;

/// One worker for each core that may be used, against twice and four times as many: the time of the map alone, of even items. The larger ratio
/// is judged. That one worker per core is even faster does not speak against it.
fn one_per_core(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "map at one worker per core / at more, even items";
    let cores = cores(evidence);
    let ratios = [2, 4].map(|times| Some((times, between(evidence, "even", "map_ns", cores, times * cores)?)));
    let worst = ratios.into_iter().flatten().max_by(|a, b| a.1.mid.total_cmp(&b.1.mid));
    let (Some((times, ratio)), Some(time)) = (worst, typical_map(evidence, cores)) else {
        return Finding::not_measured(quantity);
    };
    let switches = |name: &str, workers| median(&at(evidence, "even", name, workers)).unwrap_or(0.0);
    let of = |workers| {
        let [waits, taken] = ["voluntary_switches", "involuntary_switches"].map(|name| switches(name, workers));
        format!("{waits:.0} waits and {taken:.0} times a core was taken away at {workers}")
    };
    let most = [4, 2]
        .into_iter()
        .map(|times| times * cores)
        .find(|workers| !at(evidence, "even", "map_ns", *workers).is_empty());
    let because = format!(
        "even items on one worker per core take {} times as long as on {times} per core; context switches of the workers: {}{}",
        shown(ratio),
        of(cores),
        most.map_or(String::new(), |most| format!(", {}", of(most))),
    );
    let verdict = match judge(Some(ratio), &claim.band) {
        _ if time < LONG_ENOUGH_NS => Verdict::NotTestableHere,
        Verdict::Contradicted if ratio.high < 1.0 => Verdict::DirectionOnlyStronger,
        verdict => verdict,
    };
    let because = match time < LONG_ENOUGH_NS {
        true => format!("a map of {:.2} ms is too short to tell; {because}", time / 1e6),
        false => because,
    };
    Finding::of_interval(verdict, quantity, Some(ratio), because)
}

/// The rule, over the ratios of even and of uneven items at twice and four times the cores to one worker per core, each by its map and by the
/// whole life of its pool. More workers help where an interval lies below [`HELPS`], and hurt where one lies above [`HURTS`]:
/// - contradicted, if they help the map of even items;
/// - reproduced, if they hurt somewhere;
/// - direction only, weaker, if they neither hurt anywhere nor help even items: "rarely helps" holds, "often hurts" does not;
/// - inconclusive, if an interval of even items reaches below [`HELPS`].
fn more_hurts(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "map at twice the cores / at one worker per core, even items";
    let cores = cores(evidence);
    let against = |variant, series, times| between(evidence, variant, series, times * cores, cores);
    let Some(twice) = against("even", "map_ns", 2) else { return Finding::not_measured(quantity) };
    let mut even = vec![twice];
    even.extend(against("even", "map_ns", 4));
    let mut all = even.clone();
    let mut words = Vec::new();
    for (variant, what) in
        [("even", "even items"), ("uneven", "uneven items"), ("uneven_1", "uneven items, one to a task")]
    {
        for (times, how) in [(2, "twice"), (4, "four times")] {
            let (map, whole) = (against(variant, "map_ns", times), against(variant, "pool_ns", times));
            let (Some(map), Some(whole)) = (map, whole) else { continue };
            all.extend([map, whole]);
            words.push(format!(
                "{what} at {how} the cores: map {}, with the pool's start and end {}",
                shown(map),
                shown(whole)
            ));
        }
    }
    let short = typical_map(evidence, cores).is_none_or(|time| time < LONG_ENOUGH_NS);
    let verdict = if short {
        Verdict::NotTestableHere
    } else if even.iter().any(|ratio| ratio.high < HELPS) {
        Verdict::Contradicted
    } else if even.iter().any(|ratio| ratio.low < HELPS) {
        Verdict::Inconclusive
    } else if all.iter().any(|ratio| ratio.low > HURTS) {
        Verdict::Reproduced
    } else {
        Verdict::DirectionOnlyWeaker
    };
    let because = format!("by one worker per core, {}", words.join("; "));
    Finding::of_interval(verdict, quantity, Some(twice), because)
}

/// Under a competing load, with three quarters of the cores where that is a whole number of them, otherwise with half: the time of the map by
/// that with all. Fewer workers are
/// - reproduced as advice, if they are surely no slower;
/// - direction only, weaker, if they are slower and the neighbours surely get more done: a courtesy that has its price;
/// - contradicted, if they are slower, and the neighbours surely get nothing for it;
/// - inconclusive otherwise.
fn shared_hosts(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let cores = cores(evidence);
    let fewer = [(3, "three quarters"), (2, "half")];
    let fewer = fewer.into_iter().find(|(quarters, _)| cores > 1 && (cores * quarters).is_multiple_of(4));
    let Some((quarters, share)) = fewer else {
        let because = format!("{cores} usable cores have no half");
        return Finding::of_count(Verdict::NotTestableHere, "map at fewer workers / at all, under load", 0, because);
    };
    let workers = cores * quarters / 4;
    let quantity = format!("map at {share} the cores / at all, under load");
    let map = between(evidence, "even_loaded", "map_ns", workers, cores);
    let others = between(evidence, "even_loaded", "neighbours_additions_per_ms", workers, cores);
    let (Some(map), Some(others)) = (map, others) else { return Finding::not_measured(&quantity) };
    let verdict = if typical_map(evidence, cores).is_none_or(|time| time < LONG_ENOUGH_NS) {
        Verdict::NotTestableHere
    } else if map.high < HURTS {
        Verdict::Reproduced
    } else if map.low > HURTS && others.low > HURTS {
        Verdict::DirectionOnlyWeaker
    } else if map.low > HURTS && others.high < HURTS {
        Verdict::Contradicted
    } else {
        Verdict::Inconclusive
    };
    let missing = if quarters == 3 { "" } else { " (three quarters of them are no whole number)" };
    let because = format!(
        "with a busy neighbour for each of {cores} cores, a pool of {workers}{missing} takes {} times as long as one of {cores}, while the \
         neighbours get {} times as much done{}",
        shown(map),
        shown(others),
        fences(evidence, cores)
    );
    Finding::of_interval(verdict, &quantity, Some(map), because)
}

/// What a pool gains from more workers than a mask or a quota leaves cores.
fn fences(evidence: &Evidence<'_>, cores: u64) -> String {
    let told = |variant: &'static str, what: &str| {
        let fact = |name: &str| evidence.fact(variant, name);
        let (usable, reported) = (fact("usable_cores")?, fact("reported_cores")?);
        let ratio = between(evidence, variant, "map_ns", cores, usable)?;
        Some(format!(
            "; behind {what} of {reported} reported cores {usable} can be used, and {cores} workers take {} times as long as {usable}",
            shown(ratio)
        ))
    };
    let mask = told("even_one_core", "an affinity mask").unwrap_or_default();
    let quota = told("even_quota", "a quota").or_else(|| {
        let rows = evidence.run.subjects_of(&evidence.summary.lesson).map(|row| &row.result);
        let why = rows.filter(|row| row.name == "even_quota").find_map(|row| row.notes.get(NOT_HERE))?;
        Some(format!("; a quota could not be tried here: {why}"))
    });
    format!("{mask}{}", quota.unwrap_or_default())
}

/// The whole cores that could work for this run at once.
fn cores(evidence: &Evidence<'_>) -> u64 {
    (parallel_cores(&evidence.summary.environment) as u64).max(1)
}

/// The median time of a map of even items on so many workers.
fn typical_map(evidence: &Evidence<'_>, workers: u64) -> Option<f64> {
    median(&at(evidence, "even", "map_ns", workers))
}

/// What every subject of a sweep measured with so many workers.
fn at(evidence: &Evidence<'_>, variant: &str, name: &str, workers: u64) -> Vec<f64> {
    let series = |name: &str| evidence.summary.variant(variant).and_then(|summary| summary.series.get(name));
    let (Some(sizes), Some(values)) = (series("workers"), series(name)) else { return Vec::new() };
    let one = |(sizes, values): (&Vec<u64>, &Vec<u64>)| {
        let place = sizes.iter().position(|size| *size == workers)?;
        values.get(place).map(|value| *value as f64)
    };
    sizes.iter().zip(values).filter_map(one).collect()
}

/// A series at one number of workers by that at another, both in the same subjects.
fn between(evidence: &Evidence<'_>, variant: &str, name: &str, above: u64, below: u64) -> Option<Interval> {
    let (above, below) = (at(evidence, variant, name, above), at(evidence, variant, name, below));
    statistics::mean_interval(&above.iter().zip(&below).map(|(above, below)| above / below).collect::<Vec<_>>())
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}
