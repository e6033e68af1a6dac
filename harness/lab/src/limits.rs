//! `lab limits`: this machine's floors and ceilings, measured and recorded now, or read from an earlier run.

mod table;

use std::io::Write;
use std::path::Path;

use harness::bench::{self, Benched, Plan};
use harness::instruments::limits::LIMITS;
use harness::summary;
use record::{LessonSummary, Run};

use crate::cli::{Ended, LimitsOptions, WrongCall};
use crate::shelf;
use table::Table;

pub(crate) fn limits(options: &LimitsOptions) -> anyhow::Result<Ended> {
    let root = shelf::root()?;
    if let Some(name) = &options.run {
        let (run, reference) = shelf::named(&root, name)?;
        let summary = summarised(&run, reference);
        let summary = summary.ok_or_else(|| WrongCall(format!("run '{name}' did not measure the limits")))?;
        return show(&summary, options.json, None);
    }
    let benched = measure(options, &root)?;
    match benched.interrupted {
        Some(signal) => Ok(Ended::Interrupted(signal)),
        None => {
            let summary = summarised(&benched.run, false).expect("the run measured the limits");
            show(&summary, options.json, benched.path.as_deref())
        }
    }
}

/// Pass after pass over all limits, each in a fresh process.
fn measure(options: &LimitsOptions, root: &Path) -> anyhow::Result<Benched> {
    let mut plan = Plan::new(&[&LIMITS], options.profile, bench::random_seed(), env!("CARGO_PKG_VERSION"), root);
    plan.instruments.clear();
    plan.lessons.iter_mut().for_each(|planned| planned.blocks = options.passes);
    crate::bench::run(&plan)
}

fn summarised(run: &Run, reference: bool) -> Option<LessonSummary> {
    summary::summarise(run, &LIMITS.info(), reference, LIMITS.fingerprint)
}

fn show(summary: &LessonSummary, json: bool, recorded: Option<&Path>) -> anyhow::Result<Ended> {
    let info = LIMITS.info();
    let table = Table::of(summary, &info);
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&table)?)?;
    } else {
        write!(out, "{table}")?;
        recorded.map_or(Ok(()), |path| writeln!(out, "recorded in {}", path.display()))?;
    }
    Ok(if table.is_fine() { Ended::Fine } else { Ended::NotFine })
}
