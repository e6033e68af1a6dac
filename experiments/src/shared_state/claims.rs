//! The checks of the claims that this lesson judges.

use harness::evidence::{shown, stated};
use harness::outcome::NO_ROOM;
use harness::verdict::{judge, judge_count};
use harness::{Check, Evidence, Finding};
use record::{Claim, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.manager-counter-4000", judge: counter },
    Check { claim: "cpu.manager-rpcs", judge: requests },
    Check { claim: "cpu.value-faster-than-manager", judge: value_faster },
];

/// Fewer trials than this do not show that nothing is ever lost.
const TRIALS: usize = 100;

/// The final values of all trials, those in which nothing was lost among them. One that is not what was added contradicts the claim, however
/// few the increments; that all are right speaks for it only with as many as the post has.
fn counter(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "final values, one a trial";
    let finals: Vec<u64> = series(evidence, "manager_get_set", "final_values");
    let (Some(workers), Some(increments)) = (evidence.param("workers"), evidence.param("increments")) else {
        return Finding::not_measured(quantity);
    };
    let (expected, n) = (workers * increments, finals.len());
    let (Some(lowest), Some(highest)) = (finals.iter().min(), finals.iter().max()) else {
        return Finding::not_measured(quantity);
    };
    let right = finals.iter().filter(|value| **value == expected).count();
    let because = format!(
        "{workers} processes adding 1 to a manager's value {increments} times each gave {expected} in {right} of {n} trials, and from {lowest} \
         to {highest} in all{}",
        kept(evidence)
    );
    let posted = stated(claim, "increments").is_some_and(|posted| increments as f64 >= posted);
    let no_room = evidence.reports("manager_get_set").find_map(|result| result.notes.get(NO_ROOM));
    let (verdict, because) = match (judge_count(&finals, expected), no_room) {
        (Verdict::Contradicted, _) => (Verdict::Contradicted, because),
        (_, Some(why)) => (Verdict::NotTestableHere, format!("{because}; {why}")),
        (_, None) if !posted => {
            let fewer = "these are fewer increments than the post's, which leave less to lose";
            (Verdict::NotTestableHere, format!("{because}; {fewer}"))
        }
        (_, None) if n < TRIALS => (Verdict::Inconclusive, format!("{because}; {TRIALS} trials would tell")),
        (verdict, None) => (verdict, because),
    };
    Finding::of_count(verdict, quantity, n, because)
}

/// What the other ways of reading and writing in two steps keep, in words.
fn kept(evidence: &Evidence<'_>) -> String {
    let ways = [("value_get_set", "a Value whose lock is taken twice"), ("raw_get_set", "a number without a lock")];
    let shares = ways.iter().filter_map(|(variant, what)| {
        let kept = evidence.fact_sum(variant, "kept_thousandths")? as f64 / 10.0;
        let subjects = evidence.reports(variant).count().max(1) as f64;
        Some(format!("; {what} kept {:.0} %", kept / subjects))
    });
    shares.collect()
}

/// Counted by the server: what it was asked for each increment.
fn requests(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "requests per increment";
    let rows: Vec<&VariantResult> = evidence.reports("manager_get_set").collect();
    let Some(first) = rows.first() else { return Finding::not_measured(quantity) };
    let fact = |row: &VariantResult, name: &str| row.facts.get(name).copied().unwrap_or(0);
    let (increments, asked) = (fact(first, "increments"), fact(first, "requests"));
    if increments == 0 {
        let because = "nothing was added, and nothing asked".to_owned();
        return Finding::of_count(Verdict::NotTestableHere, quantity, rows.len(), because);
    }
    let (gets, sets) = (fact(first, "get_requests"), fact(first, "set_requests"));
    let per_increment = |row: &VariantResult| fact(row, "requests") as f64 / fact(row, "increments").max(1) as f64;
    let one_each = rows.iter().all(|row| fact(row, "requests") == fact(row, "increments"));
    let same = rows.iter().filter(|row| fact(row, "requests") == asked).count();
    let verdict = if one_each { Verdict::Reproduced } else { Verdict::Contradicted };
    let others = [("manager_add", "told to add"), ("manager_locked", "with a manager's lock around the two")];
    let others = others.iter().filter_map(|(variant, what)| {
        let row = evidence.typical(variant)?;
        Some(format!("; {what} {:.2} requests per increment", per_increment(row)))
    });
    let because = format!(
        "in {same} of {} subjects the server counted {asked} requests for {increments} increments, {gets} to read and {sets} to write: {:.2} \
         each, which makes {:.0} of the post's 4000{}",
        rows.len(),
        per_increment(first),
        per_increment(first) * 4_000.0,
        others.collect::<String>()
    );
    Finding::of_count(verdict, quantity, rows.len(), because)
}

/// The fastest of a manager's ways that lose nothing against the shared memory with its lock, a Value and an Array. Both must be faster.
fn value_faster(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "manager_add / value_locked";
    let over = |slow: &str, fast: &str| evidence.ratio_between(slow, fast);
    let (Some(value), Some(array)) = (over("manager_add", "value_locked"), over("manager_add", "array_locked")) else {
        return Finding::not_measured(quantity);
    };
    if evidence.param("increments") == Some(0) {
        let because = "nothing was added".to_owned();
        return Finding::of_interval(Verdict::NotTestableHere, quantity, Some(value), because);
    }
    let [by_value, by_array] = [value, array].map(|ratio| judge(Some(ratio), &claim.band));
    let verdict = if by_value == by_array { by_value } else { Verdict::Inconclusive };
    let others = [
        (
            "manager_get_set",
            "value_locked",
            "the post's counter, which loses updates, takes",
            "that of the locked Value",
        ),
        ("manager_locked", "value_locked", "a manager's value under a manager's lock", "that"),
        ("value_locked", "atomic", "the locked Value takes", "an atomic addition"),
        ("value_locked", "own_sums", "and", "sums of each process's own"),
    ];
    let others = others
        .iter()
        .filter_map(|(slow, fast, what, than)| Some(format!("; {what} {} times {than}", shown(over(slow, fast)?))));
    let because = format!(
        "an addition that a manager is asked for takes {} times one to a Value under its lock, and {} times one to an Array under its{}",
        shown(value),
        shown(array),
        others.collect::<String>()
    );
    Finding::of_interval(verdict, quantity, Some(value), because)
}

/// A series of all subjects that answered, one after the other.
fn series(evidence: &Evidence<'_>, variant: &str, name: &str) -> Vec<u64> {
    let rows = evidence.summary.variant(variant).and_then(|summary| summary.series.get(name));
    rows.into_iter().flatten().flatten().copied().collect()
}
