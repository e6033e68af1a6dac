//! `lab claims`: the ledger with its verdicts, derived anew from recorded runs.

use std::io::Write;

use plots::Shelf;
use record::{Judgement, KnownRatio, Ledger, LessonSummary, Profile};
use serde::Serialize;

use crate::cli::{ClaimsOptions, Ended};
use crate::shelf::{self, Choice};
use crate::trust;

#[derive(Serialize)]
struct Judged<'a> {
    judgements: &'a [Judgement],
    lessons: Vec<Source<'a>>,
    known_ratios: &'a [KnownRatio],
    #[serde(flatten)]
    ledger: &'a Ledger,
}

/// What the verdicts of a lesson rest on.
#[derive(Serialize)]
struct Source<'a> {
    lesson: &'a str,
    run: &'a str,
    profile: Profile,
    reference: bool,
    /// Whether another machine than this one made the run.
    elsewhere: bool,
    /// The machine that made it, in words.
    machine: String,
    complete: bool,
    stale: Option<&'a str>,
}

impl<'a> Source<'a> {
    fn of(summary: &'a LessonSummary) -> Self {
        Self {
            lesson: &summary.lesson,
            run: &summary.run,
            profile: summary.profile,
            reference: summary.reference,
            elsewhere: summary.elsewhere,
            machine: summary.environment.machine_in_words(),
            complete: summary.complete,
            stale: summary.stale.as_deref(),
        }
    }
}

pub(crate) fn claims(options: &ClaimsOptions) -> anyhow::Result<Ended> {
    let choice = options.run.as_deref().map_or(Choice::Speaking, Choice::Only);
    let shelf = shelf::shelf(&shelf::root()?, &choice)?;
    if options.json {
        let lessons = shelf.lessons.iter().filter_map(|lesson| lesson.summary.as_ref()).map(Source::of).collect();
        let judged =
            Judged { judgements: &shelf.judgements, lessons, known_ratios: &shelf.trust, ledger: &shelf.ledger };
        writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&judged)?)?;
    } else {
        print(&shelf)?;
    }
    Ok(Ended::Fine)
}

/// Prints the verdicts, lesson by lesson, with the run each rests on.
pub(crate) fn print(shelf: &Shelf) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for summary in shelf.lessons.iter().filter_map(|lesson| lesson.summary.as_ref()) {
        let whose = whose(summary);
        let whole = if summary.complete { "" } else { ", interrupted" };
        writeln!(out, "{} at profile {}, from {whose}{whole}: {}", summary.lesson, summary.profile, summary.run)?;
        let now = experiments::lesson(&summary.lesson).map_or("", |lesson| lesson.fingerprint);
        if let Some(why) = experiments::still_valid(&summary.lesson, &summary.plan.fingerprint, now) {
            writeln!(out, "  recorded by earlier code and still valid: {why}")?;
        }
        for judgement in shelf.judgements.iter().filter(|judgement| judgement.lesson == summary.lesson) {
            writeln!(out, "{judgement}")?;
        }
    }
    let judged = shelf.judgements.len();
    let unbuilt = shelf.ledger.claims.len() - judged;
    writeln!(out, "{judged} claims judged; {unbuilt} belong to lessons that are not built or not measured yet\n")?;
    trust::print(&mut out, &shelf.trust)?;
    writeln!(out)?;
    Ok(())
}

/// Whose run it is. A reference is one on every machine, and says where it was made if that is not here.
fn whose(summary: &LessonSummary) -> String {
    let of_another = format!("of another machine ({})", summary.environment.machine_in_words());
    match (summary.reference, summary.elsewhere) {
        (true, false) => "a committed reference".to_owned(),
        (true, true) => format!("a committed reference {of_another}"),
        (false, false) => "a run of this machine".to_owned(),
        (false, true) => format!("a run {of_another}"),
    }
}
