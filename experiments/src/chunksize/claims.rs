//! How the claims of this lesson are judged.
//!
//! A sweep times all its cuts in one subject, so the ratio of two of them is paired: one value per subject, and the interval is over
//! subjects. The best of a noisy sweep is biased towards the lucky, so it is never judged by the subjects that chose it: the blocks are
//! split into two halves, and the subjects of each are compared with the chunksize that was best in the other.

use harness::evidence::{shown, stated};
use harness::verdict::{judge, judge_count};
use harness::{Check, Evidence, Finding, statistics};
use record::{Arm, Claim, Interval, VariantResult, Verdict};

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
/// Cuts that are no chunksize. They have no part in the best of a sweep: the claims are about chunksizes.
const UNEQUAL_OR_BY_HAND: [&str; 2] = ["by_hand", "guided"];
/// The smallest rise that makes a wall of a U: an arm that ends less than a twentieth above the bottom is flat.
const RISE: f64 = 1.05;

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

/// The small setting is the post's own, unless this run has fewer items, or cheaper ones.
fn hundred_beats_one(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let ratio = between(evidence, SMALL, "1", "100");
    let [items, inner, workers] = ["items", "inner", "workers"].map(|name| evidence.param(name).unwrap_or(0));
    let [posted_items, posted_inner, posted_workers] =
        ["items", "inner", "workers"].map(|name| stated(claim, name).unwrap_or(0.0) as u64);
    let posted = if workers == posted_workers { String::new() } else { format!(" (the post has {posted_workers})") };
    let because = format!(
        "on {workers} workers{posted} a map takes {} at chunksize 1 and {} at 100",
        time(evidence, SMALL, "1"),
        time(evidence, SMALL, "100")
    );
    let (verdict, because) = if items < posted_items || inner < posted_inner {
        let (items, inner) = (items.min(posted_items), inner.min(posted_inner));
        let asked = format!(
            "the claim is about {posted_items} items of {posted_inner} additions, and this run had {items} of {inner}"
        );
        (Verdict::NotTestableHere, format!("{asked}; {because}"))
    } else {
        (judge(ratio, &claim.band), because)
    };
    Finding::of_interval(verdict, "time at chunksize 1 / at 100", ratio, because)
}

/// A good chunksize is as fast as the best one, for even and for uneven items; the worst case counts. What is no chunksize is not among
/// the best, and stands beside it in words.
fn rule_of_thumb(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let mut findings = Vec::new();
    for (variant, items) in std::iter::once(EVEN).chain(UNEVEN) {
        let Some((ratio, best)) = against_best(evidence, variant, "rule") else {
            return Finding::not_measured("time at the rule's chunksize / at the best one of the sweep");
        };
        let because = format!("{items} items: {} times the best, which is {best}", shown(ratio));
        let quantity = format!("time at the rule's chunksize / at the best one of the sweep, {items} items");
        findings.push(Finding::of_interval(judge(Some(ratio), &claim.band), &quantity, Some(ratio), because));
    }
    let worst = worst(findings);
    let because = format!("{}{}", worst.because, guided(evidence));
    Finding { because, ..worst }
}

/// What shrinking batches take, by the rule's.
fn guided(evidence: &Evidence<'_>) -> String {
    let of = |(variant, items)| Some(format!("{items} items {}", shown(between(evidence, variant, "guided", "rule")?)));
    let ratios: Vec<String> = std::iter::once(EVEN).chain(UNEVEN).filter_map(of).collect();
    if ratios.is_empty() {
        String::new()
    } else {
        format!("; shrinking batches, which no chunksize makes, take, by the rule's: {}", ratios.join(", "))
    }
}

/// Time at one chunk per worker by time at small chunks, for each uneven distribution.
fn uneven_wants_small(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let mut findings = Vec::new();
    for (variant, items) in UNEVEN {
        let quantity = format!("time at one chunk per worker / at chunksize {FINE}, {items} items");
        let Some(ratio) = between(evidence, variant, "large", FINE) else { return Finding::not_measured(&quantity) };
        let because = format!(
            "{items} items: {} times{}, and a worker is outside the function for {} instead of {}",
            shown(ratio),
            ideal(evidence, variant),
            idle(evidence, variant, "large"),
            idle(evidence, variant, FINE)
        );
        findings.push(Finding::of_interval(judge(Some(ratio), &claim.band), &quantity, Some(ratio), because));
    }
    in_general(findings)
}

