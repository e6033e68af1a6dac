//! How the claims of this lesson are judged.
//!
//! A sweep times all its cuts in one subject, so the ratio of two of them is paired: one value per subject, and the interval is over
//! subjects. The best of a noisy sweep is biased towards the lucky, so it is never judged by the subjects that chose it: each half of
//! the subjects is compared with the cut that was best in the other half.

use harness::evidence::shown;
use harness::verdict::{judge, judge_count};
use harness::{Check, Evidence, Finding, statistics};
use record::{Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.map-default-chunksize-is-one", judge: default_chunksize },
    Check { claim: "cpu.chunksize-100-beats-1", judge: hundred_beats_one },
    Check { claim: "cpu.chunksize-rule", judge: rule_of_thumb },
    Check { claim: "cpu.uneven-wants-small-chunks", judge: uneven_wants_small },
    Check { claim: "tuning.batching-2-3x", judge: batching },
    Check { claim: "tuning.manual-batching", judge: manual_batching },
    Check { claim: "tuning.u-curve", judge: u_curve },
];

/// The sweeps over the lesson's items, and how their items are called.
const EVEN: (&str, &str) = ("even_sweep", "even");
const UNEVEN: [(&str, &str); 3] =
    [("linear_sweep", "linear"), ("bimodal_sweep", "bimodal"), ("heavy_sweep", "heavy-tailed")];
/// The other post's setting.
const SMALL: &str = "small_sweep";
/// A chunksize that all sweeps have, small against the number of items and not so small that messages dominate.
const FINE: &str = "20";

/// One item per task would be as many tasks as items.
fn default_chunksize(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "tasks of a default map == items";
    let tasks: Vec<u64> = evidence.results("even_auto").map(|result| result.counters.tasks).collect();
    let (Some(items), Some(workers), Some(first)) = (evidence.param("items"), evidence.param("workers"), tasks.first())
    else {
        return Finding::not_measured(quantity);
    };
    let verdict = match items <= 4 * workers {
        true => Verdict::NotTestableHere,
        false => judge_count(&tasks, items),
    };
    let because = match items <= 4 * workers {
        true => format!("{items} items on {workers} workers are too few: any default makes them one task each"),
        false => format!(
            "a default map of {items} items on {workers} workers made {first} tasks: items / (4 x workers) to each, rounded up. One item \
             per task, {} here, is the default of Executor.map and of imap",
            evidence.tasks("even_1")
        ),
    };
    Finding::of_count(verdict, quantity, tasks.len(), because)
}

fn hundred_beats_one(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let ratio = between(evidence, SMALL, "1", "100");
    let workers = evidence.param("workers").unwrap_or(0);
    let because = format!(
        "on {workers} workers a map takes {} at chunksize 1 and {} at 100",
        time(evidence, SMALL, "1"),
        time(evidence, SMALL, "100")
    );
    Finding::of_interval(judge(ratio, &claim.band), "time at chunksize 1 / at 100", ratio, because)
}

/// A good chunksize is as fast as the best one, for even and for uneven items; the worst case counts.
fn rule_of_thumb(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let mut findings = Vec::new();
    for (variant, items) in std::iter::once(EVEN).chain(UNEVEN) {
        let Some((ratio, best)) = against_best(evidence, variant, "rule") else {
            return Finding::not_measured("time at the rule's chunksize / best of the sweep");
        };
        let because = format!("{items} items: {} times the best, which is {best}", shown(ratio));
        let quantity = format!("time at the rule's chunksize / best of the sweep, {items} items");
        findings.push(Finding::of_interval(judge(Some(ratio), &claim.band), &quantity, Some(ratio), because));
    }
    worst(findings)
}

/// Time at one chunk per worker by time at small chunks, for each uneven distribution. Where it surely holds for some and not for all,
/// the claim is too general.
fn uneven_wants_small(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let mut findings = Vec::new();
    for (variant, items) in UNEVEN {
        let quantity = format!("time at one chunk per worker / at chunksize {FINE}, {items} items");
        let Some(ratio) = between(evidence, variant, "large", FINE) else { return Finding::not_measured(&quantity) };
        let because = format!(
            "{items} items: {} times{}, and a worker is without a task for {} instead of {}",
            shown(ratio),
            ideal(evidence, variant),
            idle(evidence, variant, "large"),
            idle(evidence, variant, FINE)
        );
        findings.push(Finding::of_interval(judge(Some(ratio), &claim.band), &quantity, Some(ratio), because));
    }
    let holds = |finding: &Finding| finding.verdict == Verdict::Reproduced;
    let (some, all) = (findings.iter().any(holds), findings.iter().all(holds));
    let weakest = worst(findings);
    match some && !all {
        true => Finding { verdict: Verdict::DirectionOnlyWeaker, ..weakest },
        false => weakest,
    }
}

