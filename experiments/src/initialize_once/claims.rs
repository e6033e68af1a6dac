//! The checks of the claims that this lesson judges.

use harness::evidence::{parent, shown};
use harness::verdict::{judge, judge_count};
use harness::{Check, Evidence, Finding};
use multiprocess::Initializer;
use record::{Claim, Interval, VariantResult, Verdict};

use super::tasks::Keep;

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "performance.spawn-copies", judge: spawn_copies },
    Check { claim: "tuning.indices-not-objects", judge: indices_not_objects },
];

/// What goes with the list in the message to a spawned worker: that there is an initializer, the length of its name, and the name.
const BESIDE_THE_LIST: u64 = 2 + Keep::NAME.len() as u64;

/// Two pools differ in the start method alone, so what the one sends more is what its workers' start takes.
fn spawn_copies(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "bytes sent to spawned workers == workers x (list + name)";
    let sent = |result: &VariantResult| parent(result).map(|parent| parent.dumps.bytes);
    let forked = evidence.results("encapsulated").next().and_then(sent);
    let list = evidence.results("serial").find_map(|result| result.facts.get("list_bytes").copied());
    let (Some(forked), Some(list), Some(workers)) = (forked, list, evidence.param("workers")) else {
        return Finding::not_measured(quantity);
    };
    let expected = workers * (list + BESIDE_THE_LIST);
    let more: Vec<u64> =
        evidence.results("encapsulated_spawn").filter_map(sent).map(|sent| sent - forked.min(sent)).collect();
    let crossings = |variant: &'static str| -> u64 {
        let marks = |result: &VariantResult| result.counters.mark("list_dumps") + result.counters.mark("list_loads");
        evidence.results(variant).map(marks).sum()
    };
    let by_fork = crossings("encapsulated") + crossings("initializer") + crossings("fork_inherited");
    let verdict = match (judge_count(&more, expected), by_fork) {
        (Verdict::Reproduced, 1..) => Verdict::Contradicted,
        (verdict, _) => verdict,
    };
    let recipe =
        evidence.typical("recipe_spawn").and_then(sent).map_or(0, |sent| sent.saturating_sub(forked.min(sent)));
    let because = format!(
        "{workers} spawned workers were sent {} bytes more than forked ones: the list of {list} bytes once for each, with the initializer's \
         name. Forked ones were sent nothing of it ({by_fork} encodings or decodings in all runs). Where the seed is sent in its place, spawning \
         takes {recipe} bytes more",
        more.first().copied().unwrap_or(0)
    );
    Finding::of_count(verdict, quantity, more.len(), because)
}

/// With fewer items the start of a pool is all there is to see.
const ITEMS_AT_LEAST: u64 = 1_000;

/// Judged with forked workers, for which the post's initializer sends nothing; with spawned ones it stands beside it.
fn indices_not_objects(claim: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "objects / initializer";
    let ratio = evidence.ratio_between("objects", "initializer");
    let (Some(found), Some(items)) = (ratio, evidence.param("items")) else { return Finding::not_measured(quantity) };
    let (verdict, note) = match items < ITEMS_AT_LEAST {
        true => (Verdict::NotTestableHere, format!(" ({items} items are too few to tell)")),
        false => (judge(ratio, &claim.band), String::new()),
    };
    let bytes = |variant| {
        let parent = evidence.typical(variant).and_then(parent);
        parent.map_or("an unknown number of".to_owned(), |parent| parent.dumps.bytes.to_string())
    };
    let times = |found: Option<Interval>| found.map_or("an unknown number of".to_owned(), shown);
    let because = format!(
        "with forked workers sending objects takes {} times as long as preloading the list and sending indices{note}, and {} bytes leave the parent \
         in place of {}. With spawned workers it takes {} times as long as preloading, and {} bytes in place of {}",
        shown(found),
        bytes("objects"),
        bytes("initializer"),
        times(evidence.ratio_between("objects_spawn", "initializer_spawn")),
        bytes("objects_spawn"),
        bytes("initializer_spawn"),
    );
    Finding::of_interval(verdict, quantity, ratio, because)
}
