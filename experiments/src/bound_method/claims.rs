//! The checks of the claims that this lesson judges: a few lines each, over intervals and counters.

use harness::evidence::{nothing_measured, parent, shown, stated};
use harness::verdict::{inverse, judge, judge_count};
use harness::{Check, Evidence, Finding, statistics};
use multiprocess::Function;
use record::{Claim, ProcessReport, VariantResult, Verdict};

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

/// The work is identical.
fn same_work(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let seconds = evidence.time("serial").map_or(0.0, |time| time.mid / 1e9);
    evidence.same_answers(&format!("the loop takes {seconds:.3} s here"))
}

fn slowdown(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let ratio = evidence.ratio("pool_bound_method");
    let (low, high) = claim.band.limits().unwrap_or_default();
    let tasks = evidence.tasks("pool_bound_method");
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
    let quantity = "cache dumps in the parent == tasks";
    let results: Vec<&VariantResult> = evidence.results("pool_bound_method").collect();
    let size = evidence.fact("serial", "cache_serialised_bytes");
    // The free function's messages are the same but for the cache and the function's name.
    let without = evidence.results("pool_free_function").next().and_then(parent).map(|parent| parent.dumps.bytes);
    let (Some(size), Some(without), false) = (size, without, results.is_empty()) else {
        return Finding::not_measured(quantity);
    };
    let names = (Converter::NAME.len() as u64, ConvertAlone::NAME.len() as u64);
    let holds = |result: &&&VariantResult| {
        let tasks = result.counters.tasks;
        parent(result).is_some_and(|parent| {
            let bytes_hold = parent.dumps.bytes + tasks * names.1 == without + tasks * (size + names.0);
            parent.counters().mark("cache_dumps") == tasks && bytes_hold
        })
    };
    let (held, n) = (results.iter().filter(holds).count(), results.len());
    let tasks = evidence.tasks("pool_bound_method");
    let megabytes = size as f64 / 1e6;
    Finding::of_count(
        judge_count(&[held as u64], n as u64),
        quantity,
        n,
        format!(
            "in {held} of {n} subjects the parent dumped the cache, {megabytes:.1} MB, exactly once for each of {tasks} tasks"
        ),
    )
}

fn four_times_per_task(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "cache dumps and loads, all processes == 4 x tasks";
    let results: Vec<&VariantResult> = evidence.results("pool_bound_method").collect();
    let (Some(stated), Some(first)) = (stated(claim, "times"), results.first()) else {
        return Finding::not_measured(quantity);
    };
    let crossings = |result: &&VariantResult| result.counters.mark("cache_dumps") + result.counters.mark("cache_loads");
    // Equality in every subject is judged on the sums: a count per task could hide a remainder.
    let equal = |result: &&&VariantResult| crossings(result) == stated as u64 * result.counters.tasks;
    let (held, n) = (results.iter().filter(equal).count(), results.len());
    let counters = &first.counters;
    let (dumps, loads, tasks) = (counters.mark("cache_dumps"), counters.mark("cache_loads"), counters.tasks);
    Finding::of_count(
        judge_count(&[held as u64], n as u64),
        quantity,
        n,
        format!("for {tasks} tasks the cache was dumped {dumps} times and loaded {loads} times, results included"),
    )
}

/// "Most of the time" is more than half of the run's wall time.
fn parent_dominates(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let results: Vec<&VariantResult> = evidence.results("pool_bound_method").collect();
    let share = |result: &&VariantResult| Some(parent(result)?.dumps.ns as f64 / result.elapsed_ns? as f64);
    let shares: Vec<f64> = results.iter().filter_map(share).collect();
    let interval = statistics::mean_interval(&shares);
    let calls = results.first().and_then(|result| parent(result)).map(|parent| parent.dumps.calls);
    let because = match interval.zip(calls).zip(stated(claim, "parent_dumps_calls")) {
        Some(((share, calls), stated)) => format!(
            "the parent makes {calls} dumps (the post: {stated}), and they take {:.0} % of the wall time ({:.0} to {:.0} %), waiting \
             for a core included{}",
            share.mid * 100.0,
            share.low * 100.0,
            share.high * 100.0,
            processor_time(evidence)
        ),
        None => nothing_measured("pool_bound_method"),
    };
    Finding::of_share(judge(interval, &claim.band), "parent's dumps / wall time", interval, because)
}

/// What the kernel says the processes of the typical subject used, set-up included.
fn processor_time(evidence: &Evidence<'_>) -> String {
    let typical = evidence.summary.variant("pool_bound_method").map(|summary| summary.processes());
    let Some([parent, workers @ ..]) = typical else { return String::new() };
    let seconds = |process: &ProcessReport| (process.user_ns + process.sys_ns) as f64 / 1e9;
    let used: f64 = workers.iter().map(seconds).sum();
    format!("; of processor time the parent used {:.1} s in all and the workers {used:.1} s", seconds(parent))
}

