//! Invented data of a lesson about threads under one lock.

use record::{Mark, VariantSummary};

use super::{info, interval, summary, variant};
use crate::Shelved;

/// Name, speed-up, divisions of the largest part, whether a lock counted.
const VARIANTS: [(&str, f64, u64, bool); 7] = [
    ("serial", 1.0, 2_745_693, false),
    ("serial_gil", 0.99, 2_745_693, true),
    ("threads_gil_post_split", 0.98, 1_689_718, true),
    ("threads_post_split", 1.6, 1_689_718, false),
    ("threads_fair_split", 1.96, 1_373_016, false),
    ("processes_post_split", 1.1, 1_689_718, false),
    ("sieve", 200.0, 0, false),
];

/// A load and its median latency in nanoseconds.
const LATENCIES: [(&str, u64); 6] = [
    ("no_spinner", 60_000),
    ("1_spinner", 5_100_000),
    ("2_spinners", 12_600_000),
    ("1_spinner_tenth_interval", 610_000),
    ("2_spinners_tenth_interval", 620_000),
    ("1_spinner_no_think", 10_000),
];

/// Three subjects, five requests each, spread evenly around the median.
fn latencies((load, median): (&str, u64)) -> (String, Vec<Vec<u64>>) {
    let subject = |_| (8..=12).map(|tenths| median * tenths / 10).collect();
    (format!("latencies_{load}_ns"), (0..3).map(subject).collect())
}

/// One count by each variant, and a lock that two threads pass to and fro.
pub(crate) fn lesson() -> Shelved {
    let mut info = info("gil_primes", "Two threads, one lock", &VARIANTS.map(|variant| variant.0));
    let mark = |variant: &str, ratio| Mark {
        variant: variant.to_owned(),
        source: "the post".to_owned(),
        ratio,
        claim: "cpu.example".to_owned(),
    };
    info.marks = vec![mark("threads_gil_post_split", 1.2), mark("processes_post_split", 1.0 / 1.77)];
    let mut summary = summary();
    summary.lesson = "gil_primes".to_owned();
    summary.plan.params = [("workers".to_owned(), 2), ("interval_us".to_owned(), 5_000)].into();
    summary.variants = VARIANTS.map(measured).into();
    summary.variants[2].series = LATENCIES.map(latencies).into();
    Shelved { info, summary: Some(summary), limits: Some(super::limits::limits()) }
}

fn measured((name, speed, largest, locked): (&str, f64, u64, bool)) -> VariantSummary {
    let mut measured = variant((name, 1.0 / speed, 0, 0));
    let Some(typical) = measured.typical.as_mut() else { return measured };
    if largest > 0 {
        typical.facts = [("divisions".to_owned(), 2_745_693), ("largest_part_divisions".to_owned(), largest)].into();
    }
    if locked {
        typical.facts.insert("gil_switches".to_owned(), 17);
        let (at, holders) = if name == "serial_gil" { (vec![0, 40_000_000], vec![1, 0]) } else { turns() };
        typical.series = [("gil_changes_ns".to_owned(), at), ("gil_holders".to_owned(), holders)].into();
        typical.notes = [("gil_threads".to_owned(), "main".to_owned())].into();
    }
    measured.ratio = measured.ratio.map(|ratio| interval(ratio.mid, 0.02, 10));
    measured
}

/// The main thread starts two, which take turns of 5 ms, with a pause while the next one wakes.
fn turns() -> (Vec<u64>, Vec<u64>) {
    let (mut at, mut holders) = (vec![0, 90_000], vec![1, 0]);
    for turn in 0..15_u64 {
        let begin = 120_000 + turn * 5_050_000;
        at.extend([begin, begin + 5_000_000]);
        holders.extend([2 + turn % 2, 0]);
    }
    at.extend([75_900_000, 75_910_000]);
    holders.extend([1, 0]);
    (at, holders)
}
