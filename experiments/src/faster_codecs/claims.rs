//! What the experiment says about the post's claim.

use harness::evidence::{nothing_measured, shown};
use harness::verdict::{inverse, judge};
use harness::{Check, Evidence, Finding};
use record::{Claim, Verdict};

pub(super) const CHECKS: &[Check] = &[Check { claim: "performance.faster-pickle", judge: faster }];

/// Fewer floats are a matter of calls, not of copies.
const FLOATS: u64 = 1_000;

/// Judged is the way of NumPy's pickle, the bytes as they lie in memory, against one element after another: of the same floats, through the
/// same pipe-ready message, and read to the end. The protocols of CPython are for its own lane.
fn faster(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "element_wise / bulk";
    let times = |variant: &str| evidence.ratio(variant).map(inverse);
    let floats = evidence.param("floats").unwrap_or(0);
    if floats < FLOATS {
        let because = format!("{floats} floats are too few to tell a copy from a call");
        return Finding::of_count(Verdict::NotTestableHere, quantity, 0, because);
    }
    let Some(bulk) = times("bulk") else {
        return Finding::of_interval(Verdict::Inconclusive, quantity, None, nothing_measured("bulk"));
    };
    let beside = |variant: &str, words: &str| {
        times(variant).map_or_else(String::new, |times| format!(", {words} {} times", shown(times)))
    };
    let because = format!(
        "the same {floats} floats, encoded, decoded and read, go {} times as fast in bulk as one element at a time{}{}{}. This is the \
         twin's mechanism; Python's protocols 4 and 5 are for the lane of CPython",
        shown(bulk),
        beside("borrowed", "read where they arrived"),
        beside("archived", "as an archive"),
        beside("copied", "and copied twice without any codec"),
    );
    Finding::of_interval(judge(Some(bulk), &claim.band), quantity, Some(bulk), because)
}
