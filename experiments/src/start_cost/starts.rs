//! One call after the other, each in a thread or a process that is started for it and joined.
//!
//! What is paid once is paid before the measured time: a fork server is up, programs lie in the page cache.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::meter::WorkerReport;
use multiprocess::process::{Context, Options};
use multiprocess::{Process, RawValue, StartMethod, Status};
use record::Params;

use super::step::{Answered, Call, Fault, SEED, answer, merged, right, step};

/// Longer than any start; whoever waits longer has been killed by the subject's deadline.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// How many calls of each kind there are for one start of the parameter, so that what is cheap is timed as long as what is dear.
const PLAIN: u64 = 96;
const THREADS: u64 = 32;
const FORKS: u64 = 2;

/// What one start came to: the call's result, and the report of the process.
type Started = Result<(u64, Option<WorkerReport>), Fault>;

/// Times `calls` of them, one after the other, after one that is not timed.
fn timed(calls: u64, mut one: impl FnMut() -> Started) -> Answered {
    one()?;
    let expected = step(SEED);
    let measured = Measured::take(|| {
        let mut reports = Vec::new();
        for _ in 0..calls {
            let (value, report) = one()?;
            if value != expected {
                right(value)?;
            }
            reports.extend(report);
        }
        Ok::<_, Fault>((expected, merged(reports)))
    })?;
    Ok(measured.answer(|value| answer(*value)).iterations(calls).fact("starts", calls))
}

/// The call itself, and nothing is started.
pub(super) fn serial(params: &Params) -> Answered {
    timed(PLAIN * params["starts"], || Ok((step(SEED), None))).map(|outcome| outcome.fact("starts", 0))
}

// ANCHOR: thread
pub(super) fn one_thread() -> Result<u64, Fault> {
    thread::Builder::new().spawn(|| step(SEED))?.join().map_err(|_| "the thread panicked".into())
}
// ANCHOR_END: thread

pub(super) fn thread(params: &Params) -> Answered {
    timed(THREADS * params["starts"], || Ok((one_thread()?, None)))
}

// ANCHOR: fork
/// Forks this process. The result comes back through shared memory, so that nothing at all is pickled.
pub(super) fn one_fork(result: &RawValue<u64>) -> Result<(u64, WorkerReport), Fault> {
    result.store(0);
    let child = || {
        result.store(step(SEED));
        0
    };
    let report = Process::start(&[], child)?.join(PATIENCE)?;
    match report.status {
        Status::Exited(0) => Ok((result.load(), report)),
        other => Err(format!("a forked process ended with {other:?}").into()),
    }
}
// ANCHOR_END: fork

pub(super) fn fork(params: &Params) -> Answered {
    let result = RawValue::new(0)?;
    timed(FORKS * params["starts"], || {
        let (value, report) = one_fork(&result)?;
        Ok((value, Some(report)))
    })
}

// ANCHOR: context
/// A process by the method of `context`, which gets the call by name, and its argument and its result as bytes.
pub(super) fn one_process(context: &Context) -> Result<(u64, WorkerReport), Fault> {
    let mut process = context.start(Options::new(), &Call, SEED, &[])?;
    let report = process.join(PATIENCE)?;
    Ok((process.output(PATIENCE)?, report))
}
// ANCHOR_END: context

fn by_context(method: StartMethod, starts: u64) -> Answered {
    let begin = Instant::now();
    let context = Context::new(method)?;
    one_process(&context)?;
    let first_ns = u64::try_from(begin.elapsed().as_nanos())?;
    let outcome = timed(starts, || {
        let (value, report) = one_process(&context)?;
        Ok((value, Some(report)))
    })?;
    Ok(outcome.fact("first_ns", first_ns))
}

pub(super) fn forkserver(params: &Params) -> Answered {
    by_context(StartMethod::ForkServer, FORKS * params["starts"])
}

pub(super) fn spawn(params: &Params) -> Answered {
    by_context(StartMethod::Spawn, params["starts"])
}

/// The program `true`, wherever it lies.
pub(super) fn tiny_program() -> Option<&'static Path> {
    ["/bin/true", "/usr/bin/true"].map(Path::new).into_iter().find(|place| place.is_file())
}

// ANCHOR: posix_spawn
/// Another program, by posix_spawn(3): the standard library uses it, because nothing is to happen between fork and exec.
pub(super) fn one_program(place: &Path) -> Result<(), Fault> {
    let status = Command::new(place).status()?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", place.display()).into()) }
}
// ANCHOR_END: posix_spawn

/// That program computes nothing, so the call is made here.
pub(super) fn posix_spawn(params: &Params) -> Answered {
    let Some(place) = tiny_program() else { return Ok(Outcome::not_here("needs a program to start: /bin/true")) };
    timed(FORKS * params["starts"], || {
        one_program(place)?;
        Ok((step(SEED), None))
    })
}
