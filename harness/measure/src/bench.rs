//! Blocks of subjects under Criterion, every row recorded.
//!
//! Criterion asks and shows; `rounds` answers it with blocks of fresh processes; the record is the truth. Beside the lessons a run measures
//! its instruments: what the machine can do, and how well the harness finds ratios that are known.

mod cargo;
mod length;
mod pass;
mod plan;
mod quiet;
mod rounds;
mod session;
mod shown;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use criterion::Criterion;
use record::Run;

use crate::interrupt::{Interrupted, Interrupts};
use pass::{Bench, Id, Make};
use rounds::Rounds;
use session::{Session, Stop};

pub use cargo::cargo_bench;
pub use plan::{Plan, Planned, random_seed, subject_deadline};
pub use quiet::Bars;

/// Criterion's bootstrap of ten values needs no more; its intervals are shown, ours are judged.
const RESAMPLES: usize = 10_000;

/// What a finished or interrupted benchmark leaves.
#[derive(Debug)]
pub struct Benched {
    /// The file of the run; none if nothing was run, or nothing was to be recorded.
    pub path: Option<PathBuf>,
    /// What was recorded.
    pub run: Run,
    /// What was not fine, one line each.
    pub failures: Vec<String>,
    /// The claims whose intervals stayed wider than their bands need when the time was up, one line each.
    pub wanting: Vec<String>,
    /// The signal that ended it early, if one did.
    pub interrupted: Option<Interrupted>,
}

/// A benchmark could not be carried out or recorded.
#[derive(Debug)]
pub enum BenchError {
    /// The record could not be written.
    Record(record::Error),
    /// Something else that a benchmark needs could not be had: what, and why.
    Io(String, std::io::Error),
}

impl std::fmt::Display for BenchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(fault) => fault.fmt(f),
            Self::Io(what, fault) => write!(f, "{what}: {fault}"),
        }
    }
}

impl std::error::Error for BenchError {}

impl From<record::Error> for BenchError {
    fn from(fault: record::Error) -> Self {
        Self::Record(fault)
    }
}

/// Hears how a benchmark goes on.
pub trait Progress {
    /// So many more subjects are going to run than was said before.
    fn more(&self, subjects: u64);
    /// A subject for a block of `variant` is about to start; `done` of about `total` blocks of it are behind us.
    fn subject(&self, lesson: &str, variant: &str, done: u32, total: u32);
    /// Lends the program's outputs to Criterion while `work` runs, and returns what it said.
    fn quietly(&self, work: &mut dyn FnMut()) -> Vec<u8>;
    /// Shows what Criterion said.
    fn say(&self, said: &[u8]);
}

/// How Criterion is used.
struct Driver<'a> {
    /// Makes one as its arguments say.
    make: Make<'a>,
    /// Where it keeps its files.
    folder: &'a Path,
    /// Whether arguments of Criterion's own decide what is measured, and how often.
    by_arguments: bool,
}

/// Measures everything in `plan` and records it, with a Criterion that draws nothing and keeps its files in `folder`, which is emptied
/// first: what an earlier run left there would be compared with this one, or taken for it. `progress` hears of every subject.
///
/// # Errors
/// If the record cannot be written, or `folder` cannot be emptied. A subject that fails is no error but a row.
pub fn run_in(folder: &Path, plan: &Plan<'_>, progress: &dyn Progress) -> Result<Benched, BenchError> {
    empty(folder)?;
    let make = || Criterion::default().without_plots().output_directory(folder).nresamples(RESAMPLES);
    run(plan, &Driver { make: &make, folder, by_arguments: false }, progress)
}

fn empty(folder: &Path) -> Result<(), BenchError> {
    match std::fs::remove_dir_all(folder) {
        Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
            Err(BenchError::Io(format!("emptying {}", folder.display()), fault))
        }
        _ => Ok(()),
    }
}

fn run(plan: &Plan<'_>, driver: &Driver<'_>, progress: &dyn Progress) -> Result<Benched, BenchError> {
    let interrupts = Interrupts::caught().map_err(|fault| BenchError::Io("catching Ctrl-C".to_owned(), fault))?;
    let mut session = Session::begin(plan, &interrupts, progress);
    let interrupted = match everything(&mut session, driver) {
        Err(Stop::Interrupted(signal)) => Some(signal),
        Err(Stop::Record(fault)) => return Err(fault.into()),
        Ok(()) | Err(Stop::GivenUp) => None,
    };
    Ok(session.end(interrupted)?)
}

