//! The checks of the claims that this lesson judges.

use harness::evidence::shown;
use harness::outcome::NO_ROOM;
use harness::verdict::{inverse, judge_speed_up, parallel_cores};
use harness::{Check, Evidence, Finding};
use record::{Band, Claim, Interval, VariantResult, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.convolution-speedup", judge: speed_up },
    Check { claim: "cpu.convolution-needs-no-coordination", judge: no_coordination },
];

/// Smaller images are not what the claim is about: a quarter of the post's 2000 by 2000, and the size of the ledger's note on CPython.
const PIXELS: u64 = 1_000_000;

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
    let (rows, cols) = (evidence.param("rows").unwrap_or(0), evidence.param("cols").unwrap_or(0));
    let (verdict, note) = if rows * cols < PIXELS {
        let note = format!("an image of {rows} x {cols} pixels is too small to tell");
        (Verdict::NotTestableHere, Some(note))
    } else if usable > f64::from(*cores) {
        // More workers than the post has, each on a core of its own.
        let note = format!("the claim is about {cores} processes, and this run had {workers}");
        (Verdict::NotTestableHere, Some(note))
    } else {
        judge_speed_up(Some(own), *ratio, *cores, usable)
    };
    let times = |found: Option<Interval>| found.map_or("an unknown number of".to_owned(), shown);
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    let over_fast = |variant| times(evidence.ratio_between("serial_fast", variant));
    let because = format!(
        "with {workers} workers the strips are {} times as fast as the naive loop{note}, and with a halo {} times. With the fast \
         kernel, strips with a halo are {} times as fast as one process, and {} times where only the numbers of the rows cross",
        shown(own),
        times(evidence.ratio("strips_halo_naive").map(inverse)),
        over_fast("strips_halo_fast"),
        over_fast("shared_fast"),
    );
    Finding::of_interval(verdict, quantity, Some(own), because)
}

/// Counted: the rows in which the strips, each convolved alone, differ from the serial result. A subject in which none does shows no
/// fault, is not ok, and counts all the same.
fn no_coordination(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "rows that differ from the serial result";
    let differing = |result: &VariantResult| result.facts.get("differing_rows").copied();
    let compared = evidence.reports("strips_no_halo").filter(|result| differing(result).is_some());
    let results: Vec<&VariantResult> = compared.collect();
    let (Some(first), n) = (results.first(), results.len()) else { return Finding::not_measured(quantity) };
    if !has_room(evidence) {
        let why = first.notes.get(NO_ROOM).map_or("the image is too small or in one piece", String::as_str);
        let because = format!("this run leaves no room for a difference: {why}");
        return Finding::of_count(Verdict::NotTestableHere, quantity, n, because);
    }
    let seams = first.facts.get("seams").copied().unwrap_or(0);
    let same = results.iter().filter(|result| differing(result) == differing(first)).count();
    let numbers = first.series.get("differing_row").map(|rows| rows.iter().map(u64::to_string).collect::<Vec<_>>());
    let verdict = match results.iter().all(|result| differing(result) == Some(0)) {
        true => Verdict::Reproduced,
        false => Verdict::Contradicted,
    };
    let because = format!(
        "at {seams} seam{} {} rows differ, in {same} of {n} subjects: {}{}",
        if seams == 1 { "" } else { "s" },
        differing(first).unwrap_or(0),
        listed(&numbers.unwrap_or_default()),
        mended(evidence)
    );
    Finding::of_count(verdict, quantity, n, because)
}

/// Whether a seam lies beside a pixel that has all its neighbours: it does if there are two strips and such a pixel. The subjects note
/// that there is no room whenever no row differs, so their notes cannot tell.
fn has_room(evidence: &Evidence<'_>) -> bool {
    let at_least = |name: &str, least: u64| evidence.param(name).is_some_and(|value| value >= least);
    at_least("rows", 3) && at_least("cols", 3) && at_least("workers", 2)
}

/// What a halo comes to, counted over all its subjects that answered; nothing if none did.
fn mended(evidence: &Evidence<'_>) -> String {
    let answered: Vec<&VariantResult> = evidence.reports("strips_halo_naive").collect();
    if answered.is_empty() {
        return String::new();
    }
    let right = answered.iter().filter(|result| result.ok).count();
    let answered = answered.len();
    format!(
        ". With one more row above and below each strip {right} of {answered} subjects gave the serial result, bit \
         for bit"
    )
}

/// Row numbers in words, the first few of many.
fn listed(rows: &[String]) -> String {
    match rows {
        [] => "none".to_owned(),
        few if few.len() <= 8 => format!("rows {}", few.join(", ")),
        many => format!("rows {}, ...", many[..8].join(", ")),
    }
}
