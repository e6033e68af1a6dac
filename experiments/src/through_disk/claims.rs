//! What the experiment says about the posts' two claims.

use harness::evidence::{nothing_measured, parent, shown};
use harness::outcome::{FAULTS, NOT_HERE, TRIALS};
use harness::verdict::{inverse, judge};
use harness::{Check, Evidence, Finding};
use record::{Claim, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "performance.parquet-beats-pickle", judge: parquet },
    Check { claim: "queues.disk-instead", judge: disk_instead },
];

/// A smaller column is a matter of calls: a hundredth of the post's.
const ROWS: u64 = 100_000;

/// A path beside a column of so many times its bytes is no copy of it.
const NO_COPY: u64 = 100;

fn too_small(evidence: &Evidence<'_>, quantity: &str) -> Option<Finding> {
    let rows = evidence.param("rows").unwrap_or(0);
    let because = format!("a column of {rows} rows is too small to tell; it takes {ROWS}");
    (rows < ROWS).then(|| Finding::of_count(Verdict::NotTestableHere, quantity, 0, because))
}

/// ", words 1.20 (1.10 to 1.30) times" the pickle's time; nothing if it was not measured.
fn beside(evidence: &Evidence<'_>, variant: &str, words: &str) -> String {
    evidence.ratio(variant).map_or_else(String::new, |ratio| format!(", {words} {}", shown(ratio)))
}

/// Judged as the post does it: uncompressed, on a disk, not flushed. The rest stands beside it.
fn parquet(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "pickle_pipe / parquet_disk";
    if let Some(finding) = too_small(evidence, quantity) {
        return finding;
    }
    let Some(ratio) = evidence.ratio("parquet_disk").map(inverse) else {
        let nowhere = evidence.results("parquet_disk").find_map(|result| result.notes.get(NOT_HERE));
        let (verdict, because) = match nowhere {
            Some(why) => (Verdict::NotTestableHere, why.clone()),
            None => (Verdict::Inconclusive, nothing_measured("parquet_disk")),
        };
        return Finding::of_interval(verdict, quantity, None, because);
    };
    let because = format!(
        "pickling takes {} times as long as a Parquet file on a disk, where both move the column as one block of bytes. In times of that \
         pickle{}{}{}{}{}",
        shown(ratio),
        beside(evidence, "parquet_memory", "a Parquet file in memory takes"),
        beside(evidence, "parquet_snappy", "a compressed one"),
        beside(evidence, "parquet_flushed", "one that is flushed"),
        beside(evidence, "raw_disk", "a file without a format"),
        beside(evidence, "pickle_elements", "and a pickle of one int after another"),
    );
    Finding::of_interval(judge(Some(ratio), &claim.band), quantity, Some(ratio), because)
}

/// Counted: what the sender pickles for a file, and how often a reader found less than the whole of one.
fn disk_instead(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "bytes pickled per item, and files found short";
    if let Some(finding) = too_small(evidence, quantity) {
        return finding;
    }
    let pickled = |variant| {
        let result = evidence.typical(variant)?;
        Some(parent(result)?.dumps.bytes / result.facts.get("passes")?.max(&1))
    };
    let files: Vec<u64> = ["raw_memory", "raw_disk", "raw_flushed"].into_iter().filter_map(pickled).collect();
    let (Some(most), Some(column)) = (files.iter().max(), evidence.fact("pickle_pipe", "column_bytes")) else {
        return Finding::not_measured(quantity);
    };
    let found = |variant, fact| evidence.fact_sum(variant, fact);
    let (Some(torn), Some(tried)) = (found("file_in_place", FAULTS), found("file_in_place", TRIALS)) else {
        return Finding::not_measured(quantity);
    };
    let some = |variant, fact| found(variant, fact).unwrap_or(0);
    let (short, renamed) = (some("file_renamed", "short_files"), some("file_renamed", TRIALS));
    let (raced_short, raced) = (some("file_in_place", "raced_short"), some("file_in_place", "raced_trials"));
    let verdict = match (*most * NO_COPY < column, torn > 0) {
        (true, true) if short == 0 => Verdict::Reproduced,
        (false, _) => Verdict::Contradicted,
        _ => Verdict::Inconclusive,
    };
    let because = format!(
        "for a file {most} bytes are pickled in place of {column}. A reader that waits for the file's name found it short in {torn} of \
         {tried} trials, of which in {raced} its writer did not wait for anything ({raced_short} short), and in {short} of {renamed} if it \
         is renamed when it is whole. In times of the pickle through a pipe{}{}{}{}{}",
        beside(evidence, "pickle_queue", "a queue takes"),
        beside(evidence, "raw_memory", "a file in memory"),
        beside(evidence, "raw_disk", "a file on a disk"),
        beside(evidence, "raw_flushed", "flushed"),
        beside(evidence, "shared", "and shared memory"),
    );
    Finding::of_count(verdict, quantity, usize::try_from(tried).unwrap_or(usize::MAX), because)
}
