//! What the runtime must survive, one process per case.
//!
//! Run without arguments this is a test binary like any other. Each test executes the binary again as `--case NAME` under a
//! deadline, and afterwards demands that the case ended by itself and left nothing: no process, thread, descriptor, or file in
//! `/dev/shm`.

#![expect(clippy::unwrap_used, reason = "a case says that something failed by panicking, as a test does")]

/// Each case once by each method.
macro_rules! by_every_method {
    ($($name:literal => $check:path),* $(,)?) => {
        &[
            $((concat!($name, "_by_fork"), || $check(multiprocess::StartMethod::Fork)),
            (concat!($name, "_by_forkserver"), || $check(multiprocess::StartMethod::ForkServer)),
            (concat!($name, "_by_spawn"), || $check(multiprocess::StartMethod::Spawn)),)*
        ]
    };
}

mod adversity;
mod barriers;
mod bodies;
mod channels;
mod classic_api;
mod conditions;
mod crossing;
mod deadlock;
mod executor;
mod executor_ends;
mod executor_faults;
mod executor_grid;
mod faults;
mod forkserver;
mod functions;
mod handover;
mod hostile;
mod house;
mod leaving;
mod locks;
mod lost_locks;
mod manager;
mod manager_silent;
mod orphans;
mod pool;
mod process;
mod queue;
mod queue_ends;
mod queue_faults;
mod queue_suite;
mod readme;
mod replace;
mod robust_ends;
mod robust_faults;
mod robust_functions;
mod robust_grid;
mod robust_pool;
mod robust_reentry;
mod robust_ring;
mod robust_workers;
mod segments;
mod sharing;
mod starting;
mod tracing;
mod values;
mod watchdog;

use std::process::{Command, ExitCode};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use multiprocess::Status;
use multiprocess::supervise::{self, Ending, Limits, Report};
use nix::fcntl::FlockArg;

/// A watchdog for hangs, generous because the machine may be busy; no case needs more than a few seconds.
const WALL: Duration = Duration::from_secs(60);

/// One case: its name and what runs in its own process.
type Case = (&'static str, fn());

fn main() -> ExitCode {
    if let Some(program) = std::env::var_os(adversity::PROGRAM) {
        return adversity::program(program.to_str().unwrap());
    }
    if std::env::var_os(faults::FORGET).is_some() {
        return faults::forgetful_program();
    }
    multiprocess::init();
    if let Some(program) = std::env::var_os(orphans::PROGRAM) {
        orphans::run(&program.to_string_lossy());
        return ExitCode::FAILURE;
    }
    if let Ok(what) = std::env::var(executor_grid::PROGRAM) {
        return executor_grid::program(&what);
    }
    let cases: Vec<Case> = [
        &queue_suite::SUITES.concat()[..],
        pool::CASES,
        classic_api::CASES,
        crossing::CASES,
        lost_locks::CASES,
        replace::CASES,
        deadlock::FORK,
        deadlock::FORKSERVER,
        deadlock::SPAWN,
        orphans::CASES,
        faults::CASES,
        watchdog::CASES,
        forkserver::CASES,
        sharing::CASES,
        process::CASES,
        starting::CASES,
        manager::CASES,
        manager_silent::CASES,
        adversity::CASES,
        queue::CASES,
        queue_faults::CASES,
        queue_ends::CASES,
        locks::CASES,
        conditions::CASES,
        barriers::CASES,
        &channels::cases(),
        handover::CASES,
        values::CASES,
        segments::CASES,
        tracing::CASES,
        hostile::CASES,
        leaving::CASES,
        robust_pool::CASES,
        robust_reentry::CASES,
        robust_faults::CASES,
        robust_grid::CASES,
        robust_ring::CASES,
        robust_workers::CASES,
        robust_ends::CASES,
        executor::CASES,
        executor_faults::CASES,
        executor_ends::CASES,
        executor_grid::CASES,
    ]
    .concat();
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, name] = &arguments[..]
        && flag == "--case"
    {
        if *name == robust_ends::WAITING_PARENT.0 {
            robust_ends::WAITING_PARENT.1();
            return ExitCode::SUCCESS;
        }
        let (_, run) = cases.iter().find(|(known, _)| known == name).expect("a test asks only for cases there are");
        house::unchanged_by(run);
        return ExitCode::SUCCESS;
    }
    let readme = readme::checked_against(&cases);
    let trials = cases.into_iter().map(|(name, _)| match name {
        name if name == faults::PARENT_KILLED.0 || name == process::PARENT_KILLED.0 => {
            Trial::test(name, || workers_die_with_a_killed_parent(name))
        }
        name if segments::CASES.iter().any(|(alone, _)| *alone == name) => Trial::test(name, move || {
            let _alone = house::shared_memory_lock(FlockArg::LockExclusive);
            // What a run that failed has left is not this one's.
            multiprocess::named::sweep()?;
            in_its_own_process(name)
        }),
        name => Trial::test(name, move || {
            let _along = house::shared_memory_lock(FlockArg::LockShared);
            in_its_own_process(name)
        }),
    });
    libtest_mimic::run(&Arguments::from_args(), trials.chain([readme]).collect()).exit_code()
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
