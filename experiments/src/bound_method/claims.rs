//! The checks of the claims that this lesson judges: a few lines each, over intervals and counters.

use harness::verdict::{judge, judge_count};
use harness::{Check, Evidence, Finding, statistics};
use multiprocess::Function;
use record::{Claim, Interval, ProcessReport, VariantResult, Verdict};

use super::converter::Converter;
use super::tasks::ConvertAlone;

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "pickle.serial", judge: same_work },
    Check { claim: "pickle.bound-method-slowdown", judge: slowdown },
    Check { claim: "pickle.once-per-task", judge: once_per_task },
    Check { claim: "pickle.four-times-per-task", judge: four_times_per_task },
    Check { claim: "pickle.parent-dominates", judge: parent_dominates },
    Check { claim: "pickle.cache-size", judge: cache_size },
    Check { claim: "pickle.unbound-is-the-fix", judge: unbound_is_the_fix },
    Check { claim: "pickle.initializer-global", judge: initializer_global },
    Check { claim: "pickle.encapsulated-initializer", judge: encapsulated_initializer },
];

/// Every variant gives the oracle's answer in every subject: the work is identical.
fn same_work(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let rows: Vec<&VariantResult> = evidence.run.subjects_of(&evidence.summary.lesson).map(|row| &row.result).collect();
    let right = rows.iter().filter(|result| result.ok).count();
    let seconds = time(evidence, "serial").map_or(f64::NAN, |time| time.mid / 1e9);
    Finding::of_count(
        judge_count(&[right as u64], rows.len() as u64),
        "subjects with the oracle's answer",
        rows.len(),
        format!("{right} of {} subjects gave the same checksum; the loop takes {seconds:.3} s here", rows.len()),
    )
}

fn slowdown(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let ratio = ratio(evidence, "pool_bound_method");
    let (low, high) = claim.band.limits().unwrap_or_default();
    let tasks = tasks(evidence, "pool_bound_method");
    let because = match ratio {
        Some(ratio) => format!(
            "the pool takes {} times the loop with {tasks} tasks; the declared band is {low:.2} to {high:.2}",
            shown(ratio)
        ),
        None => nothing_measured("pool_bound_method"),
    };
    Finding::of_interval(judge(ratio, &claim.band), "pool_bound_method / serial", ratio, because)
}

/// Counted in the parent: one dump of the cache per task, each as large as the cache is.
fn once_per_task(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let Some(size) = fact(evidence, "serial", "cache_serialised_bytes") else {
        return not_measured("cache dumps per task");
    };
    let results: Vec<&VariantResult> = evidence.results("pool_bound_method").collect();
    // The free function's messages are the same but for the cache and the function's name.
    let without = evidence.results("pool_free_function").next().map_or(0, |result| parent(result).dumps.bytes);
    let names = (Converter::NAME.len() as u64, ConvertAlone::NAME.len() as u64);
    let holds = |result: &&VariantResult| {
        let tasks = result.counters.tasks;
        let parent = parent(result);
        let bytes_hold = parent.dumps.bytes + tasks * names.1 == without + tasks * (size + names.0);
        parent.marks.get("cache_dumps") == Some(&tasks) && bytes_hold
    };
    let held = results.iter().filter(|result| holds(result)).count();
    let tasks = tasks(evidence, "pool_bound_method");
    Finding::of_count(
        judge_count(&[held as u64], results.len() as u64),
        "cache dumps in the parent == tasks",
        results.len(),
        format!(
            "in {held} of {} subjects the parent dumped the cache once for each of {tasks} tasks, exactly {:.1} MB every time",
            results.len(),
            size as f64 / 1e6
        ),
    )
}

fn four_times_per_task(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let Some(stated) = number(claim, "times") else { return not_measured("cache dumps and loads per task") };
    let results: Vec<&VariantResult> = evidence.results("pool_bound_method").collect();
    let crossings = |result: &&VariantResult| {
        let marks = result.counters.mark("cache_dumps") + result.counters.mark("cache_loads");
        marks / result.counters.tasks.max(1)
    };
    let found: Vec<u64> = results.iter().map(crossings).collect();
    let times = found.first().copied().unwrap_or(0);
    Finding::of_count(
        judge_count(&found, stated as u64),
        "cache dumps and loads per task",
        found.len(),
        format!(
            "{times} per task: one dump in the parent and one load in a worker; what comes back are arrays, not the cache"
        ),
    )
}

/// "Most of the time" is more than half of the run's wall time.
fn parent_dominates(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let results: Vec<&VariantResult> = evidence.results("pool_bound_method").collect();
    let share = |result: &&VariantResult| Some(parent(result).dumps.ns as f64 / result.elapsed_ns? as f64);
    let shares: Vec<f64> = results.iter().filter_map(share).collect();
    let interval = statistics::mean_interval(&shares);
    let calls = results.first().map_or(0, |result| parent(result).dumps.calls);
    let stated = number(claim, "parent_dumps_calls").unwrap_or(f64::NAN);
    let because = match interval {
        Some(share) => format!(
            "the parent makes {calls} dumps (the post: {stated}), and they take {:.0} % of the wall time ({:.0} to {:.0} %)",
            share.mid * 100.0,
            share.low * 100.0,
            share.high * 100.0
        ),
        None => nothing_measured("pool_bound_method"),
    };
    Finding::of_interval(judge(interval, &claim.band), "parent's dumps / wall time", interval, because)
}

