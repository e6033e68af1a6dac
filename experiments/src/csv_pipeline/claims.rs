//! What the experiment says about the post's claim.

use harness::evidence::{nothing_measured, shown};
use harness::outcome::NOT_HERE;
use harness::verdict::{inverse, judge_speed_up, parallel_cores};
use harness::{Check, Evidence, Finding};
use record::{Band, Claim, Interval, Verdict};

pub(super) const CHECKS: &[Check] = &[Check { claim: "cpu.csv-pipeline-4x", judge: four_times }];

/// Fewer records are a matter of starting processes.
const RECORDS: u64 = 50_000;

/// Judged: a file per task, from a warm cache, as the post has it. What becomes of it with ranges of rows, threads, uneven files and a
/// cold cache is said beside it.
fn four_times(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "serial / processes";
    let own = evidence.ratio("processes").map(inverse);
    let (Some(own), Band::SpeedUp { ratio, cores }, Some(workers)) = (own, &claim.band, evidence.param("workers"))
    else {
        return Finding::of_interval(Verdict::Inconclusive, quantity, None, nothing_measured("processes"));
    };
    let usable = parallel_cores(&evidence.summary.environment).min(workers as f64);
    let (rows, files) = (evidence.param("rows").unwrap_or(0), evidence.param("files").unwrap_or(0));
    let (verdict, note) = if rows < RECORDS || files < 2 {
        (Verdict::NotTestableHere, Some(format!("{rows} records in {files} files are too few to tell")))
    } else if usable > f64::from(*cores) {
        (Verdict::NotTestableHere, Some(format!("the claim is about {cores} workers, and this run had {workers}")))
    } else {
        judge_speed_up(Some(own), *ratio, *cores, usable)
    };
    let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
    let times = |variant: &str| evidence.ratio(variant).map(inverse).map_or("an unknown number of".to_owned(), shown);
    let because = format!(
        "with {workers} workers {files} files of the same size are summed up {} times as fast as by one process{note}; cut into ranges \
         {} times, by threads {} times. With half of the records in one file it is {} times by files, and {} times by ranges. {}",
        shown(own),
        times("row_ranges"),
        times("threads"),
        times("uneven_files"),
        times("uneven_ranges"),
        from_cold(evidence),
    );
    Finding::of_interval(verdict, quantity, Some(own), because)
}

fn from_cold(evidence: &Evidence<'_>) -> String {
    let cold: Option<Interval> = evidence.ratio_between("serial_cold", "processes_cold");
    match (cold, evidence.results("serial_cold").find_map(|result| result.notes.get(NOT_HERE))) {
        (Some(cold), _) => format!("From a cold cache it is {} times", shown(cold)),
        (None, Some(why)) => format!("A cold cache is not testable here: {why}"),
        (None, None) => "A cold cache was not measured".to_owned(),
    }
}
