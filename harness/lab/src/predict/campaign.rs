//! `lab predict --fit`: measures, records, fits, and says how good the fit is.

use std::io::Write;
use std::path::Path;

use harness::bench::{Bars, random_seed, subject_deadline};
use harness::instruments::model::campaign::{Campaign, run};
use harness::model::fit::fit;
use record::{ModelReport, Profile, Run};

use super::{PredictOptions, shown};
use crate::cli::Ended;

pub(super) fn campaign(options: &PredictOptions, root: &Path) -> anyhow::Result<Ended> {
    let campaign = Campaign {
        folder: root.join("results/local"),
        seed: options.seed.unwrap_or_else(random_seed),
        sets: options.sets,
        repetitions: options.repetitions,
        deadline: subject_deadline(Profile::Standard),
        version: env!("CARGO_PKG_VERSION"),
        root,
    };
    let bars = Bars::new(campaign.subjects())?;
    let campaigned = run(&campaign, &|what| bars.step(what.to_owned()))?;
    bars.clear();
    for failure in &campaigned.failures {
        eprintln!("not fine: {failure}");
    }
    if let Some(path) = &campaigned.path
        && !options.json
    {
        let whole = if campaigned.interrupted.is_none() { "" } else { "what was measured until the interruption is " };
        writeln!(std::io::stdout().lock(), "{whole}recorded in {}\n", path.display())?;
    }
    if let Some(signal) = campaigned.interrupted {
        return Ok(Ended::Interrupted(signal));
    }
    if let Some(path) = &campaigned.path {
        let run = Run::read(path)?;
        let fitted = fit(&run, false)?;
        say_if_busy(&fitted.report);
        shown::report(&fitted.report, options.json)?;
    }
    Ok(if campaigned.failures.is_empty() { Ended::Fine } else { Ended::NotFine })
}

/// A machine that was busy before the first subject ran has measured its neighbours too.
fn say_if_busy(report: &ModelReport) {
    if report.was_busy() {
        eprintln!("{}: measure again when the machine is quiet", report.beside());
    }
}
