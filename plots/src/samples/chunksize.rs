//! Invented sweeps of the lesson `chunksize`: four distributions, in realistic proportions.

use std::collections::BTreeMap;

use super::{info, summary, variant};
use crate::Shelved;

/// Sweep, and how much longer than with even items the last chunk is waited for.
const SWEEPS: [(&str, f64); 4] =
    [("even_sweep", 0.0), ("linear_sweep", 0.5), ("bimodal_sweep", 0.4), ("heavy_sweep", 0.1)];
const POINTS: [(&str, u64); 8] =
    [("1", 1), ("5", 5), ("20", 20), ("100", 100), ("500", 500), ("rule", 1_000), ("large", 4_000), ("guided", 2_000)];
const ITEMS: u64 = 8_000;
const ADDITIONS: f64 = 160e6;
/// Nanoseconds.
const ADDITION: f64 = 0.4;
const TASK: f64 = 4_000.0;

type Facts = BTreeMap<String, Vec<u64>>;
type Series = BTreeMap<String, Vec<Vec<u64>>>;

/// Four sweeps, twenty subjects each.
pub(super) fn lesson() -> Shelved {
    let names: Vec<&str> = std::iter::once("serial").chain(SWEEPS.map(|(name, _)| name)).collect();
    let mut summary = summary();
    summary.lesson = "chunksize".to_owned();
    summary.plan.lesson = "chunksize".to_owned();
    summary.plan.params = [("items".to_owned(), ITEMS), ("workers".to_owned(), 2)].into();
    summary.variants = names.iter().map(|name| variant((name, 0.7, 0, 0))).collect();
    for (name, waiting) in SWEEPS {
        let measured = summary.variants.iter_mut().find(|variant| variant.name == name).unwrap();
        (measured.facts, measured.series) = swept(waiting);
    }
    Shelved {
        info: info("chunksize", "The bottom of the U", &names),
        summary: Some(summary),
        limits: Some(super::limits::limits()),
    }
}

/// How many tasks there are and how long the slowest worker adds, in additions.
fn ideal(chunk: u64, waiting: f64) -> (u64, f64) {
    (ITEMS.div_ceil(chunk), ADDITIONS / 2.0 * (1.0 + waiting * chunk as f64 / 4_000.0))
}

fn swept(waiting: f64) -> (Facts, Series) {
    let same = |value: f64| vec![value as u64; 20];
    let mut facts = BTreeMap::from([
        ("model_addition_fs".to_owned(), same(ADDITION * 1e6)),
        ("model_task_ns".to_owned(), same(TASK)),
    ]);
    let mut series = BTreeMap::new();
    for (point, chunk) in POINTS {
        // The first of the shrinking batches is large, the last ones are not.
        let (tasks, additions) = ideal(if point == "guided" { 20 } else { chunk }, waiting);
        let wobble = |subject: u64| 1.0 + ((subject * 7 + chunk) % 10) as f64 * 0.012 - 0.03;
        let times: Vec<u64> =
            (0..20).map(|subject| ((additions * ADDITION + tasks as f64 * TASK) * wobble(subject)) as u64).collect();
        let idle = |time: &u64| vec![time / 50, time / 50 + (waiting * chunk as f64 / 4_000.0 * *time as f64) as u64];
        series.insert(format!("idle_{point}_ns"), times.iter().map(idle).collect());
        facts.insert(format!("map_{point}_ns"), times);
        facts.insert(format!("chunk_{point}_items"), same(chunk as f64));
        facts.insert(format!("map_{point}_tasks"), same(tasks as f64));
        facts.insert(format!("ideal_{point}_additions"), same(additions));
    }
    let chunks: Vec<u64> = (0..=12).map(|power| 1 << power).collect();
    let model = |part: fn((u64, f64)) -> u64| chunks.iter().map(|chunk| part(ideal(*chunk, waiting))).collect();
    series.insert("model_tasks".to_owned(), vec![model(|(tasks, _)| tasks)]);
    series.insert("model_ideal_additions".to_owned(), vec![model(|(_, additions)| additions as u64)]);
    series.insert("model_chunk_items".to_owned(), vec![chunks]);
    (facts, series)
}
