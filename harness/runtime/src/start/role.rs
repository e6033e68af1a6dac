//! What a process can be started for, by name, and `init`, where an executed program learns which it is.

use std::os::fd::AsFd;

use super::arrival::Arrival;
use super::{LOST, server};
use crate::error::{Error, Kind};
use crate::process::daemon;
use crate::sys::{fd, fork};
use crate::{classic, forkserver, manager, pool, process};

/// Tells a program that it was started to be a worker, and which kind.
pub(super) const MARKER: &str = "MULTIPROCESS_WORKER";

/// The marker of a fork server.
pub(super) const FORK_SERVER: &str = "forkserver";

/// The marker of every other process.
pub(super) const WORKER: &str = "1";

/// What a process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A worker of the classic pool.
    ClassicWorker,
    /// One call of a function.
    Call,
    /// A process by itself, which calls one function.
    Process,
    /// The server of a manager.
    Manager,
    /// A worker of the pool.
    PoolWorker,
}

/// Every role: its name, and what a process does that has it. It returns the exit code.
type Life = fn(Arrival) -> Result<i32, Error>;
const ROLES: &[(Role, &str, Life)] = &[
    (Role::ClassicWorker, "classic-worker", classic::arrived_worker),
    (Role::Call, "call", forkserver::arrived_call),
    (Role::Process, "process", process::arrived_process),
    (Role::Manager, "manager", manager::arrived_manager),
    (Role::PoolWorker, "pool-worker", pool::arrived),
];

impl Role {
    pub(super) fn name(self) -> &'static str {
        let found = ROLES.iter().find(|(role, ..)| *role == self);
        found.map(|(_, name, _)| *name).expect("every role stands in the table")
    }
}

/// Lives the life that the arrival names, and returns the exit code.
pub(crate) fn live(arrival: Arrival) -> i32 {
    let found = ROLES.iter().find(|(_, name, _)| *name == arrival.role);
    let unknown = || Kind::UnknownName { kind: "role", name: arrival.role.clone() };
    match found.ok_or_else(unknown).map_err(Error::from).and_then(|(.., life)| life(arrival)) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("worker {}: {fault}", std::process::id());
            1
        }
    }
}

/// Refuses to start processes from one that was itself started as a worker and has not called [`init`]: each would start more.
pub(crate) fn refuse_uninitialised() -> Result<(), Error> {
    if std::env::var_os(MARKER).is_some() { Err(Kind::NotInitialised.into()) } else { Ok(()) }
}

/// Turns this process into a worker if it was started as one; otherwise returns at once.
///
/// Must be the first line of `main` of every program that uses [`StartMethod::Spawn`](crate::StartMethod::Spawn) or
/// [`StartMethod::ForkServer`](crate::StartMethod::ForkServer): the worker, or the server that forks it, is this program, executed
/// again. It closes every descriptor above standard error that it has inherited. A program that forgets it gets an error from its first pool instead of workers that start workers for ever.
///
/// ```
/// // The first line of `main`:
/// multiprocess::init();
/// ```
pub fn init() {
    let Some(marker) = std::env::var_os(MARKER) else { return };
    fork::remove_variable(MARKER);
    // Nothing is open yet that is ours but the three standard descriptors: whatever else is, no worker should keep open.
    if fd::close_inherited().is_err() {
        fork::exit_now(LOST);
    }
    let ended = if marker == FORK_SERVER { serve() } else { executed() };
    let code = ended.unwrap_or_else(|fault| {
        eprintln!("worker {}: {fault}", std::process::id());
        1
    });
    fork::flush_stdout();
    fork::exit_now(code)
}

fn serve() -> Result<i32, Error> {
    let failed = "preparing the fork server";
    let client = std::io::stdin().as_fd().try_clone_to_owned().map_err(Error::io(failed))?;
    fd::close_stdin().map_err(Error::io(failed))?;
    server::serve(&client, &[], live)
}

fn executed() -> Result<i32, Error> {
    let failed = "receiving a worker's preparation";
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map_err(Error::io(failed))?;
    fd::close_stdin().map_err(Error::io(failed))?;
    fork::ignore_interrupt();
    let mut arrival = Arrival::take(socket).map_err(Error::io(failed))?;
    if arrival.descriptors.is_empty() {
        return Err(Error::io(failed)(std::io::Error::other("there is no lifeline")));
    }
    // Open for as long as this process lives; dropping it would disarm it.
    let lifeline: &'static _ = Box::leak(Box::new(arrival.descriptors.remove(0)));
    fd::die_with(lifeline).map_err(Error::io(failed))?;
    daemon::be(arrival.daemonic);
    Ok(live(arrival))
}
