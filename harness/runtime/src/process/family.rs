//! The children that this process has started, and what it owes them at its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::life::Life;
use crate::error::{Error, Kind};
use crate::start::REAP_WITHIN;
use crate::waiting;

/// This process among its relatives. Locked for moments only, and never while a process is forked.
struct Family {
    /// Its name; empty stands for `MainProcess`.
    name: String,
    /// The numbers of its ancestors and its own, as in `1:2`; empty for the first process.
    identity: String,
    /// How many children were named so far.
    named: u64,
    children: Vec<Weak<Life>>,
    detached: Vec<Arc<Life>>,
}

static FAMILY: Mutex<Family> = Mutex::new(Family {
    name: String::new(),
    identity: String::new(),
    named: 0,
    children: Vec::new(),
    detached: Vec::new(),
});

fn family() -> MutexGuard<'static, Family> {
    FAMILY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveChild {
    /// Its process id.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Whether it is daemonic.
    pub daemon: bool,
}

/// The name of this process: `MainProcess`, unless it is a [`Process`](crate::Process).
///
/// ```
/// assert_eq!(multiprocess::process::current_name(), "MainProcess");
/// ```
pub fn current_name() -> String {
    let family = family();
    if family.name.is_empty() { "MainProcess".to_owned() } else { family.name.clone() }
}

/// Every [`Process`](crate::Process) of this process that runs, detached ones included, in the order they were started. Detached ones that
/// have ended are reaped, as CPython's `active_children` does; the others belong to whoever holds them.
///
/// ```
/// assert!(multiprocess::process::active_children().is_empty());
/// ```
pub fn active_children() -> Vec<ActiveChild> {
    let running = |life: &Arc<Life>| matches!(life.started().peek(), Ok(None));
    let active = children().into_iter().filter(running).map(|life| ActiveChild {
        pid: life.started().pid(),
        name: life.name().to_owned(),
        daemon: life.is_daemon(),
    });
    let active = active.collect();
    let (kept, ended): (Vec<_>, Vec<_>) = std::mem::take(&mut family().detached).into_iter().partition(running);
    family().detached.extend(kept);
    // Outside the lock: it waits for the kernel.
    drop(ended);
    active
}

/// Ends what this process has started, as CPython does when a program ends (`util._exit_function`): daemons get SIGTERM, then everything is
/// joined, for at most `limit`. What still runs then is killed, so that nothing is left in any case.
///
/// **Rust has no end of a program to hook on to**, so a program calls this itself, last. Without it a child ends when its
/// [`Process`](crate::Process) is dropped (SIGKILL), and one that was detached, or whose `Process` was forgotten, when this process ends, however
/// it ends (SIGIO, by its lifeline):
///
/// | | CPython | here |
/// |---|---|---|
/// | the object is dropped | the process goes on | it is killed and reaped; [`detach`](crate::Process::detach) lets it go on |
/// | `main` returns | daemons are terminated, all are joined, without a limit | as `finish_children` if it is called; else all end |
/// | the parent is killed | children go on, orphans | all end, with their descendants |
///
/// # Errors
/// If something still ran at the limit ([`Error::is_deadline`]); it is gone by then.
pub fn finish_children(limit: Duration) -> Result<(), Error> {
    let deadline = waiting::after(limit);
    let children = children();
    family().detached.clear();
    for daemon in children.iter().filter(|life| life.is_daemon()) {
        daemon.started().signal(libc::SIGTERM);
    }
    let mut late = false;
    for life in &children {
        let ended = life.started().wait_until(deadline).map_err(Error::io("waiting for a process"))?;
        if ended.is_none() {
            late = true;
            life.started().kill();
            // A killed process ends; if the kernel refuses to say so there is nothing left that could be done here.
            let _ = life.started().wait_until(Instant::now() + REAP_WITHIN);
        }
    }
    if late { Err(Kind::Deadline { doing: "waiting for all children to end", limit }.into()) } else { Ok(()) }
}

/// Gives a child its name, its own or the next one, and its identity.
pub(super) fn name_child(name: Option<String>) -> (String, String) {
    let mut family = family();
    family.named += 1;
    let colon = if family.identity.is_empty() { "" } else { ":" };
    let identity = format!("{}{colon}{}", family.identity, family.named);
    (name.unwrap_or_else(|| format!("Process-{identity}")), identity)
}

/// Says who this process is, at its beginning.
pub(super) fn be(name: &str, identity: &str) {
    let mut family = family();
    (family.name, family.identity, family.named) = (name.to_owned(), identity.to_owned(), 0);
}

/// Forgets the children of the parent, of which a forked process has a copy, and never drops them: they are not its own to end.
pub(super) fn orphan() {
    let mut family = family();
    std::mem::forget(std::mem::take(&mut family.children));
    std::mem::forget(std::mem::take(&mut family.detached));
}

pub(super) fn add(life: &Arc<Life>) {
    let mut family = family();
    family.children.retain(|child| child.strong_count() > 0);
    family.children.push(Arc::downgrade(life));
}

pub(super) fn keep(life: Arc<Life>) {
    family().detached.push(life);
}

/// All of them, in the order they were started.
fn children() -> Vec<Arc<Life>> {
    family().children.iter().filter_map(Weak::upgrade).collect()
}