/// Where a claim surely holds for some and not for all, it is too general: direction only, with the interval of the weakest of those
/// for which it holds. Otherwise the weakest of all.
fn in_general(findings: Vec<Finding>) -> Finding {
    let holds = |finding: &Finding| finding.verdict == Verdict::Reproduced;
    if findings.iter().all(holds) || !findings.iter().any(holds) {
        return worst(findings);
    }
    let because = reasons(&findings);
    let low = |finding: &Finding| finding.interval.map_or(f64::INFINITY, |interval| interval.low);
    let held = findings.into_iter().filter(holds).min_by(|a, b| low(a).total_cmp(&low(b)));
    held.map_or_else(
        || Finding::not_measured("the sweeps"),
        |held| Finding { verdict: Verdict::DirectionOnlyWeaker, because, ..held },
    )
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
    let quantity = "time at chunksize 1 / at the best one of the sweep, even items";
    let here = against_best(evidence, EVEN.0, "1");
    let (Some((gain, best)), Some((small, small_best))) = (here, against_best(evidence, SMALL, "1")) else {
        return Finding::not_measured(quantity);
    };
    let inner = evidence.param("inner").unwrap_or(0);
    let because = format!(
        "with items of {inner} additions {} times, against {best}; with items of {} additions {} times, against \
         {small_best}",
        shown(gain),
        inner.min(1_000),
        shown(small)
    );
    Finding::of_interval(judge(Some(gain), &claim.band), quantity, Some(gain), because)
}

/// The claim says that a hand controls more. The same messages in every subject, in about the same time, contradict it; anything else
/// leaves open what the hand had to do with it.
fn manual_batching(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time by hand / time by chunksize, batches of the same size";
    let crossed = |result: &VariantResult| (result.counters.tasks, result.counters.messages);
    let [by_hand, rule] =
        ["even_by_hand", "even_rule"].map(|name| evidence.results(name).map(crossed).collect::<Vec<_>>());
    let ratio = between(evidence, EVEN.0, "by_hand", "rule");
    let (Some((tasks, messages)), false, Some(ratio)) = (by_hand.first().copied(), rule.is_empty(), ratio) else {
        return Finding::not_measured(quantity);
    };
    let same = by_hand.iter().chain(&rule).all(|crossed| *crossed == (tasks, messages));
    let counted = format!("batches by hand and the chunksize gave the same {tasks} tasks and {messages} messages");
    let (verdict, because) = match judge(Some(ratio), &claim.band) {
        _ if !same => (Verdict::Inconclusive, "the tasks or the messages are not the same in every subject".to_owned()),
        Verdict::Reproduced => (
            Verdict::Contradicted,
            format!(
                "{counted}, in {} times the time: nothing more is controlled, as long as the batches are equal",
                shown(ratio)
            ),
        ),
        Verdict::Contradicted => (
            Verdict::Inconclusive,
            format!("{counted}, and yet the time is not about the same: {} times", shown(ratio)),
        ),
        _ => (
            Verdict::Inconclusive,
            format!("{counted}; whether in about the same time is not certain: {} times", shown(ratio)),
        ),
    };
    Finding::of_interval(verdict, quantity, Some(ratio), because)
}

/// Both ends above the bottom. Within the post's own chunksizes and for its even items, or only where there is an imbalance to pay for?
fn u_curve(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time at chunksize 1 / at the best one of the sweep, even items";
    let arms = |variant: &str, end: &str| {
        Some(Arms { left: against_best(evidence, variant, "1")?.0, right: against_best(evidence, variant, end)?.0 })
    };
    let Some(even) = arms(EVEN.0, "500") else { return Finding::not_measured(quantity) };
    let mut words = vec![format!(
        "even items: {} times the best at chunksize 1, {} times at 500, and with all items in one task {}",
        shown(even.left),
        shown(even.right),
        against_best(evidence, EVEN.0, "whole").map_or_else(|| "unknown".to_owned(), |(ratio, _)| shown(ratio))
    )];
    let mut uneven = Vec::new();
    for (variant, items) in UNEVEN {
        let Some(arms) = arms(variant, "large") else { return Finding::not_measured(quantity) };
        words.push(format!("{items}: {} at 1, {} at one chunk per worker", shown(arms.left), shown(arms.right)));
        uneven.push(arms);
    }
    let because = format!("{}{}", words.join("; "), prices(evidence));
    Finding::of_interval(shape(even, &uneven), quantity, Some(even.left), because)
}

/// What either end of a sweep takes, by the best chunksize.
#[derive(Clone, Copy)]
struct Arms {
    left: Interval,
    right: Interval,
}

