//! A run under way: every subject becomes a row, in the file and in memory, before anything else is done with it.

use std::time::{Duration, Instant};

use record::{BlockPosition, Recorder, Run, Subject, VariantResult};

use super::{Benched, Plan, Planned, Progress};
use crate::interrupt::{Interrupted, Interrupts};
use crate::lesson::{Design, Variant};
use crate::random::Random;
use crate::subject::{self, Ran};
use crate::{environment, outcome};

/// Why measuring stops before it is done. Travels through Criterion as a panic that no hook prints.
#[derive(Debug)]
pub(super) enum Stop {
    /// A signal called it off.
    Interrupted(Interrupted),
    /// This variant has failed too often. The others go on.
    GivenUp,
    /// The record cannot be written.
    Record(record::Error),
}

/// Where in the plan a subject stands, and what to hold it to.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) planned: &'a Planned<'a>,
    pub(super) runs: &'static Variant,
    pub(super) block: BlockPosition,
    pub(super) deadline: Duration,
    pub(super) oracle: Option<&'a str>,
}

/// The same row as one that is fine and says why there is no time.
fn not_here_row(refused: VariantResult, why: String) -> VariantResult {
    let notes = [(outcome::NOT_HERE.to_owned(), why)].into();
    VariantResult { ok: true, error: None, notes, ..refused }
}

/// One run under way.
pub(super) struct Session<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) progress: &'a dyn Progress,
    /// Draws the order of variants and of the subjects in a block.
    pub(super) random: Random,
    /// What was recorded so far, whether or not it goes to a file.
    pub(super) run: Run,
    interrupts: &'a Interrupts,
    /// Exists from the first row on: a benchmark that runs nothing leaves no file.
    recorder: Option<Recorder>,
    begin: Instant,
    failures: Vec<String>,
    /// The claims that wanted more blocks when the time was up.
    pub(super) wanting: Vec<String>,
}

impl<'a> Session<'a> {
    pub(super) fn begin(plan: &'a Plan<'a>, interrupts: &'a Interrupts, progress: &'a dyn Progress) -> Self {
        Self {
            plan,
            progress,
            random: Random::seeded(plan.seed),
            run: Run { header: plan.header(), subjects: Vec::new(), end: None },
            interrupts,
            recorder: None,
            begin: Instant::now(),
            failures: Vec::new(),
            wanting: Vec::new(),
        }
    }

    /// How long the run has been under way.
    pub(super) fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Runs one subject and records its row. One that says that this machine cannot do it is no failure.
    pub(super) fn subject(&mut self, order: Order<'_>) -> Result<VariantResult, Stop> {
        let Order { planned, runs, block, deadline, oracle } = order;
        let lesson = planned.lesson;
        let at_ns = outcome::ns(self.elapsed());
        let ran = subject::run(lesson, runs, &planned.fitted.params, deadline, oracle, self.interrupts);
        let Ran { mut result, usage, not_here } = ran.map_err(Stop::Interrupted)?;
        if let (Some(why), Design::Singles) = (not_here, lesson.design) {
            // A lesson whose sizes do not fit has failed at what it was asked for; a limit that does not is no less than the truth.
            result = not_here_row(result, why.to_string());
        }
        let failed = !result.ok || result.elapsed_ns.is_none();
        if failed && !result.notes.contains_key(outcome::NOT_HERE) {
            let why = result.error.as_deref().unwrap_or("no time");
            self.failures.push(format!("{} {}: {why}", lesson.stem, runs.name));
        }
        self.record(Subject { lesson: lesson.stem.to_owned(), block, at_ns, result: result.clone(), usage })?;
        Ok(result)
    }

    fn record(&mut self, row: Subject) -> Result<(), Stop> {
        if let Some(folder) = &self.plan.folder {
            if self.recorder.is_none() {
                self.recorder = Some(Recorder::create(folder, &self.run.header).map_err(Stop::Record)?);
            }
            self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.subject(&row)).map_err(Stop::Record)?;
        }
        self.run.subjects.push(row);
        Ok(())
    }

    /// Notes what is not fine.
    pub(super) fn fault(&mut self, what: Option<String>) {
        self.failures.extend(what);
    }

    /// Ends the record, unless it was interrupted: such a run has no end row.
    pub(super) fn end(self, interrupted: Option<Interrupted>) -> Result<Benched, record::Error> {
        let path = match self.recorder {
            Some(recorder) if interrupted.is_some() => Some(recorder.path().to_owned()),
            Some(recorder) => Some(recorder.end(&environment::at_end())?),
            None => None,
        };
        Ok(Benched { path, run: self.run, failures: self.failures, wanting: self.wanting, interrupted })
    }
}
