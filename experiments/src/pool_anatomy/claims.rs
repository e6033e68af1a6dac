//! How the claims of this lesson are judged.

use harness::evidence::shown;
use harness::verdict::{judge, judge_count};
use harness::{Check, Evidence, Finding, statistics};
use record::{Claim, Interval, VariantResult, Verdict};

use super::order::WAYS;
use super::traced::HANDLERS;

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "pickle.three-queues-three-threads", judge: three_and_three },
    Check { claim: "pickle.sqrt-map", judge: square_roots },
    Check { claim: "cpu.workers-up-front", judge: up_front },
    Check { claim: "cpu.map-order", judge: order },
    Check { claim: "cpu.overhead-100x", judge: overhead },
    Check { claim: "tuning.tiny-tasks-lose", judge: tiny_tasks },
    Check { claim: "tuning.wall-vs-worker-time", judge: wall_and_worker_time },
];

/// What the ledger asks of a behaviour.
const TRIALS: u64 = 100;

/// From when on a time is *far* above another.
const FAR: f64 = 2.0;

fn fact(result: &VariantResult, name: &str) -> u64 {
    result.facts.get(name).copied().unwrap_or(0)
}

/// A fact of every subject of `lengths`.
fn facts(evidence: &Evidence<'_>, name: &str) -> Vec<f64> {
    evidence.results("lengths").filter_map(|result| Some(*result.facts.get(name)? as f64)).collect()
}

/// The parts are those of `/proc`, and every traced task was seen at each of its stations.
fn three_and_three(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "tasks seen at every station of the way";
    let subjects: Vec<&VariantResult> = evidence.results("traced").collect();
    let sum = |name: &str| subjects.iter().map(|result| fact(result, name)).sum::<u64>();
    let (tasks, whole) = (sum("traced_tasks"), sum("whole_ways"));
    if tasks == 0 {
        return Finding::not_measured(quantity);
    }
    let parts = |result: &&&VariantResult| {
        let counted = ["handler_threads", "other_threads", "shared_pipes"].map(|name| fact(result, name));
        counted == [HANDLERS.len() as u64, 0, 2]
    };
    let complete = subjects.iter().filter(parts).count();
    let verdict = match complete == subjects.len() && whole == tasks {
        true if tasks < TRIALS => Verdict::Inconclusive,
        true => Verdict::Reproduced,
        false => Verdict::Contradicted,
    };
    let because = format!(
        "{complete} of {} pools had just the three handler threads beside their caller's, and two pipes in common with all their workers; the \
         task queue is memory of the parent. {whole} of {tasks} traced tasks were encoded and written by the task handler, carried out and \
         encoded by a worker, and decoded by the result handler. The worker handler woke {} times during these maps: it watches for workers \
         that end",
        subjects.len(),
        sum("worker_handler_turns"),
    );
    Finding::of_count(verdict, quantity, usize::try_from(tasks).unwrap_or(usize::MAX), because)
}

/// That it works is counted; whether it pays stands beside it.
fn square_roots(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time of the pool / of a loop";
    let ratio = evidence.ratio_between("roots_pool", "serial_roots");
    let answered = evidence.reports("roots_pool").count();
    let right: Vec<&VariantResult> = evidence.results("roots_pool").collect();
    let (Some(ratio), Some(numbers), false) = (ratio, evidence.param("numbers"), answered == 0) else {
        return Finding::not_measured(quantity);
    };
    let verdict =
        if numbers == 0 { Verdict::NotTestableHere } else { judge_count(&[right.len() as u64], answered as u64) };
    let tasks = evidence.tasks("roots_pool");
    let because = format!(
        "{} of {answered} pools gave the roots of {numbers} numbers that a loop gives, bit for bit, in {tasks} tasks. It takes {} times the \
         time of the loop; where ranges cross in place of numbers and roots, {} times",
        right.len(),
        shown(ratio),
        times(evidence.ratio_between("roots_ranges", "serial_roots")),
    );
    Finding::of_interval(verdict, quantity, Some(ratio), because)
}

fn times(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "an unknown number of".to_owned(), shown)
}

