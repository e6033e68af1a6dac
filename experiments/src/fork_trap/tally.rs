//! What became of the children of one subject.

use std::error::Error;
use std::time::Duration;

use harness::{Measured, Outcome};
use multiprocess::Status;
use multiprocess::trap::{Child, SilentStderr};
use multiprocess::watchdog::{Report, Watchdog, Watched};
use record::COUNTED_IN;

pub(super) type Fault = Box<dyn Error + Send + Sync>;
pub(super) type Answered = Result<Outcome, Fault>;

/// What a child that is not stuck ends with.
pub(super) const ANSWER: i32 = 42;

/// How long a child may take that is not proven to hang. One that works is done within a few milliseconds.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// The same once a child has hung without a proof: this system does not tell what a child waits for, and every further hang would cost the
/// whole deadline.
const WITHOUT_PROOF: Duration = Duration::from_millis(200);

/// Measures `work`, which counts its children in, with standard error silenced. The answer is the number of children that answered.
pub(super) fn counted(work: impl FnOnce(&mut Tally) -> Result<(), Fault>) -> Answered {
    let mut tally = Tally::default();
    let measured = Measured::take(|| {
        let _silence = SilentStderr::begin()?;
        work(&mut tally)?;
        Ok::<_, Fault>(((), Vec::new()))
    })?;
    let outcome = tally.facts(measured.answer(|()| tally.right.to_string()));
    Ok(outcome.fault_seen(tally.hung, tally.right + tally.hung).note(COUNTED_IN, "children"))
}

/// Children that answered, and children that hung.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) right: u64,
    pub(super) hung: u64,
    proven: u64,
    named: u64,
    watched: Duration,
    report: Option<Report>,
}

impl Tally {
    /// Watches a child, and counts it in; tells whether it hung.
    pub(super) fn watch(&mut self, dog: &Watchdog, child: Child) -> Result<bool, Fault> {
        let watched = match self.hung > self.proven {
            true => dog.clone().within(WITHOUT_PROOF).watch(child)?,
            false => dog.watch(child)?,
        };
        match watched {
            Watched::Ended { status: Status::Exited(ANSWER), .. } => self.right += 1,
            Watched::Ended { status, .. } => return Err(format!("a child {status}; it was to answer {ANSWER}").into()),
            Watched::Hung(report) => {
                self.hung += 1;
                self.proven += u64::from(report.proven);
                self.named += u64::from(report.lock.is_some());
                self.watched += report.watched;
                // The first that says everything is the one to show.
                if self.report.as_ref().is_none_or(|shown| shown.lock.is_none() && report.lock.is_some()) {
                    self.report = Some(report);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The facts that every variant reports.
    pub(super) fn facts(&self, outcome: Outcome) -> Outcome {
        let watched = u64::try_from(self.watched.as_nanos()).unwrap_or(u64::MAX);
        let outcome = outcome
            .fact("hung", self.hung)
            .fact("proven", self.proven)
            .fact("named", self.named)
            .fact("watched_ns", watched);
        match &self.report {
            Some(report) => outcome.note("report", report.to_string()),
            None => outcome,
        }
    }
}
