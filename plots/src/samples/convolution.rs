//! Invented data of a convolution: strips with three seams, and a sweep over workers.

use std::collections::BTreeMap;

use record::{LessonSummary, VariantSummary};

use crate::Shelved;

/// Six variants of which each has what one of the figures reads.
pub(crate) fn lesson() -> Shelved {
    let names = ["serial_naive", "serial_fast", "strips_no_halo", "scaling_processes", "scaling_threads"];
    let variants = vec![
        variant("serial_naive", 300e6),
        VariantSummary { facts: facts(&[("floor_ns", 2_600_000)]), ..variant("serial_fast", 3.9e6) },
        strips(),
        VariantSummary { series: sweep(), ..variant("scaling_processes", 180e6) },
        VariantSummary {
            series: [("naive_threads_ns", 300), ("fast_threads_ns", 4)].map(|(name, ms)| halves(name, ms, 100)).into(),
            ..variant("scaling_threads", 80e6)
        },
    ];
    let summary = super::summary();
    let mut plan = summary.plan.clone();
    (plan.lesson, plan.baseline) = ("convolution".to_owned(), "serial_naive".to_owned());
    plan.params =
        [("rows", 2_000), ("cols", 2_000), ("workers", 4)].map(|(name, value)| (name.to_owned(), value)).into();
    Shelved {
        info: super::info("convolution", "Four strips and a seam", &names),
        summary: Some(LessonSummary { lesson: "convolution".to_owned(), plan, variants, ..summary }),
        limits: Some(super::limits::limits()),
    }
}

fn variant(name: &'static str, ns: f64) -> VariantSummary {
    VariantSummary {
        time_ns: Some(super::interval(ns, 0.02, 20)),
        ratio: Some(super::interval(ns / 300e6, 0.02, 10)),
        ..super::variant((name, ns / super::SERIAL_NS, 0, 0))
    }
}

fn facts(facts: &[(&str, u64)]) -> BTreeMap<String, Vec<u64>> {
    facts.iter().map(|(name, value)| ((*name).to_owned(), vec![*value; 3])).collect()
}

/// The times of two subjects on one to four workers: `at_once` ms that are divided by at most two, and `alone` hundredths of ms more
/// per worker that are not.
fn halves(name: &str, at_once: u64, alone: u64) -> (String, Vec<Vec<u64>>) {
    let time = |workers: u64| at_once * 1_000_000 / workers.min(2) + alone * 10_000 * workers;
    let subject = |more: u64| (1..=4).map(|workers| time(workers) + more).collect();
    (name.to_owned(), vec![subject(0), subject(2)])
}

fn sweep() -> BTreeMap<String, Vec<Vec<u64>>> {
    let crossing = |name: &str, work: u64| {
        let times: Vec<u64> = (1..=4_u64).map(|workers| work * 1_000_000 / workers.min(2) + 90_000_000).collect();
        (name.to_owned(), vec![times.clone(), times])
    };
    [
        ("workers".to_owned(), vec![vec![1, 2, 3, 4]; 2]),
        halves("naive_shared_ns", 300, 300),
        halves("fast_shared_ns", 4, 300),
        halves("start_ns", 0, 100),
        crossing("naive_pipes_ns", 300),
        crossing("fast_pipes_ns", 60),
        crossing("crossing_ns", 40),
    ]
    .into()
}

/// Eight rows of 24 pixels, of which the two in the middle are black.
fn strips() -> VariantSummary {
    let pixel = |row: u64, column: u64| 420 + (row * 131 + column * 71 + row * column * 17) % 160;
    let serial: Vec<u64> = (0..8).flat_map(|row| (0..24).map(move |column| pixel(row, column))).collect();
    let black = |row: u64| row == 3 || row == 4;
    let stitched = (0..8).flat_map(|row| (0..24).map(move |column| if black(row) { 0 } else { pixel(row, column) }));
    let series = [
        ("differing_row".to_owned(), vec![vec![499, 500, 999, 1_000, 1_499, 1_500]]),
        ("stitched_permille".to_owned(), vec![stitched.collect()]),
        ("serial_permille".to_owned(), vec![serial]),
    ];
    let facts = facts(&[
        ("seams", 3),
        ("differing_rows", 6),
        ("region_first_row", 496),
        ("region_first_column", 988),
        ("region_columns", 24),
    ]);
    VariantSummary { facts, series: series.into(), ..variant("strips_no_halo", 240e6) }
}