/// The claim is about the executor; the classic pool, which does what the claim says, stands beside it.
fn up_front(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "trials in which the executor had started all its workers before a first task";
    let subjects: Vec<&VariantResult> = evidence.results("starts").collect();
    let sum = |name: &str| subjects.iter().map(|result| fact(result, name)).sum::<u64>();
    let (trials, Some(workers)) = (sum("trials"), evidence.param("workers")) else {
        return Finding::not_measured(quantity);
    };
    if trials == 0 {
        return Finding::not_measured(quantity);
    }
    let per_subject: Vec<u64> = subjects.iter().map(|result| fact(result, "executor_at_first")).collect();
    let all = subjects.first().map_or(0, |result| fact(result, "trials") * workers);
    let verdict = judge_count(&per_subject, all);
    let mean = |name: &str| sum(name) as f64 / trials as f64;
    let because = format!(
        "an executor of {workers} workers has started {} before its first task, {} with one task, {} after 16 more one after another, {} \
         once {workers} came at once, and {} at the end: on demand, never more than {workers}, and each is used again. CPython's pool has \
         {} before its first task and {} at the end. (Python's executor, by the ledger's note, starts its workers on demand since 3.9, but \
         for fork.)",
        mean("executor_at_first"),
        mean("executor_one"),
        mean("executor_one_by_one"),
        mean("executor_at_once"),
        mean("executor_at_last"),
        mean("pool_at_first"),
        mean("pool_at_last"),
    );
    Finding::of_count(verdict, quantity, usize::try_from(trials).unwrap_or(usize::MAX), because)
}

/// Three ways must give results as submitted, in every trial, and two must give the slowest item last.
fn order(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "trials in the stated order, of each way to ask";
    let subjects: Vec<&VariantResult> = evidence.results("order").collect();
    let sum = |name: String| subjects.iter().map(|result| fact(result, &name)).sum::<u64>();
    let trials = sum("trials".to_owned());
    if trials == 0 {
        return Finding::not_measured(quantity);
    }
    let n = usize::try_from(trials).unwrap_or(usize::MAX);
    if evidence.param("workers") == Some(1) {
        let because = "one worker ends its items in the order in which it gets them".to_owned();
        return Finding::of_count(Verdict::NotTestableHere, quantity, n, because);
    }
    let in_order = ["map", "imap", "executor_map"].map(|way| sum(format!("{way}_as_submitted")));
    let as_ready = ["imap_unordered", "as_completed"].map(|way| sum(format!("{way}_slowest_last")));
    let verdict = match in_order.iter().chain(&as_ready).all(|count| *count == trials) {
        true if trials < TRIALS => Verdict::Inconclusive,
        true => Verdict::Reproduced,
        false => Verdict::Contradicted,
    };
    let [first, last] = ["first", "last"].map(|end| {
        let told = WAYS.map(|way| {
            let values: Vec<f64> =
                subjects.iter().map(|result| fact(result, &format!("{way}_{end}_ns")) as f64).collect();
            let median = statistics::median_interval(&values).map(|interval| format!("{:.2}", interval.mid / 1e6));
            format!("{} {}", way.replace('_', " "), median.unwrap_or_else(|| "unknown".to_owned()))
        });
        told.join(", ")
    });
    let because = format!(
        "the first of eight items ends last. As submitted came map {}, imap {}, and an executor's map {} of {trials} times; with the slow \
         item last imap_unordered {} and as_completed {} of {trials} times. Milliseconds to the first result: {first}; to the last: {last}",
        in_order[0], in_order[1], in_order[2], as_ready[0], as_ready[1],
    );
    Finding::of_count(verdict, quantity, n, because)
}

/// Judged by the costlier of the two ways to map at chunksize 1; what a single call costs is something else, and stands beside it.
fn overhead(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time added to an item at chunksize 1 / 1 us";
    let added = |way: &str| {
        let us: Vec<f64> = facts(evidence, &format!("{way}_added_ns")).iter().map(|ns| ns / 1e3).collect();
        statistics::mean_interval(&us)
    };
    let (Some(map), Some(executor)) = (added("map"), added("executor")) else {
        return Finding::not_measured(quantity);
    };
    let most = if map.mid > executor.mid { map } else { executor };
    let item = statistics::median_interval(&facts(evidence, "item_ns")).map_or(0.0, |item| item.mid / 1e3);
    let because = format!(
        "for items of {item:.2} microseconds the classic pool's map adds {} microseconds to each, an executor's map {}; applied one after another, \
         each waited for, an item takes {} more",
        shown(map),
        shown(executor),
        times(added("apply")),
    );
    Finding::of_interval(judge(Some(most), &claim.band), quantity, Some(most), because)
}

