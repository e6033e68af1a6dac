//! Which runs the verdicts and the book rest on, and what follows from them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use experiments::LESSONS;
use harness::instruments::limits::LIMITS;
use harness::{Evidence, Lesson, summary, trust};
use plots::{Shelf, Shelved};
use record::{Judgement, Ledger, LessonSummary, Run};

use crate::cli::WrongCall;
use crate::predict;

/// Names the checkout to work in, in place of the one this program was built from.
const ROOT_VARIABLE: &str = "UNPICKLED_ROOT";

/// The checkout whose records and book are meant: the one that `UNPICKLED_ROOT` names; or the one this program was built from;
/// or, if that was moved, the one we stand in.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let is_root = |folder: &&Path| folder.join("experiments/claims.toml").is_file();
    if let Some(named) = std::env::var_os(ROOT_VARIABLE) {
        let named = PathBuf::from(named);
        if !is_root(&named.as_path()) {
            bail!(WrongCall(format!(
                "{ROOT_VARIABLE}={} is not a checkout: it has no experiments/claims.toml",
                named.display()
            )));
        }
        return Ok(std::fs::canonicalize(named)?);
    }
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let here = std::env::current_dir()?;
    let found = std::iter::once(built_from.as_path()).chain(here.ancestors()).find(is_root);
    let root = found.context("not inside a checkout of this project, which holds its records and its book")?;
    Ok(std::fs::canonicalize(root)?)
}

