//! `lab bench`: measures, records, judges, draws, and builds the book.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use experiments::LESSONS;
use harness::Lesson;
use harness::bench::{self, Bars, Benched, Plan, Planned};

use crate::cli::{self, BenchOptions, Ended};
use crate::shelf::{self, Choice};
use crate::{book, claims};

pub(crate) fn bench(options: &BenchOptions) -> anyhow::Result<Ended> {
    let root = shelf::root()?;
    let lessons: Vec<&'static Lesson> = match &options.lessons[..] {
        [] => LESSONS.to_vec(),
        stems => stems.iter().map(|stem| cli::lesson(stem)).collect::<Result<_, _>>()?,
    };
    // What would spoil the end is better known at the beginning.
    shelf::shelf(&root, &Choice::Speaking).context("the records that are there already cannot be read")?;
    book::check(&root)?;
    let benched = measure(options, &root, &lessons)?;
    for failure in &benched.failures {
        eprintln!("not fine: {failure}");
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
    plan.deadline = options.deadline();
    for planned in &plan.lessons {
        planned.fitted.note().iter().for_each(|note| eprintln!("{}: {note}", planned.lesson.stem));
    }
    let bars = Bars::new(plan.lessons.iter().map(Planned::subjects).sum())?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let benched = bench::run_in(&target.join("lab-criterion"), &plan, &bars)?;
    bars.clear();
    Ok(benched)
}

fn say_where(benched: &Benched) -> anyhow::Result<()> {
    let Some(path) = &benched.path else { return Ok(()) };
    let whole = if benched.interrupted.is_none() { "" } else { "what was measured until the interruption is " };
    writeln!(std::io::stdout().lock(), "{whole}recorded in {}\n", path.display())?;
    Ok(())
}