/// The lessons in their order, and between them the instruments, spread over the run.
fn everything(session: &mut Session<'_>, driver: &Driver<'_>) -> Result<(), Stop> {
    let plan = session.plan;
    let wanted: Vec<Vec<Id>> = plan.lessons.iter().map(|planned| wanted(driver, planned)).collect();
    let lessons = wanted.iter().filter(|ids| !ids.is_empty()).count();
    if lessons == 0 {
        // It may still have something to say: a list of benchmarks, or a comparison of what was saved.
        return plan
            .lessons
            .iter()
            .zip(&wanted)
            .try_for_each(|(planned, wanted)| Lesson { planned, wanted, share: None }.measure(session, driver));
    }
    let mut instruments: Vec<Rounds<'_>> =
        plan.instruments.iter().map(|planned| Rounds::new(planned, plan.deadline, |_| true)).collect();
    let blocks = |planned: &Planned<'_>, part: usize| (planned.blocks as usize * part).div_ceil(lessons + 1);
    for rounds in &instruments {
        session.progress.more(rounds.subjects_until(rounds.planned.blocks as usize));
    }
    for planned in &plan.lessons {
        session.progress.more(planned.subjects());
    }
    let to_do = plan.lessons.iter().zip(&wanted).filter(|(_, ids)| !ids.is_empty());
    for (done, (planned, wanted)) in to_do.enumerate() {
        instruments.iter_mut().try_for_each(|rounds| rounds.until(session, blocks(rounds.planned, done + 1)))?;
        let left = plan.budget.map(|budget| budget.saturating_sub(session.elapsed()));
        let share = left.map(|left| left / u32::try_from(lessons - done).unwrap_or(1));
        Lesson { planned, wanted, share }.measure(session, driver)?;
    }
    instruments.iter_mut().try_for_each(|rounds| rounds.until(session, rounds.planned.blocks as usize))
}

/// The benchmarks of a lesson that are to be measured.
fn wanted(driver: &Driver<'_>, planned: &Planned<'_>) -> Vec<Id> {
    let mut ids = pass::ids(planned.lesson);
    if driver.by_arguments {
        quiet::unheard(&mut || ids = pass::wanted(driver.make, planned.lesson));
    }
    ids
}

/// One lesson of a run.
struct Lesson<'a, 'b> {
    planned: &'a Planned<'a>,
    wanted: &'b [Id],
    /// How long it may go on adding blocks; none adds none.
    share: Option<std::time::Duration>,
}

impl Lesson<'_, '_> {
    fn measure(&self, session: &mut Session<'_>, driver: &Driver<'_>) -> Result<(), Stop> {
        let (planned, begin) = (self.planned, Instant::now());
        let wants = |name: &str| self.wanted.iter().any(|(wanted, _)| *wanted == name);
        // If nothing but the baseline is wanted, its partner in the blocks is the next best variant.
        let partner = match &planned.lesson.variants[1..] {
            variants if variants.iter().any(|variant| wants(variant.name)) => None,
            variants => variants.first().map(|variant| variant.name).filter(|_| !self.wanted.is_empty()),
        };
        let mut rounds = Rounds::new(planned, session.plan.deadline, |name| wants(name) || partner == Some(name));
        let mut blocks = planned.blocks as usize;
        loop {
            let said = if planned.by_criterion() || driver.by_arguments {
                Some(self.shown(session, driver, &mut rounds, blocks)?)
            } else {
                rounds.until(session, blocks)?;
                None
            };
            let more = self.more(session, blocks, begin.elapsed());
            let Some(more) = more else {
                said.iter().for_each(|said| session.progress.say(said));
                return Ok(());
            };
            session.progress.more(rounds.subjects_until(more));
            blocks = more;
        }
    }

    /// Has Criterion ask for so many blocks, and returns what it said.
    fn shown(
        &self,
        session: &mut Session<'_>,
        driver: &Driver<'_>,
        rounds: &mut Rounds<'_>,
        blocks: usize,
    ) -> Result<Vec<u8>, Stop> {
        let lesson = self.planned.lesson;
        let samples = (!driver.by_arguments).then_some(blocks);
        // What the pass before this one left would be compared with it.
        let swept = if driver.by_arguments {
            let fresh = if session.plan.folder.is_some() { self.wanted } else { &[] };
            shown::sweep(driver.folder, lesson).and_then(|()| shown::forget(driver.folder, lesson, fresh))
        } else {
            empty(&driver.folder.join(lesson.stem)).map_err(|fault| std::io::Error::other(fault.to_string()))
        };
        let progress = session.progress;
        let mut outcome = Ok(Ok(()));
        let said = progress.quietly(&mut || {
            let pass = || pass::pass(driver.make, samples, Bench { session, rounds });
            outcome = catch_unwind(AssertUnwindSafe(pass));
        });
        outcome.unwrap_or_else(|panic| {
            // Its own message went where Criterion's remarks went.
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let why = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            eprintln!("measuring {} panicked: {why}", lesson.stem);
            resume_unwind(panic)
        })?;
        session.fault(swept.err().map(|fault| format!("{}: Criterion's earlier results: {fault}", lesson.stem)));
        if session.plan.folder.is_some() {
            let done: Vec<Id> = self.wanted.iter().copied().filter(|(name, _)| !rounds.is_given_up(name)).collect();
            shown::missing(driver.folder, lesson, &done, samples).into_iter().for_each(|why| session.fault(Some(why)));
        }
        Ok(said)
    }

    /// How many blocks to go on to, if there is reason and time.
    fn more(&self, session: &mut Session<'_>, blocks: usize, taken: std::time::Duration) -> Option<usize> {
        let (share, ledger) = self.share.zip(session.plan.ledger)?;
        let wanting = length::wanting(self.planned, ledger, &session.run);
        let next = length::next(blocks, &wanting, taken, share.saturating_sub(taken));
        if next.is_none() {
            session.wanting.extend(wanting.iter().map(ToString::to_string));
        }
        next
    }
}