/// Which run speaks for a lesson.
#[derive(Debug)]
pub(crate) enum Choice<'a> {
    /// The one that the rule finds.
    Speaking,
    /// This one and no other: a file, or the name of a recorded run.
    Only(&'a str),
    /// The run in this file for the lessons it has measured, and the rule for the others.
    JustMade(&'a Path),
}

/// Every recorded run, and whether it is a committed reference.
struct Runs(Vec<(Run, bool)>);

/// Reads them all.
pub(crate) fn recorded(root: &Path) -> anyhow::Result<Vec<(Run, bool)>> {
    let mut runs = Vec::new();
    for (folder, reference) in [("results/reference", true), ("results/local", false)] {
        let read = Run::read_all(&root.join(folder));
        let read =
            read.with_context(|| format!("to go on without a run that cannot be read, move it out of {folder}"))?;
        runs.extend(read.into_iter().map(|(_, run)| (run, reference)));
    }
    Ok(runs)
}

impl Runs {
    fn read(root: &Path) -> anyhow::Result<Self> {
        recorded(root).map(Self)
    }

    /// The run that speaks for a lesson: a whole one before one that was interrupted or lacks a variant, one of the code as it is
    /// before a stale one, this machine's before a reference and that before another machine's, and then the largest profile, the newest
    /// first.
    fn speaks_for(&self, lesson: &Lesson) -> Option<&(Run, bool)> {
        let measured = self.0.iter().filter(|(run, _)| has_measured(run, lesson));
        measured.max_by_key(|(run, reference)| {
            let fresh = run.plan(lesson.stem).is_some_and(|plan| plan.fingerprint == valid_fingerprint(run, lesson));
            let whole = run.end.is_some() && holds_every_variant(run, lesson);
            let nearness = if *reference { 1 } else { 2 * u8::from(!is_elsewhere(run)) };
            (whole, fresh, nearness, run.header.profile, run.header.started.clone())
        })
    }
}

/// Whether another machine made this run: wherever its file lies, its header tells.
pub(crate) fn is_elsewhere(run: &Run) -> bool {
    static HERE: OnceLock<String> = OnceLock::new();
    run.header.environment.machine() != *HERE.get_or_init(|| harness::environment::read().machine())
}

/// The fingerprint that a run's record must have: that of the code as it is, or its own if it was declared still valid.
fn valid_fingerprint<'a>(run: &'a Run, lesson: &'a Lesson) -> &'a str {
    let own = run.plan(lesson.stem).map(|plan| plan.fingerprint.as_str());
    own.filter(|own| experiments::still_valid(lesson.stem, own, lesson.fingerprint).is_some())
        .unwrap_or(lesson.fingerprint)
}

fn has_measured(run: &Run, lesson: &Lesson) -> bool {
    run.subjects_of(lesson.stem).next().is_some()
}

fn holds_every_variant(run: &Run, lesson: &Lesson) -> bool {
    let holds = |name| run.subjects_of(lesson.stem).any(|row| !row.block.warm_up && row.result.name == name);
    lesson.variants.iter().all(|variant| holds(variant.name))
}

/// Everything the book shows: the ledger, each lesson with what its run says, and the verdicts.
pub(crate) fn shelf(root: &Path, choice: &Choice<'_>) -> anyhow::Result<Shelf> {
    let ledger = experiments::ledger();
    let (runs, just_made) = match choice {
        Choice::Speaking => (Runs::read(root)?, None),
        Choice::Only(name) => (Runs(vec![named(root, name)?]), None),
        Choice::JustMade(path) => (Runs::read(root)?, Some((Run::read(path)?, false))),
    };
    // A run that was just made may lie where the others do.
    let new = just_made.iter().filter(|(made, _)| runs.0.iter().all(|(run, _)| run.header.id != made.header.id));
    let trust = trust::known_ratios(runs.0.iter().chain(new).map(|(run, _)| run));
    let model = predict::report(&runs.0);
    let mut shelf = Shelf { ledger, lessons: Vec::new(), judgements: Vec::new(), trust, model };
    for lesson in LESSONS {
        let chosen = just_made.as_ref().filter(|(run, _)| has_measured(run, lesson));
        let speaks = chosen.or_else(|| runs.speaks_for(lesson));
        let judged = speaks.and_then(|(run, reference)| judged(lesson, &shelf.ledger, run, *reference));
        let (summary, judgements) = judged.unzip();
        let limits = speaks.and_then(|(run, reference)| limits(run, *reference));
        shelf.lessons.push(Shelved { info: lesson.info(), summary, limits });
        shelf.judgements.extend(judgements.unwrap_or_default());
    }
    Ok(shelf)
}

/// What the run measured of the machine's limits.
fn limits(run: &Run, reference: bool) -> Option<LessonSummary> {
    summary::summarise(run, &LIMITS.info(), reference, LIMITS.fingerprint)
}

/// Says so if the next `lab claims` or `lab book` will rest on another run than `shown` does.
pub(crate) fn say_who_speaks_later(root: &Path, shown: &Shelf) -> anyhow::Result<()> {
    let later = shelf(root, &Choice::Speaking)?;
    for (now, later) in shown.lessons.iter().zip(&later.lessons) {
        if let (Some(now), Some(later)) = (&now.summary, &later.summary)
            && now.run != later.run
        {
            let (stem, run, profile) = (&now.lesson, &later.run, later.profile);
            let mut out = std::io::stdout().lock();
            writeln!(
                out,
                "from now on {stem} is judged and drawn from {run}, at profile {profile}: see results/README.md"
            )?;
        }
    }
    Ok(())
}

fn judged(lesson: &Lesson, ledger: &Ledger, run: &Run, reference: bool) -> Option<(LessonSummary, Vec<Judgement>)> {
    let mut summary = summary::summarise(run, &lesson.info(), reference, valid_fingerprint(run, lesson))?;
    summary.elsewhere = is_elsewhere(run);
    let judgements = lesson.judge(ledger, &Evidence { summary: &summary, run });
    Some((summary, judgements))
}

/// The verdicts of the code as it is on what `run` recorded, whatever code recorded it: never stale.
pub(crate) fn verdicts_of(run: &Run) -> Vec<Judgement> {
    let ledger = experiments::ledger();
    let judged = |lesson: &&Lesson| {
        let own = &run.plan(lesson.stem)?.fingerprint;
        let summary = summary::summarise(run, &lesson.info(), false, own)?;
        has_measured(run, lesson).then(|| lesson.judge(&ledger, &Evidence { summary: &summary, run }))
    };
    LESSONS.iter().filter_map(judged).flatten().collect()
}

/// Whether a file that was named by its path lies among the committed references.
fn is_reference(root: &Path, path: &Path) -> bool {
    let folders = (std::fs::canonicalize(root.join("results/reference")), std::fs::canonicalize(path));
    matches!(folders, (Ok(references), Ok(file)) if file.starts_with(&references))
}

/// The run at a path, or the recorded one of this name.
pub(crate) fn named(root: &Path, name: &str) -> anyhow::Result<(Run, bool)> {
    let file = format!("{name}.jsonl");
    let places = [
        (PathBuf::from(name), false),
        (root.join("results/local").join(&file), false),
        (root.join("results/reference").join(&file), true),
    ];
    for (path, reference) in &places {
        if path.is_file() {
            return Ok((Run::read(path)?, *reference || is_reference(root, path)));
        }
    }
    let recorded = places[1..].iter().filter_map(|(path, _)| path.parent()).flat_map(names_in).collect::<Vec<_>>();
    let recorded = if recorded.is_empty() { "none".to_owned() } else { recorded.join(", ") };
    bail!(WrongCall(format!(
        "no run '{name}': neither a file nor a run in results/local or results/reference; recorded there: {recorded}"
    )))
}

/// The names of the runs in a folder, without reading them.
fn names_in(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let runs = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let mut names: Vec<String> =
        runs.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}