fn cache_size(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let megabytes = |name, what: &str| {
        let size = evidence.fact("serial", name).map(|bytes| bytes as f64 / 1e6);
        size.map_or(format!("{what} cannot be told on this system"), |size| format!("{what} takes {size:.1} MB"))
    };
    let because = format!(
        "40 MB is the hash table of a CPython dict, which only that lane has; here, with {} entries, {}, {} with its strings, and \
         {} on its way to a worker",
        evidence.param("cache_entries").unwrap_or(0),
        megabytes("cache_table_bytes", "the table alone"),
        megabytes("cache_heap_bytes", "the cache"),
        megabytes("cache_serialised_bytes", "it"),
    );
    let n = evidence.results("serial").count();
    Finding::of_count(Verdict::NotTestableHere, "size of the cache", n, because)
}

fn unbound_is_the_fix(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let counts = counts_hold(evidence, "pool_free_function", |_| 0);
    mended(claim, evidence, "pool_free_function", counts, "no cache crosses")
}

/// Judged for both start methods, and the weaker verdict counts: only a spawned worker is really sent the cache.
fn initializer_global(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let (fork, spawn) = ("pool_initializer_global", "pool_initializer_global_spawn");
    let forked =
        mended(claim, evidence, fork, counts_hold(evidence, fork, |_| 0), "the cache is inherited and never crosses");
    let once = counts_hold(evidence, spawn, |workers| workers);
    let spawned = mended(claim, evidence, spawn, once, "the cache crosses once per worker");
    let because =
        format!("forked, {}: {}. Spawned, {}: {}", forked.verdict, forked.because, spawned.verdict, spawned.because);
    let weaker = if strength(spawned.verdict) <= strength(forked.verdict) { spawned } else { forked };
    Finding { because, ..weaker }
}

/// How much a verdict leaves of a claim.
fn strength(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Reproduced => 3,
        Verdict::DirectionOnlyStronger | Verdict::DirectionOnlyWeaker => 2,
        Verdict::Inconclusive | Verdict::NotTestableHere | Verdict::Stale => 1,
        Verdict::Contradicted => 0,
    }
}

/// A fix mends the slowdown if the pool then beats the loop; if it surely beats only the bound method, the direction is right. The
/// ledger declares both. `counts` tells whether the mechanism was seen to hold, as far as it was measured.
fn mended(claim: &Claim, evidence: &Evidence<'_>, variant: &str, counts: Option<bool>, mechanism: &str) -> Finding {
    let quantity = format!("serial / {variant}");
    let over_bound = evidence.ratio_between("pool_bound_method", variant);
    let (Some(own), Some(over), Some(counts)) = (evidence.ratio(variant), over_bound, counts) else {
        return Finding::not_measured(&quantity);
    };
    let speed_up = inverse(own);
    let verdict = match judge(Some(speed_up), &claim.band) {
        _ if !counts => Verdict::Contradicted,
        Verdict::Contradicted | Verdict::Inconclusive if over.low > 1.0 => Verdict::DirectionOnlyWeaker,
        verdict => verdict,
    };
    let because = match counts {
        true => format!(
            "{mechanism}; the pool is {} times as fast as the bound method and takes {} times the loop",
            shown(over),
            shown(own)
        ),
        false => format!("the counts do not hold: expected that {mechanism}"),
    };
    Finding::of_interval(verdict, &quantity, Some(speed_up), because)
}

fn encapsulated_initializer(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "pool_encapsulated_initializer / pool_initializer_global";
    let (own, global) = ("pool_encapsulated_initializer", "pool_initializer_global");
    let counts = counts_hold(evidence, own, |_| 0).zip(counts_hold(evidence, global, |_| 0));
    let same = evidence.ratio_between(own, global);
    let (Some(counts), Some(same)) = (counts, same) else { return Finding::not_measured(quantity) };
    let (verdict, because) = match counts {
        (true, true) => {
            let because = format!("the same counts, and {} times the time of the global version", shown(same));
            (judge(Some(same), &claim.band), because)
        }
        _ => (Verdict::Contradicted, "the counts differ: a forked worker got the cache by pickle".to_owned()),
    };
    Finding::of_interval(verdict, quantity, Some(same), because)
}

/// Whether the cache was dumped exactly as often as expected, for the number of workers, in every subject; none if there is none.
fn counts_hold(evidence: &Evidence<'_>, variant: &str, expected: fn(u64) -> u64) -> Option<bool> {
    let workers = evidence.param("workers")?;
    let mut results = evidence.results(variant).peekable();
    results.peek()?;
    Some(results.all(|result| result.counters.mark("cache_dumps") == expected(workers)))
}
