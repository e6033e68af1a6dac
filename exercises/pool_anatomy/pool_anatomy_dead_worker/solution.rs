//! Notice a dead worker.
//!
//! All workers of a crew answer on one pipe, as those of CPython's pool do, and the parent holds both ends of it. So nothing closes when a
//! worker is killed in the middle of a task, and whoever waits for its answer waits for ever; here until a limit. Notice the death at once,
//! reap the worker, and name it with the task it held. A worker that dies after its answer owes nothing. Counted: cases passed.

use std::fmt;
use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use exercises::{Crew, Reply, Sheet};
use multiprocess::{Error, Status};

/// How long nothing may happen before that is an error.
const LIMIT: Duration = Duration::from_secs(3);

/// Why there are no outputs.
#[derive(Debug)]
pub enum Failure {
    /// A worker has ended without an answer to the task that it held.
    Lost {
        /// Its process id.
        pid: u32,
        /// The task, by its place among the items.
        task: usize,
        /// How it ended, as it was reaped.
        how: Status,
    },
    /// Something else went wrong.
    Broken(Error),
}

impl From<Error> for Failure {
    fn from(fault: Error) -> Self {
        Self::Broken(fault)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { pid, task, how } => write!(f, "worker {pid} {how} in task {task}"),
            Self::Broken(fault) => fault.fmt(f),
        }
    }
}

/// Has a crew do every item, and returns the outputs in the order of the items.
pub fn collect(crew: &mut Crew, items: &[u64]) -> Result<Vec<u64>, Failure> {
    let mut outputs = vec![0; items.len()];
    let mut tasks = 0..items.len();
    // The task that each worker holds.
    let mut held = vec![None; crew.workers()];
    for (worker, task) in held.iter_mut().enumerate() {
        *task = give(crew, worker, &mut tasks, items)?;
    }
    while held.iter().any(Option::is_some) {
        let reply = next_reply(crew, &held)?;
        outputs[reply.task] = reply.output;
        held[reply.worker] = give(crew, reply.worker, &mut tasks, items)?;
    }
    Ok(outputs)
}

/// Sends the next task to a worker, if there is one left, and tells which.
fn give(crew: &mut Crew, worker: usize, tasks: &mut Range<usize>, items: &[u64]) -> Result<Option<usize>, Failure> {
    let Some(task) = tasks.next() else { return Ok(None) };
    // BEGIN SOLUTION
    //| // TODO: if the worker is dead already, the error does not say which.
    //| crew.send(worker, task, items[task])?;
    match crew.send(worker, task, items[task]) {
        Err(fault) if fault.is_peer_gone() => return Err(lost(crew, worker, task)),
        sent => sent?,
    }
    // END SOLUTION
    Ok(Some(task))
}

/// The next reply of any worker; `held` has the task that each holds.
fn next_reply(crew: &mut Crew, held: &[Option<usize>]) -> Result<Reply, Failure> {
    // BEGIN SOLUTION
    //| // TODO: a worker that is dead does not answer.
    //| let _ = held;
    //| Ok(crew.receive(LIMIT)?)
    let working: Vec<(usize, usize)> =
        held.iter().enumerate().filter_map(|(worker, task)| Some((worker, (*task)?))).collect();
    let mut events = vec![crew.replies()];
    events.extend(working.iter().map(|(worker, _)| crew.sentinel(*worker)));
    let ready = multiprocess::wait(&events, LIMIT)?;
    // Asked again: an answer may have come after one look at the pipe and before the look at the sentinel of who sent it.
    let answered = !multiprocess::wait(&events[..1], Duration::ZERO)?.is_empty();
    match ready.first() {
        Some(event) if !answered => {
            let (worker, task) = working[event - 1];
            Err(lost(crew, worker, task))
        }
        // Without an answer and without a death this says that the limit has passed.
        _ => Ok(crew.receive(Duration::ZERO)?),
    }
    // END SOLUTION
}
// BEGIN SOLUTION

/// Reaps a worker that has ended, and says which it was.
fn lost(crew: &mut Crew, worker: usize, task: usize) -> Failure {
    match crew.reap(worker, LIMIT) {
        Ok(how) => Failure::Lost { pid: crew.pid(worker), task, how },
        Err(fault) => Failure::Broken(fault),
    }
}
// END SOLUTION

/// Squares a number; the process that is given 13 is ended by a signal.
fn square(number: u64) -> u64 {
    if number == 13 {
        std::process::abort();
    }
    number * number
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut sheet = Sheet::new();
    let mut crew = Crew::start(2, square).expect("two workers start");
    let squares = collect(&mut crew, &[1, 2, 3, 4, 5]);
    sheet.holds("five squares", squares.is_ok_and(|squares| squares == [1, 4, 9, 16, 25]));
    match collect(&mut crew, &[10, 11, 12, 13, 14]) {
        Ok(squares) => sheet.holds(format_args!("the death of a worker, not {squares:?}"), false),
        Err(failure) => sheet.holds(&failure, matches!(failure, Failure::Lost { task: 3, .. })),
    }
    sheet.end()
}