/// Judged on CPython's pool; the others stand beside it.
fn tiny_tasks(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "time of a pool at chunksize 1 / of a loop, do-nothing items";
    let (Some(ratio), Some(items)) = (evidence.ratio("tiny_classic"), evidence.param("items")) else {
        return Finding::not_measured(quantity);
    };
    let whole = |variant: &str| {
        evidence.ratio(variant).map_or_else(|| "unknown".to_owned(), |ratio| format!("{:.0}", ratio.mid))
    };
    let rate = |variant: &str| {
        let per_second = evidence.time(variant).filter(|time| time.mid > 0.0).map(|time| items as f64 / time.mid * 1e9);
        per_second.map_or_else(|| "unknown".to_owned(), |rate| format!("{:.0}", rate / 1e3))
    };
    let verdict = if items == 0 { Verdict::NotTestableHere } else { judge(Some(ratio), &claim.band) };
    let because = format!(
        "{items} items that nothing is done to take the classic pool {} times as long as a loop, an executor {}, this project's own pool {}: {}, {} \
         and {} thousand items a second. With the default chunksize the classic pool takes {} times as long",
        whole("tiny_classic"),
        whole("tiny_executor"),
        whole("tiny_pool"),
        rate("tiny_classic"),
        rate("tiny_executor"),
        rate("tiny_pool"),
        whole("tiny_chunks"),
    );
    Finding::of_interval(verdict, quantity, Some(ratio), because)
}

/// One length of item: the time of the whole by that of all workers together, and by their mean.
#[derive(Clone, Copy)]
struct Point {
    over_sum: f64,
    over_mean: f64,
}

/// The rule: a pool is dominated by its overhead if its workers spend less than half of the time inside the function, that is, if the whole takes
/// more than twice their mean. The post's test says so if the whole is [far](FAR) above their sum. Where that is right at every
/// length, and
/// - finds every length that is dominated: reproduced;
/// - misses one: direction only, weaker;
///
/// and where it says so wrongly: contradicted. Without a length of which it says so: inconclusive.
fn wall_rule(points: &[Point]) -> Verdict {
    let dominated = |point: &&Point| point.over_mean > 2.0;
    let said = |point: &&Point| point.over_sum > FAR;
    if !points.iter().any(|point| said(&point)) {
        return Verdict::Inconclusive;
    }
    if points.iter().filter(said).any(|point| !dominated(&point)) {
        return Verdict::Contradicted;
    }
    match points.iter().filter(dominated).all(|point| said(&point)) {
        true => Verdict::Reproduced,
        false => Verdict::DirectionOnlyWeaker,
    }
}

fn wall_and_worker_time(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "lengths of item at which the test finds that overhead dominates";
    let subjects: Vec<&VariantResult> = evidence.results("lengths").collect();
    let median = |name: &str, place: usize| {
        let of = |result: &&VariantResult| Some(*result.series.get(name)?.get(place)? as f64 / 1e3);
        let values: Vec<f64> = subjects.iter().filter_map(of).collect();
        statistics::median_interval(&values).map(|interval| interval.mid)
    };
    let point = |place: usize| {
        Some(Point { over_sum: median("map_over_work", place)?, over_mean: median("map_over_share", place)? })
    };
    let points: Vec<Point> = (0..super::lengths::LENGTHS.len()).map_while(point).collect();
    if points.is_empty() {
        return Finding::not_measured(quantity);
    }
    let dominated = points.iter().filter(|point| point.over_mean > 2.0).count();
    let said = points.iter().filter(|point| point.over_sum > FAR).count();
    let told = super::lengths::LENGTHS.iter().zip(&points);
    let told: Vec<String> =
        told.map(|(length, point)| format!("{length}: {:.2} and {:.2}", point.over_sum, point.over_mean)).collect();
    let because = format!(
        "at {dominated} of {} lengths the workers spend less than half of the time inside the function; the time of the whole is more than twice \
         the sum of theirs at {said}. By additions per item, the whole by the sum of the workers' times and by their mean: {}",
        points.len(),
        told.join("; ")
    );
    Finding::of_count(wall_rule(&points), quantity, subjects.len(), because)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(points: &[(f64, f64)]) -> Verdict {
        let points: Vec<Point> =
            points.iter().map(|(over_sum, over_mean)| Point { over_sum: *over_sum, over_mean: *over_mean }).collect();
        wall_rule(&points)
    }

    #[test]
    fn the_test_is_right_if_it_finds_every_length_that_is_dominated_and_no_other() {
        assert_eq!(verdict(&[(40.0, 80.0), (0.6, 1.2)]), Verdict::Reproduced);
        assert_eq!(verdict(&[(40.0, 80.0), (1.3, 2.6), (0.6, 1.2)]), Verdict::DirectionOnlyWeaker);
        assert_eq!(verdict(&[(0.6, 1.2)]), Verdict::Inconclusive);
        // Never with two workers or more: the mean is then at most half the sum.
        assert_eq!(verdict(&[(2.1, 1.9)]), Verdict::Contradicted);
    }
}
