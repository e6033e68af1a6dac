//! Which exact counters differ between two sets of subjects.

use std::collections::{BTreeMap, BTreeSet};

use record::{Counters, Subject};

use super::CounterCompared;

/// The counters that differ beyond what they vary within the runs: some do, where it depends on timing who does a piece of the work.
pub(super) fn differing(a: &[&Subject], b: &[&Subject]) -> Vec<CounterCompared> {
    let (a, b) = (extremes(a), extremes(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |all: &BTreeMap<String, (u64, u64)>, name: &String| all.get(name).copied().unwrap_or((0, 0));
    let both =
        names.into_iter().map(|name| CounterCompared { counter: name.clone(), a: of(&a, name), b: of(&b, name) });
    both.filter(|counter| counter.a.1 < counter.b.0 || counter.b.1 < counter.a.0).collect()
}

/// The smallest and the largest value of each exact counter.
fn extremes(subjects: &[&Subject]) -> BTreeMap<String, (u64, u64)> {
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let absent = |name: &str| subjects.iter().any(|subject| !subject.result.counters.marks.contains_key(name));
    for (name, count) in subjects.iter().flat_map(|subject| exact(&subject.result.counters)) {
        let (low, high) = found.entry(name).or_insert((count, count));
        (*low, *high) = (count.min(*low), count.max(*high));
    }
    for (name, (low, _)) in &mut found {
        // A mark that a subject never made counts 0 there.
        if name.strip_prefix("marks.").is_some_and(absent) {
            *low = 0;
        }
    }
    found
}

/// The counters that have to repeat, by name: no times, and neither reads nor writes, whose number depends on how full a pipe was.
fn exact(counters: &Counters) -> Vec<(String, u64)> {
    let named = [
        ("tasks", counters.tasks),
        ("messages", counters.messages),
        ("dumps.calls", counters.dumps.calls),
        ("dumps.bytes", counters.dumps.bytes),
        ("loads.calls", counters.loads.calls),
        ("loads.bytes", counters.loads.bytes),
    ];
    let marks = counters.marks.iter().map(|(name, count)| (format!("marks.{name}"), *count));
    named.into_iter().map(|(name, count)| (name.to_owned(), count)).chain(marks).collect()
}
