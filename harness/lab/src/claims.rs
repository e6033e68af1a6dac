//! `lab claims`: the ledger with its verdicts, derived anew from recorded runs.

use std::io::Write;

use plots::Shelf;
use record::{Judgement, Ledger, LessonSummary, Profile};
use serde::Serialize;

use crate::cli::{ClaimsOptions, Ended};
use crate::shelf::{self, Choice};

#[derive(Serialize)]
struct Judged<'a> {
    judgements: &'a [Judgement],
    lessons: Vec<Source<'a>>,
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
        let judged = Judged { judgements: &shelf.judgements, lessons, ledger: &shelf.ledger };
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
        let whose = if summary.reference { "a committed reference" } else { "a run of this machine" };
        let whole = if summary.complete { "" } else { ", interrupted" };
        writeln!(out, "{} at profile {}, from {whose}{whole}: {}", summary.lesson, summary.profile, summary.run)?;
        let now = experiments::lesson(&summary.lesson).map_or("", |lesson| lesson.fingerprint);
        if let Some(why) = experiments::still_valid(&summary.lesson, &summary.plan.fingerprint, now) {
            writeln!(out, "  recorded by earlier code and still valid: {why}")?;
        }
        for judgement in shelf.judgements.iter().filter(|judgement| judgement.lesson == summary.lesson) {
            print_judgement(&mut out, judgement)?;
        }
    }
    let judged = shelf.judgements.len();
    let unbuilt = shelf.ledger.claims.len() - judged;
    writeln!(out, "{judged} claims judged; {unbuilt} belong to lessons that are not built or not measured yet\n")?;
    Ok(())
}

fn print_judgement(out: &mut impl Write, judgement: &Judgement) -> std::io::Result<()> {
    let interval = judgement.interval.map_or(String::new(), |interval| {
        format!(" = {:.3} ({:.3} to {:.3})", interval.mid, interval.low, interval.high)
    });
    writeln!(out, "  {:<32} {}", judgement.claim, judgement.verdict)?;
    writeln!(out, "      {}{interval}, n = {}", judgement.quantity, judgement.n)?;
    writeln!(out, "      {}", judgement.because)
}
