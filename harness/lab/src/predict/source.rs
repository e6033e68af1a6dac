//! Which campaign the constants come from, as for any other run: of the code as it is, of this machine, a full one, the newest.

use std::cmp::Reverse;
use std::path::Path;

use harness::instruments::model::STEM;
use harness::instruments::model::campaign::FITTING;
use harness::instruments::model::sets::SETS;
use harness::model::fit::{Fault, Fitted, fit, is_campaign, is_stale};
use record::{ModelReport, Run};

use crate::cli::WrongCall;
use crate::shelf;

/// The model that speaks, among all campaigns in `results/`; none if there is none. It is fitted anew each time, so that the constants are
/// always those of the rows.
pub(super) fn newest(root: &Path) -> anyhow::Result<Option<Fitted>> {
    Ok(newest_of(&shelf::recorded(root)?))
}

/// One of the code as it is before a stale one, this machine's before a reference and that before another machine's, then one of all sets before
/// a smaller one, and then the newest. A campaign that was interrupted, or that lacks what a constant is fitted to, does not speak.
fn newest_of(runs: &[(Run, bool)]) -> Option<Fitted> {
    let mut whole: Vec<&(Run, bool)> = runs.iter().filter(|(run, _)| is_campaign(run) && run.end.is_some()).collect();
    whole.sort_by_key(|(run, reference)| {
        let distance = if *reference { 1 } else { 2 * u8::from(shelf::is_elsewhere(run)) };
        (is_stale(run), distance, !is_full(run), Reverse(&run.header.started))
    });
    whole.into_iter().find_map(|(run, reference)| fitted(run, *reference).ok())
}

/// Whether a campaign had as many sets as one has if nobody asks for fewer.
fn is_full(run: &Run) -> bool {
    run.plan(STEM).and_then(|plan| plan.params.get(FITTING)).is_some_and(|sets| *sets >= SETS as u64)
}

fn fitted(run: &Run, reference: bool) -> Result<Fitted, Fault> {
    let mut fitted = fit(run, reference)?;
    fitted.report.elsewhere = shelf::is_elsewhere(run);
    Ok(fitted)
}

/// The model of the campaign at a path, or of the recorded one of this name.
pub(super) fn named(root: &Path, name: &str) -> anyhow::Result<Fitted> {
    let (run, reference) = shelf::named(root, name)?;
    if is_campaign(&run) && run.end.is_none() {
        let id = &run.header.id;
        let why = "it was interrupted, or has not ended yet, and part of a campaign does not determine the model";
        return Err(WrongCall(format!("campaign {id} is incomplete: {why}; allowed: a whole campaign")).into());
    }
    fitted(&run, reference).map_err(|fault| WrongCall(fault.to_string()).into())
}

/// The same of runs that are read already, as the book shows it.
pub(crate) fn report(runs: &[(Run, bool)]) -> Option<ModelReport> {
    newest_of(runs).map(|fitted| fitted.report)
}
