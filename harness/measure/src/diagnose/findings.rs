//! From what was seen to what it means: one rule for each fault that a lesson is about. Pure.
//!
//! The rules look at processor time and at counts rather than at the clock, so that what else the machine does changes little. Each gives the
//! share of the trouble that it sees, by which the findings are ranked, and the figures that it rests on.

mod faults;

use serde::Serialize;

use super::family::Family;
use super::seen::Observation;

/// What bounds a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A child waits for a lock that nobody can release.
    ForkTrap,
    /// Nothing moves, and everybody waits for everybody.
    Standstill,
    /// Large messages to the workers, one with every task.
    BytesPerTask,
    /// Large messages to the workers, a few.
    BigArguments,
    /// Large messages from the workers.
    BigResults,
    /// So many tasks that handing them over is the work.
    TinyTasks,
    /// Processes are started again and again.
    Starts,
    /// One worker has most of the work.
    OneWorker,
    /// More processes want to run than there are cores.
    TooManyWorkers,
    /// Threads take turns on one core.
    InterpreterLock,
    /// A server process answers one small request after the other.
    Server,
    /// Everybody waits for something outside.
    Waiting,
    /// There is one process with one thread.
    OneProcess,
    /// The workers work.
    Healthy,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// How much of the program it explains, from 0 to 1.
    pub share: f64,
    /// One sentence.
    pub says: String,
    /// The lesson to read.
    pub lesson: &'static str,
    /// What else to read.
    pub see_also: &'static [&'static str],
    /// The figures that it rests on.
    pub figures: Vec<Figure>,
}

/// A figure that a finding rests on; its name ends with its unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is of.
    pub name: &'static str,
    /// The figure.
    pub value: f64,
}

/// A finding that explains less is not worth a line.
const LEAST_SHARE: f64 = 0.2;

/// What was found, the one that explains most first; nothing if the command could not be seen.
pub fn findings(observation: &Observation) -> Vec<Finding> {
    let Some(family) = Family::of(observation) else { return Vec::new() };
    let view = faults::View { all: observation, family };
    let mut found: Vec<Finding> = faults::RULES.iter().filter_map(|rule| rule(&view)).collect();
    found.retain(|finding| finding.share >= LEAST_SHARE);
    // What is well is worth saying only if nothing is ill.
    if found.iter().any(|finding| !is_general(finding.fault)) {
        found.retain(|finding| !is_general(finding.fault));
    }
    found.sort_by(|one, other| other.share.total_cmp(&one.share));
    found
}

fn is_general(fault: Fault) -> bool {
    matches!(fault, Fault::Healthy | Fault::OneProcess)
}

#[cfg(test)]
mod tests;
