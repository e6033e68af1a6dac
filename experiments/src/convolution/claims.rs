//! The checks of the claims that this lesson judges.

use harness::evidence::shown;
use harness::verdict::{inverse, judge_speed_up, parallel_cores};
use harness::{Check, Evidence, Finding};
use record::{Band, Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.convolution-speedup", judge: speed_up },
    Check { claim: "cpu.convolution-needs-no-coordination", judge: no_coordination },
];

/// The post's own program is what is judged; what becomes of its speed-up with a halo, with a fast kernel, and without sending
/// anything is said beside it.
fn speed_up(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "serial_naive / strips_no_halo";
    let own = evidence.ratio("strips_no_halo").map(inverse);
    let (Some(own), Band::SpeedUp { ratio, cores }, Some(workers)) = (own, &claim.band, evidence.param("workers"))
    else {
        return Finding::not_measured(quantity);
    };
    let usable = parallel_cores(&evidence.summary.environment).min(workers as f64);
    let (verdict, note) = judge_speed_up(Some(own), *ratio, *cores, usable);
    let times = |found: Option<Interval>| found.map_or("an unknown number of".to_owned(), shown);
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    let over_fast = |variant| times(evidence.ratio_between("serial_fast", variant));
    let because = format!(
        "with {workers} workers the strips are {} times as fast as the naive loop{note}, and with a halo {} times. The faster \
         the kernel, the less is left: with the fast one the same strips are {} times as fast as one process, and {} times where \
         only the numbers of the rows cross",
        shown(own),
        times(evidence.ratio("strips_halo_naive").map(inverse)),
        over_fast("strips_halo_fast"),
        over_fast("shared_fast"),
    );
    Finding::of_interval(verdict, quantity, Some(own), because)
}

/// Counted: the rows in which the strips, each convolved alone, differ from the serial result.
fn no_coordination(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "rows that differ from the serial result";
    let results: Vec<&VariantResult> = evidence.results("strips_no_halo").collect();
    let (Some(first), n) = (results.first(), results.len()) else { return Finding::not_measured(quantity) };
    if let Some(why) = first.notes.get("no_room") {
        let because = format!("this run leaves no room for a difference: {why}");
        return Finding::of_count(Verdict::NotTestableHere, quantity, n, because);
    }
    let fact = |result: &VariantResult, name: &str| result.facts.get(name).copied().unwrap_or(0);
    let (seams, differing) = (fact(first, "seams"), fact(first, "differing_rows"));
    let same = results.iter().filter(|result| fact(result, "differing_rows") == differing).count();
    let numbers = first.series.get("differing_row").map(|rows| rows.iter().map(u64::to_string).collect::<Vec<_>>());
    let mended = evidence.results("strips_halo_naive").filter(|result| result.answer.is_some()).count();
    let mut verdict = Verdict::Contradicted;
    if results.iter().all(|result| fact(result, "differing_rows") == 0) {
        verdict = Verdict::Reproduced;
    }
    let because = format!(
        "at {seams} seam{} {differing} rows differ, in {same} of {n} subjects: {}. With one more row above and below each strip \
         all {mended} subjects gave the serial result, bit for bit",
        if seams == 1 { "" } else { "s" },
        listed(&numbers.unwrap_or_default())
    );
    Finding::of_count(verdict, quantity, n, because)
}

/// Row numbers in words, the first few of many.
fn listed(rows: &[String]) -> String {
    match rows {
        [] => "none".to_owned(),
        few if few.len() <= 8 => format!("rows {}", few.join(", ")),
        many => format!("rows {}, ...", many[..8].join(", ")),
    }
}
