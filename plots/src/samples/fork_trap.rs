//! Invented hangs.

use std::collections::BTreeMap;

use record::{LessonPlan, LessonSummary, VariantSummary};

use super::{info, summary, variant};
use crate::Shelved;

/// Name, children that hung, of how many, in each of two subjects.
const VARIANTS: [(&str, u64, u64); 5] = [
    ("fork_first", 0, 20),
    ("posted_program", 61, 140),
    ("mutex_held", 20, 20),
    ("malloc_busy", 0, 20),
    ("forkserver", 0, 20),
];
const DELAYS_US: [u64; 7] = [0, 50, 100, 200, 500, 1_000, 2_000];
const HUNG: [u64; 7] = [0, 3, 8, 12, 11, 13, 14];

const REPORT: &str = "verdict: hangs for ever: asleep, alone, and the same in two looks
process: 4242, watched for 2.3 ms, then it was ended by SIGKILL
state: S, sleeping
threads: 1
wchan: futex_do_wait
system call: futex, FUTEX_WAIT_BITSET | FUTEX_PRIVATE, no timeout
raw: 202 0x5628f97d7f18 0x89 0x2 0x0 0x0 0xffffffff 0x7ffd02f89de8 0x7f9691d00829
futex: 0x5628f97d7f18
lock: the lock of standard error, 0 bytes into it
used: 0.3 ms in user mode, 0.0 ms in the kernel";

/// The lesson `fork_trap` with two judged subjects per variant.
pub(super) fn lesson() -> Shelved {
    let mut info = info("fork_trap", "A lock that nobody holds", &VARIANTS.map(|variant| variant.0));
    info.baseline = "fork_first".to_owned();
    let plan = LessonPlan { lesson: "fork_trap".to_owned(), baseline: "fork_first".to_owned(), ..summary().plan };
    let variants = VARIANTS.map(measured).into();
    Shelved {
        info,
        summary: Some(LessonSummary { lesson: "fork_trap".to_owned(), plan, variants, ..summary() }),
        limits: Some(super::limits::limits()),
    }
}

fn measured((name, hung, trials): (&str, u64, u64)) -> VariantSummary {
    let mut measured = variant((name, 1.0, 0, 0));
    measured.facts = [("hung", hung), ("trials", trials)].map(|(name, value)| (name.to_owned(), vec![value; 2])).into();
    if name == "posted_program" {
        let series = [("delays_us", DELAYS_US), ("hung", HUNG), ("trials", [20; 7])];
        measured.series = series.map(|(name, values)| (name.to_owned(), vec![values.to_vec(); 2])).into();
    }
    if let Some(typical) = measured.typical.as_mut().filter(|_| hung > 0) {
        typical.notes = BTreeMap::from([("report".to_owned(), REPORT.to_owned())]);
    }
    measured
}