fn cache_size(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let megabytes = |name| fact(evidence, "serial", name).map_or(f64::NAN, |bytes| bytes as f64 / 1e6);
    let n = evidence.results("serial").count();
    Finding::of_count(
        Verdict::NotTestableHere,
        "size of the cache",
        n,
        format!(
            "40 MB is the hash table of a CPython dict, which only that lane has; here the table takes {:.1} MB, with its \
             strings {:.1} MB, and {:.1} MB cross",
            megabytes("cache_table_bytes"),
            megabytes("cache_heap_bytes"),
            megabytes("cache_serialised_bytes")
        ),
    )
}

fn unbound_is_the_fix(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let counts = counts_hold(evidence, "pool_free_function", |_| 0);
    mended(claim, evidence, "pool_free_function", counts, "no cache crosses")
}

fn initializer_global(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let forked = counts_hold(evidence, "pool_initializer_global", |_| 0);
    let spawned = counts_hold(evidence, "pool_initializer_global_spawn", |workers| workers);
    let counts = forked && spawned;
    let spawn = ratio(evidence, "pool_initializer_global_spawn").map_or("unmeasured".to_owned(), shown);
    let mechanism =
        format!("the cache crosses once per spawned worker ({spawn} times the loop) and never to a forked one");
    mended(claim, evidence, "pool_initializer_global", counts, &mechanism)
}

/// A fix mends the slowdown if the pool then beats the loop; if it only beats the bound method, the direction is right.
fn mended(claim: &Claim, evidence: &Evidence<'_>, variant: &str, counts: bool, mechanism: &str) -> Finding {
    let quantity = format!("serial / {variant}");
    let Some(own) = ratio(evidence, variant) else { return not_measured(&quantity) };
    let speed_up = inverted(own);
    let over_bound = statistics::ratio_interval(&ratios(evidence, "pool_bound_method"), &ratios(evidence, variant));
    let beats_bound = over_bound.is_some_and(|ratio| ratio.low > 1.0);
    let verdict = match judge(Some(speed_up), &claim.band) {
        _ if !counts => Verdict::Contradicted,
        Verdict::Contradicted if beats_bound => Verdict::DirectionOnlyWeaker,
        verdict => verdict,
    };
    let over = over_bound.map_or("not compared with the bound method".to_owned(), |over| {
        format!("{} times as fast as the bound method", shown(over))
    });
    let because = match counts {
        true => format!("{mechanism}; the pool is {over} and takes {} times the loop", shown(own)),
        false => format!("the counts do not hold: expected that {mechanism}"),
    };
    Finding::of_interval(verdict, &quantity, Some(speed_up), because)
}

fn encapsulated_initializer(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "pool_encapsulated_initializer / pool_initializer_global";
    let (own, global) = ("pool_encapsulated_initializer", "pool_initializer_global");
    let counts = counts_hold(evidence, own, |_| 0) && counts_hold(evidence, global, |_| 0);
    let same = statistics::ratio_interval(&ratios(evidence, own), &ratios(evidence, global));
    let verdict = if counts { judge(same, &claim.band) } else { Verdict::Contradicted };
    let because = same.map_or_else(
        || nothing_measured(own),
        |ratio| format!("the same counts, and {} times the time of the global version", shown(ratio)),
    );
    Finding::of_interval(verdict, quantity, same, because)
}

/// Whether the cache was dumped exactly as often as expected, for the number of workers, in every subject.
fn counts_hold(evidence: &Evidence<'_>, variant: &str, expected: fn(u64) -> u64) -> bool {
    let workers = evidence.param("workers").unwrap_or(0);
    let mut results = evidence.results(variant).peekable();
    results.peek().is_some() && results.all(|result| result.counters.mark("cache_dumps") == expected(workers))
}

/// A figure of the post.
fn number(claim: &Claim, name: &str) -> Option<f64> {
    match claim.stated.get(name)? {
        record::Stated::Number(number) => Some(*number),
        record::Stated::Numbers(_) => None,
    }
}

fn ratio(evidence: &Evidence<'_>, variant: &str) -> Option<Interval> {
    evidence.summary.variant(variant)?.ratio
}

fn ratios(evidence: &Evidence<'_>, variant: &str) -> Vec<f64> {
    evidence.summary.variant(variant).map(|summary| summary.ratios.clone()).unwrap_or_default()
}

fn time(evidence: &Evidence<'_>, variant: &str) -> Option<Interval> {
    evidence.summary.variant(variant)?.time_ns
}

fn fact(evidence: &Evidence<'_>, variant: &str, name: &str) -> Option<u64> {
    evidence.summary.variant(variant)?.typical.as_ref()?.facts.get(name).copied()
}

fn tasks(evidence: &Evidence<'_>, variant: &str) -> u64 {
    let typical = evidence.summary.variant(variant).and_then(|summary| summary.typical.as_ref());
    typical.map_or(0, |result| result.counters.tasks)
}

/// Every variant's first process is the parent.
fn parent(result: &VariantResult) -> &ProcessReport {
    &result.processes[0]
}

fn inverted(ratio: Interval) -> Interval {
    Interval { low: 1.0 / ratio.high, mid: 1.0 / ratio.mid, high: 1.0 / ratio.low, n: ratio.n }
}

fn shown(interval: Interval) -> String {
    format!("{:.2} ({:.2} to {:.2})", interval.mid, interval.low, interval.high)
}

fn nothing_measured(variant: &str) -> String {
    format!("the run holds no whole block of {variant}")
}

fn not_measured(quantity: &str) -> Finding {
    Finding::of_count(Verdict::Inconclusive, quantity, 0, "the run does not hold what this needs".to_owned())
}
