//! What the runtime must survive, one process per case.
//!
//! Run without arguments this is a test binary like any other. Each test executes the binary again as `--case NAME` under a
//! deadline, and afterwards demands that the case ended by itself and left nothing: no process, thread, descriptor, or file in
//! `/dev/shm`.

#![expect(clippy::unwrap_used, reason = "a case says that something failed by panicking, as a test does")]

mod crossing;
mod faults;
mod forkserver;
mod functions;
mod house;
mod pool;
mod process;
mod queue;
mod sharing;
mod watchdog;

use std::process::{Command, ExitCode};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use multiprocess::Status;
use multiprocess::supervise::{self, Ending, Limits, Report};

/// A watchdog for hangs, generous because the machine may be busy; no case needs more than a few seconds.
const WALL: Duration = Duration::from_secs(60);

/// One case: its name and what runs in its own process.
type Case = (&'static str, fn());

fn main() -> ExitCode {
    if std::env::var_os(faults::FORGET).is_some() {
        return faults::forgetful_program();
    }
    multiprocess::init();
    let cases: Vec<Case> = [
        pool::CASES,
        crossing::CASES,
        faults::CASES,
        watchdog::CASES,
        forkserver::CASES,
        sharing::CASES,
        process::CASES,
        queue::CASES,
    ]
    .concat();
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, name] = &arguments[..]
        && flag == "--case"
    {
        let (_, run) = cases.iter().find(|(known, _)| known == name).expect("a test asks only for cases there are");
        house::unchanged_by(run);
        return ExitCode::SUCCESS;
    }
    let trials = cases.into_iter().map(|(name, _)| match name {
        name if name == faults::PARENT_KILLED.0 || name == process::PARENT_KILLED.0 => {
            Trial::test(name, || workers_die_with_a_killed_parent(name))
        }
        name => Trial::test(name, move || in_its_own_process(name)),
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn execute(name: &str) -> Result<Report, Failed> {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--case", name]);
    Ok(supervise::run(&mut command, b"", &Limits { deadline: WALL, output_bytes: 1 << 20 }, None)?)
}

fn in_its_own_process(name: &str) -> Result<(), Failed> {
    let before = house::shared_memory_files();
    let report = execute(name)?;
    let said = String::from_utf8_lossy(&report.stderr);
    if report.ending != Ending::Ended(Status::Exited(0)) {
        return Err(format!("{:?}; processes: {:?}; it said: {said}", report.ending, report.states).into());
    }
    if !report.left_behind.is_empty() {
        return Err(format!("left behind: {:?}; it said: {said}", report.left_behind).into());
    }
    if before != house::shared_memory_files() {
        return Err("the listing of /dev/shm changed".into());
    }
    Ok(())
}

/// The cases whose process may not end by itself: it kills itself while its workers are busy.
fn workers_die_with_a_killed_parent(name: &str) -> Result<(), Failed> {
    let report = execute(name)?;
    if report.ending != Ending::Ended(Status::Signalled(9)) {
        return Err(format!("{:?}: {}", report.ending, String::from_utf8_lossy(&report.stderr)).into());
    }
    // Their lifeline ended them by SIGIO, before we came to kill what was left.
    let sigio = Some(Status::Signalled(29));
    if report.left_behind.len() != faults::BUSY_WORKERS || report.left_behind.iter().any(|left| left.status != sigio) {
        return Err(
            format!("expected {} workers ended by SIGIO: {:?}", faults::BUSY_WORKERS, report.left_behind).into()
        );
    }
    Ok(())
}
