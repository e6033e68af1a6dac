//! Invented limits of the machine that the other samples were measured on, in realistic proportions.

use std::collections::BTreeMap;

use record::{LessonPlan, LessonSummary, VariantSummary};

use super::{interval, summary};

/// Name, nanoseconds of one iteration, and its bytes; none where it is no bandwidth.
const LIMITS: [(&str, f64, Option<u64>); 21] = [
    ("spin_round_trip", 260.0, None),
    ("futex_round_trip_same_core", 2_300.0, None),
    ("futex_round_trip_two_cores", 24_000.0, None),
    ("pipe_round_trip_same_core", 2_600.0, None),
    ("pipe_round_trip_two_cores", 29_000.0, None),
    ("socket_round_trip_same_core", 4_500.0, None),
    ("socket_round_trip_two_cores", 31_000.0, None),
    ("copy_one_core", 24.4e6, Some(268_435_456)),
    ("copy_all_cores", 15.8e6, Some(268_435_456)),
    ("read_one_core", 19.2e6, Some(268_435_456)),
    ("read_all_cores", 11.7e6, Some(268_435_456)),
    ("bulk_pipe_4k", 29.2e6, Some(67_108_864)),
    ("bulk_pipe_64k", 12.0e6, Some(67_108_864)),
    ("bulk_pipe_256k", 11.6e6, Some(67_108_864)),
    ("bulk_pipe_1m", 13.4e6, Some(67_108_864)),
    ("bulk_socket", 13.1e6, Some(67_108_864)),
    ("fork_wait_small", 76e3, None),
    ("fork_wait_100m", 3.1e6, None),
    ("fork_wait_1g", 28e6, None),
    ("exec_wait", 560e3, None),
    ("not_known_to_the_book", 1.0, None),
];

/// Of the same run as the other samples.
pub(crate) fn limits() -> LessonSummary {
    let summary = summary();
    let plan = LessonPlan { lesson: "limits".to_owned(), baseline: LIMITS[0].0.to_owned(), ..summary.plan };
    LessonSummary { lesson: "limits".to_owned(), plan, variants: LIMITS.map(limit).into(), ..summary }
}

fn limit((name, ns, bytes): (&str, f64, Option<u64>)) -> VariantSummary {
    let facts = bytes.map_or_else(BTreeMap::new, |bytes| BTreeMap::from([("bytes".to_owned(), vec![bytes; 10])]));
    VariantSummary {
        time_ns: Some(interval(ns, 0.04, 10)),
        median_ns: Some(interval(ns, 0.04, 10)),
        samples_ns: (0..10).map(|sample| (ns * (0.95 + 0.01 * f64::from(sample))) as u64).collect(),
        ratios: Vec::new(),
        ratio: None,
        median_ratio: None,
        typical: None,
        facts,
        ..super::variant((name, 1.0, 0, 0))
    }
}
