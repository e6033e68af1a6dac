//! `lab bench`: measures, records, judges, draws, and builds the book.

use std::hash::{BuildHasher, Hasher, RandomState};

use experiments::LESSONS;
use harness::Lesson;
use harness::bench::{self, Bars, Plan};

use crate::cli::{self, BenchOptions, Ended};
use crate::{book, claims, shelf};

/// Subjects in a block, and blocks of warm-up, for the length of the bar.
const SUBJECTS: u64 = 4;
const WARM_UPS: u64 = 1;

pub(crate) fn bench(options: &BenchOptions) -> anyhow::Result<Ended> {
    let root = shelf::root()?;
    let lessons: Vec<&'static Lesson> = match &options.lessons[..] {
        [] => LESSONS.to_vec(),
        stems => stems.iter().map(|stem| cli::lesson(stem)).collect::<Result<_, _>>()?,
    };
    // Any seed is as good as another, as long as it is recorded.
    let seed = options.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let mut plan = Plan::new(&lessons, options.profile, seed, env!("CARGO_PKG_VERSION"), &root);
    plan.deadline = options.deadline();
    let variants: u64 = lessons.iter().map(|lesson| lesson.variants.len() as u64 - 1).sum();
    let bars = Bars::new(variants * (u64::from(plan.blocks) + WARM_UPS) * SUBJECTS)?;
    let folder = root.join("target/lab-criterion");
    let benched = bench::run_in(&folder, &plan, &bars)?;
    bars.clear();
    let whole = if benched.interrupted.is_none() { "" } else { "what was measured until the interruption is " };
    println!("{whole}recorded in {}\n", benched.path.display());
    for failure in &benched.failures {
        eprintln!("not fine: {failure}");
    }
    if let Some(signal) = benched.interrupted {
        return Ok(Ended::Interrupted(signal));
    }
    let shelf = shelf::shelf(&root, None)?;
    claims::print(&shelf)?;
    println!();
    book::build(&root, &shelf)?;
    Ok(if benched.failures.is_empty() { Ended::Fine } else { Ended::NotFine })
}