/// What the same comparison comes to if only the costs count.
fn ideal(evidence: &Evidence<'_>, variant: &str) -> String {
    let makespan = |point: &str| facts(evidence, variant, &format!("ideal_{point}_additions")).first().copied();
    let ratio = makespan("large").zip(makespan(FINE)).map(|(large, fine)| large / fine);
    ratio
        .filter(|ratio| ratio.is_finite())
        .map_or_else(String::new, |ratio| format!(" (by the costs alone {ratio:.2})"))
}

/// Judged at the setting of the post that says it; the other post's items, which are far cheaper, stand beside it.
fn batching(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time at chunksize 1 / best of the sweep, even items";
    let here = against_best(evidence, EVEN.0, "1");
    let (Some((gain, best)), Some((small, small_best))) = (here, against_best(evidence, SMALL, "1")) else {
        return Finding::not_measured(quantity);
    };
    let inner = evidence.param("inner").unwrap_or(0);
    let because = format!(
        "with items of {inner} additions {} times, against {best}; with items of {} additions {} times, against {small_best}: the gain is \
         set by what an item costs beside a task",
        shown(gain),
        inner.min(1_000),
        shown(small)
    );
    Finding::of_interval(judge(Some(gain), &claim.band), quantity, Some(gain), because)
}

/// The same messages in every subject, and the same time.
fn manual_batching(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time by hand / time by chunksize, batches of the same size";
    let crossed = |result: &VariantResult| (result.counters.tasks, result.counters.messages);
    let mut counts: Vec<_> =
        evidence.results("even_by_hand").chain(evidence.results("even_rule")).map(crossed).collect();
    let n = counts.len();
    counts.dedup();
    let ratio = between(evidence, EVEN.0, "by_hand", "rule");
    let (Some((tasks, messages)), Some(ratio)) = (counts.first().copied(), ratio) else {
        return Finding::not_measured(quantity);
    };
    let (verdict, because) = match counts.len() {
        1 => (
            judge(Some(ratio), &claim.band),
            format!(
                "{tasks} tasks and {messages} messages in all {n} subjects, whoever cuts, and {} times the time. What only a hand \
                 can do is cut unequal batches{}",
                shown(ratio),
                guided(evidence)
            ),
        ),
        _ => (Verdict::Contradicted, "the messages are not the same".to_owned()),
    };
    Finding::of_interval(verdict, quantity, Some(ratio), because)
}

/// What shrinking batches take, by the rule's.
fn guided(evidence: &Evidence<'_>) -> String {
    let of = |(variant, items)| Some(format!("{items} items {}", shown(between(evidence, variant, "guided", "rule")?)));
    let ratios: Vec<String> = UNEVEN.into_iter().filter_map(of).collect();
    if ratios.is_empty() {
        String::new()
    } else {
        format!("; batches that shrink take, by the rule's: {}", ratios.join(", "))
    }
}

/// Both ends above the bottom. Within the post's own chunksizes and for its even items, or only where there is an imbalance to pay for?
fn u_curve(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time at chunksize 1 / best of the sweep, even items";
    let arms = |(variant, _): (&'static str, &str), end| {
        Some((against_best(evidence, variant, "1")?.0, against_best(evidence, variant, end)?.0))
    };
    let Some((left, right)) = arms(EVEN, "500") else { return Finding::not_measured(quantity) };
    let mut words = vec![format!(
        "even items: {} times the best at chunksize 1, {} times at 500, and with all items in one task {}",
        shown(left),
        shown(right),
        against_best(evidence, EVEN.0, "whole").map_or_else(|| "unknown".to_owned(), |(ratio, _)| shown(ratio))
    )];
    let mut uneven = Vec::new();
    for distribution in UNEVEN {
        let Some((left, right)) = arms(distribution, "large") else { return Finding::not_measured(quantity) };
        words.push(format!("{}: {} at 1, {} at one chunk per worker", distribution.1, shown(left), shown(right)));
        uneven.push((left, right));
    }
    let rises = |arm: Interval| arm.low > 1.0;
    let verdict = match (rises(left), rises(right)) {
        (true, true) => Verdict::Reproduced,
        (true, false) if uneven.iter().any(|(left, right)| rises(*left) && rises(*right)) => {
            Verdict::DirectionOnlyWeaker
        }
        _ if left.high < 1.0 => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    };
    let because = format!("{}{}", words.join("; "), prices(evidence));
    Finding::of_interval(verdict, quantity, Some(left), because)
}

