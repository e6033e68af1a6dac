//! A pool that was really traced: two workers, eight tasks of some 0.4 ms, one item each.
//!
//! `traced.txt` holds one series a line, as `multiprocess::trace::Trace::timeline` gave them for a map by the classic pool.

use std::collections::BTreeMap;

use crate::Shelved;

/// One variant that was traced.
pub(crate) fn lesson() -> Shelved {
    let mut summary = super::summary();
    summary.lesson = "chunksize".to_owned();
    summary.variants = vec![super::variant(("traced_map", 1.0, 8, 0))];
    if let Some(typical) = summary.variants[0].typical.as_mut() {
        typical.series = trace();
    }
    Shelved {
        info: super::info("chunksize", "One task's way", &["serial", "traced_map"]),
        summary: Some(summary),
        limits: Some(super::limits::limits()),
    }
}

/// By name, which may hold blanks: the numbers begin after the kind.
fn trace() -> BTreeMap<String, Vec<u64>> {
    let series = |line: &str| {
        let (lane, rest) = line.rsplit_once('/')?;
        let (kind, numbers) = rest.split_once(' ')?;
        Some((format!("{lane}/{kind}"), numbers.split(' ').map(|number| number.parse().unwrap()).collect()))
    };
    include_str!("traced.txt").lines().filter_map(series).collect()
}
