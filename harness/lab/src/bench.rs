//! `lab bench`: measures, records, judges, draws, and builds the book.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use experiments::LESSONS;
use harness::Lesson;
use harness::bench::{self, Bars, Benched, Plan};

use crate::cli::{self, BenchOptions, Ended};
use crate::shelf::{self, Choice};
use crate::{book, claims, doctor};

pub(crate) fn bench(options: &BenchOptions) -> anyhow::Result<Ended> {
    let root = shelf::root()?;
    let mut lessons: Vec<&'static Lesson> = match &options.lessons[..] {
        [] => LESSONS.to_vec(),
        stems => stems.iter().map(|stem| cli::measurable(stem)).collect::<Result<_, _>>()?,
    };
    // Asking twice is asking once.
    let mut seen = BTreeSet::new();
    lessons.retain(|lesson| seen.insert(lesson.stem));
    // What would spoil the end is better known at the beginning.
    shelf::shelf(&root, &Choice::Speaking).context("the records that are there already cannot be read")?;
    book::check(&root)?;
    for warning in doctor::warnings() {
        eprintln!("warning: {warning}");
    }
    let benched = measure(options, &root, &lessons)?;
    for failure in &benched.failures {
        eprintln!("not fine: {failure}");
    }
    for claim in &benched.wanting {
        eprintln!("the time was up before every interval was as narrow as its band asks: {claim}");
    }
    let heard = say_where(&benched);
    if let Some(signal) = benched.interrupted {
        return Ok(Ended::Interrupted(signal));
    }
    if let Some(path) = &benched.path {
        let shelf = shelf::shelf(&root, &Choice::JustMade(path))?;
        // The book is built even if nobody listens any more.
        let heard =
            heard.and_then(|()| claims::print(&shelf)).and_then(|()| shelf::say_who_speaks_later(&root, &shelf));
        book::build(&root, &shelf)?;
        heard?;
    }
    Ok(if benched.failures.is_empty() { Ended::Fine } else { Ended::NotFine })
}

fn measure(options: &BenchOptions, root: &Path, lessons: &[&'static Lesson]) -> anyhow::Result<Benched> {
    let seed = options.seed.unwrap_or_else(bench::random_seed);
    let mut plan = Plan::new(lessons, options.profile, seed, env!("CARGO_PKG_VERSION"), root);
    let ledger = experiments::ledger();
    plan.ledger = Some(&ledger);
    plan.adapts_deadlines = options.deadline.is_none();
    plan.deadline = options.deadline();
    if let Some(seconds) = options.budget {
        plan.budget = Some(Duration::from_secs(seconds));
    }
    if let Some(blocks) = options.blocks {
        plan.lessons.iter_mut().for_each(|planned| planned.blocks = blocks);
    }
    for planned in &plan.lessons {
        planned.fitted.note().iter().for_each(|note| eprintln!("{}: {note}", planned.lesson.stem));
    }
    run(&plan)
}

/// Measures a plan under bars, with Criterion's files in a folder of the build's.
pub(crate) fn run(plan: &Plan<'_>) -> anyhow::Result<Benched> {
    let bars = Bars::new(0)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| plan.root.join("target"), PathBuf::from);
    let benched = bench::run_in(&target.join("lab-criterion"), plan, &bars)?;
    bars.clear();
    Ok(benched)
}

fn say_where(benched: &Benched) -> anyhow::Result<()> {
    let Some(path) = &benched.path else { return Ok(()) };
    let whole = if benched.interrupted.is_none() { "" } else { "what was measured until the interruption is " };
    writeln!(std::io::stdout().lock(), "{whole}recorded in {}\n", path.display())?;
    Ok(())
}
