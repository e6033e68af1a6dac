//! How the claims of this lesson are judged.

use harness::verdict::judge_behaviour;
use harness::{Check, Evidence, Finding, statistics};
use record::{Claim, VariantResult, Verdict};

use super::unread::WAYS;

pub(super) const CHECKS: &[Check] = &[
    Check { claim: "cpu.lambdas-cannot-cross", judge: lambdas },
    Check { claim: "cpu.main-guard", judge: main_guard },
    Check { claim: "cpu.swallowed-exceptions", judge: swallowed },
];

/// The kinds that the claim names, and what they are called in a sentence.
const STATED: [(&str, &str); 5] = [
    ("lambda", "a closure"),
    ("inner_function", "an inner function"),
    ("file", "a file"),
    ("socket", "a socket"),
    ("lock", "a lock between processes"),
];

fn sum(subjects: &[&VariantResult], name: &str) -> u64 {
    subjects.iter().filter_map(|result| result.facts.get(name)).sum()
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Whether each kind crosses was decided by the compiler; every subject tells the same. A mutex of the standard library crosses as its
/// content, which is less than the claim says of locks: so much is direction only.
fn lambdas(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "stated kinds that the compiler refuses";
    let subjects: Vec<&VariantResult> = evidence.results("by_name").collect();
    let Some(first) = subjects.first() else { return Finding::not_measured(quantity) };
    let crosses = |kind: &str| first.facts.get(&format!("{kind}_crosses")).copied();
    let told: Vec<&str> = STATED.iter().filter(|(kind, _)| crosses(kind) == Some(0)).map(|(_, words)| *words).collect();
    let named = crosses("named_function") == Some(1);
    let mutex = crosses("mutex") == Some(1);
    let verdict = match (told.len() == STATED.len() && named, mutex) {
        (true, false) => Verdict::Reproduced,
        (true, true) => Verdict::DirectionOnlyWeaker,
        (false, _) => Verdict::Contradicted,
    };
    let because = format!(
        "the compiler refuses {} of {} stated kinds: {}. A function that is registered crosses by its name{}",
        told.len(),
        STATED.len(),
        told.join(", "),
        if mutex {
            ". But a mutex of Rust's standard library is let through: what arrives is another mutex around a copy, which locks out nobody here"
        } else {
            ""
        }
    );
    Finding::of_count(verdict, quantity, subjects.len(), because)
}

/// The claim is about children that start children.
fn main_guard(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "trials in which a child started a child";
    let subjects: Vec<&VariantResult> = evidence.results("no_guard").collect();
    let [trials, children, grandchildren, refused, told] =
        ["trials", "children", "grandchildren", "refused", "told"].map(|name| sum(&subjects, name));
    if trials == 0 {
        return Finding::not_measured(quantity);
    }
    let verdict = match grandchildren {
        // Nobody was refused and nobody got further: that tells nothing.
        0 if refused < trials => Verdict::Inconclusive,
        _ => judge_behaviour(grandchildren.min(trials), trials),
    };
    let because = format!(
        "in {trials} trials a program without the guard started {children} processes, each of which ran `main` again: so far the claim is right. \
         At the line that starts a pool {refused} were refused by name, the others were ended together with the pool that had failed, and \
         {grandchildren} processes were started by any of them; {told} of {trials} programs were told that their pool had failed. (CPython \
         refuses as well, by a RuntimeError in each child)"
    );
    Finding::of_count(verdict, quantity, count(trials), because)
}

/// Lost means that the work has failed, nobody asked, and the end of the pool said nothing either.
fn swallowed(_: &Claim, evidence: &Evidence<'_>) -> Finding {
    let quantity = "failures of unread results that nobody was told of";
    let subjects: Vec<&VariantResult> = evidence.results("unread").collect();
    let fates = WAYS.map(|way| (sum(&subjects, &format!("{way}_failed")), sum(&subjects, &format!("{way}_told"))));
    let (failed, told) = fates.iter().fold((0, 0), |(all, told), fate| (all + fate.0, told + fate.1));
    let Some(share) = statistics::proportion_interval(failed.saturating_sub(told), failed) else {
        return Finding::not_measured(quantity);
    };
    let verdict = judge_behaviour(failed.saturating_sub(told), failed);
    let ways: Vec<String> = WAYS
        .iter()
        .zip(fates)
        .map(|(way, (failed, told))| format!("{} of {failed} by {}", failed - told.min(failed), way.replace('_', " ")))
        .collect();
    let because = format!(
        "nobody was told of {}. The pools count their failed tasks all the same, if they are asked. A result that is not used at all is a \
         warning of the compiler",
        ways.join(", ")
    );
    Finding::of_share(verdict, quantity, Some(share), because)
}