/// What the model's left arm costs.
fn prices(evidence: &Evidence<'_>) -> String {
    let price = |name| statistics::median_interval(&facts(evidence, EVEN.0, name));
    price("model_task_ns").map_or_else(String::new, |task| {
        format!(
            "; in the model a task costs {:.1} microseconds ({:.1} to {:.1})",
            task.mid / 1e3,
            task.low / 1e3,
            task.high / 1e3
        )
    })
}

/// The finding that leaves least of the claim, with the reasons of all.
fn worst(findings: Vec<Finding>) -> Finding {
    let because = findings.iter().map(|finding| finding.because.as_str()).collect::<Vec<_>>().join("; ");
    let rank = |finding: &Finding| match finding.verdict {
        Verdict::Contradicted => 0,
        Verdict::Reproduced => 3,
        Verdict::DirectionOnlyStronger | Verdict::DirectionOnlyWeaker => 2,
        Verdict::Inconclusive | Verdict::NotTestableHere | Verdict::Stale => 1,
    };
    let worst = findings.into_iter().min_by_key(rank);
    worst.map_or_else(|| Finding::not_measured("the sweeps"), |worst| Finding { because, ..worst })
}

/// A fact of every subject of a variant that reports it, in the order they ran.
fn facts(evidence: &Evidence<'_>, variant: &str, name: &str) -> Vec<f64> {
    let facts = evidence.summary.variant(variant).and_then(|summary| summary.facts.get(name));
    facts.into_iter().flatten().map(|fact| *fact as f64).collect()
}

fn times(evidence: &Evidence<'_>, variant: &str, point: &str) -> Vec<f64> {
    facts(evidence, variant, &format!("map_{point}_ns"))
}

/// The time at one point of a sweep by that at another, both in the same subjects.
fn between(evidence: &Evidence<'_>, variant: &str, above: &str, below: &str) -> Option<Interval> {
    let (above, below) = (times(evidence, variant, above), times(evidence, variant, below));
    statistics::mean_interval(&above.iter().zip(&below).map(|(above, below)| above / below).collect::<Vec<_>>())
}

/// The time at one point of a sweep by that at the best point, and which that is. Each half of the subjects, the first, third, ... and
/// the second, fourth, ..., is compared with the best of the other half.
fn against_best(evidence: &Evidence<'_>, variant: &str, point: &str) -> Option<(Interval, String)> {
    let own = times(evidence, variant, point);
    let names: Vec<&str> = points(evidence, variant);
    let all: Vec<Vec<f64>> = names.iter().map(|name| times(evidence, variant, name)).collect();
    let mut ratios = Vec::new();
    let mut best_of = Vec::new();
    for half in 0..2 {
        let mean = |times: &Vec<f64>| logarithms(times.iter().skip(1 - half).step_by(2));
        let best = (0..names.len()).min_by(|a, b| mean(&all[*a]).total_cmp(&mean(&all[*b])))?;
        let pairs = own.iter().zip(&all[best]).skip(half).step_by(2);
        ratios.extend(pairs.map(|(own, best)| own / best));
        best_of.push(best);
    }
    best_of.dedup();
    let best_of: Vec<String> = best_of.into_iter().map(|best| spoken(names[best])).collect();
    Some((statistics::mean_interval(&ratios)?, best_of.join(" or ")))
}

/// The points of a sweep, by the names of its facts.
fn points<'a>(evidence: &Evidence<'a>, variant: &str) -> Vec<&'a str> {
    let facts = evidence.summary.variant(variant).map(|summary| summary.facts.keys());
    facts.into_iter().flatten().filter_map(|name| name.strip_prefix("map_")?.strip_suffix("_ns")).collect()
}

/// The mean of the logarithms; without any values the largest number there is.
fn logarithms<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value.ln(), n + 1.0));
    if n > 0.0 { sum / n } else { f64::INFINITY }
}

/// How a point is called in a sentence.
fn spoken(point: &str) -> String {
    match point {
        "rule" => "the rule's chunksize".to_owned(),
        "by_hand" => "the rule's, by hand".to_owned(),
        "large" => "one chunk per worker".to_owned(),
        "whole" => "a single task".to_owned(),
        "guided" => "shrinking batches".to_owned(),
        size => format!("chunksize {size}"),
    }
}

fn time(evidence: &Evidence<'_>, variant: &str, point: &str) -> String {
    in_milliseconds(&times(evidence, variant, point))
}

fn idle(evidence: &Evidence<'_>, variant: &str, point: &str) -> String {
    in_milliseconds(&facts(evidence, variant, &format!("idle_{point}_ns")))
}

/// The median.
fn in_milliseconds(values: &[f64]) -> String {
    statistics::median_interval(values)
        .map_or_else(|| "an unknown time".to_owned(), |median| format!("{:.2} ms", median.mid / 1e6))
}