/// The rule, with [`RISE`] as the smallest wall:
/// - reproduced, if both arms of the even sweep rise;
/// - direction only, weaker, if its right arm does not surely rise and an uneven sweep has two arms that do;
/// - contradicted, if the right arms of all sweeps are flat, or the left arms of all;
/// - inconclusive otherwise.
fn shape(even: Arms, uneven: &[Arms]) -> Verdict {
    let rises = |arm: Interval| arm.low > RISE;
    let flat = |arm: Interval| arm.high < RISE;
    let all = || std::iter::once(&even).chain(uneven);
    if rises(even.left) && rises(even.right) {
        Verdict::Reproduced
    } else if !rises(even.right) && uneven.iter().any(|arms| rises(arms.left) && rises(arms.right)) {
        Verdict::DirectionOnlyWeaker
    } else if all().all(|arms| flat(arms.right)) || all().all(|arms| flat(arms.left)) {
        Verdict::Contradicted
    } else {
        Verdict::Inconclusive
    }
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
    let because = reasons(&findings);
    let rank = |finding: &Finding| match finding.verdict {
        Verdict::Contradicted => 0,
        Verdict::Reproduced => 3,
        Verdict::DirectionOnlyStronger | Verdict::DirectionOnlyWeaker => 2,
        Verdict::Inconclusive | Verdict::NotTestableHere | Verdict::Stale => 1,
    };
    let worst = findings.into_iter().min_by_key(rank);
    worst.map_or_else(|| Finding::not_measured("the sweeps"), |worst| Finding { because, ..worst })
}

fn reasons(findings: &[Finding]) -> String {
    findings.iter().map(|finding| finding.because.as_str()).collect::<Vec<_>>().join("; ")
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

/// The time at one point of a sweep by that at the best chunksize, and which that is.
fn against_best(evidence: &Evidence<'_>, variant: &str, point: &str) -> Option<(Interval, String)> {
    let names = chunksizes(evidence, variant);
    let all: Vec<Vec<f64>> = names.iter().map(|name| times(evidence, variant, name)).collect();
    let halves = halves(&blocks(evidence, variant));
    let (ratios, best) = by_the_other_half(&times(evidence, variant, point), &all, &halves)?;
    let best: Vec<String> = best.into_iter().map(|best| spoken(names[best])).collect();
    Some((statistics::mean_interval(&ratios)?, best.join(" or ")))
}

/// The points of a sweep that are a chunksize, by the names of its facts.
fn chunksizes<'a>(evidence: &Evidence<'a>, variant: &str) -> Vec<&'a str> {
    let facts = evidence.summary.variant(variant).map(|summary| summary.facts.keys());
    let points = facts.into_iter().flatten().filter_map(|name| name.strip_prefix("map_")?.strip_suffix("_ns"));
    points.filter(|point| !UNEQUAL_OR_BY_HAND.contains(point)).collect()
}

/// The block of every subject of a variant that is judged, in the order of its [`facts`].
fn blocks(evidence: &Evidence<'_>, variant: &str) -> Vec<u32> {
    let rows = evidence.run.subjects_of(&evidence.summary.lesson);
    let own = rows.filter(|row| row.block.arm == Arm::B && row.block.variant == variant);
    own.filter(|row| row.result.ok && !row.block.warm_up).map(|row| row.block.number).collect()
}

/// The half that each subject is in, from the block that it ran in: block by block they take turns. The subjects of one block ran
/// within the same short time, and what the machine did then must not be on both sides.
fn halves(blocks: &[u32]) -> Vec<usize> {
    let mut known = blocks.to_vec();
    known.sort_unstable();
    known.dedup();
    blocks.iter().map(|block| known.partition_point(|other| other < block) % 2).collect()
}

/// The times at one point by those at the best of `all` points, and which points those are: the subjects of each half are compared with
/// the best of the other. None if a half is empty, or if a subject lacks a time.
fn by_the_other_half(own: &[f64], all: &[Vec<f64>], halves: &[usize]) -> Option<(Vec<f64>, Vec<usize>)> {
    let complete = own.len() == halves.len() && all.iter().all(|times| times.len() == halves.len());
    if !complete || !halves.contains(&0) || !halves.contains(&1) {
        return None;
    }
    let mut ratios = Vec::new();
    let mut best_of = Vec::new();
    for half in 0..2 {
        let means: Vec<f64> = all.iter().map(|times| mean_logarithm(of_half(times, halves, 1 - half))).collect();
        let best = (0..all.len()).min_by(|a, b| means[*a].total_cmp(&means[*b]))?;
        let pairs = of_half(own, halves, half).zip(of_half(&all[best], halves, half));
        ratios.extend(pairs.map(|(own, best)| own / best));
        best_of.push(best);
    }
    best_of.dedup();
    Some((ratios, best_of))
}

/// What belongs to the subjects of one half.
fn of_half<'a>(times: &'a [f64], halves: &'a [usize], half: usize) -> impl Iterator<Item = &'a f64> {
    times.iter().zip(halves).filter(move |(_, own)| **own == half).map(|(time, _)| time)
}

fn mean_logarithm<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value.ln(), n + 1.0));
    sum / n
}

/// How a point is called in a sentence.
fn spoken(point: &str) -> String {
    match point {
        "rule" => "the rule's chunksize".to_owned(),
        "large" => "one chunk per worker".to_owned(),
        "whole" => "a single task".to_owned(),
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

#[cfg(test)]
mod tests;
