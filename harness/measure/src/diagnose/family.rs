//! Who is who below a command: the parent of the pool, its workers, a server that holds state for them, and who was there only for a moment.

use super::seen::{Observation, Seen};

/// The processes of an observation by what they do.
#[derive(Clone, Debug)]
pub struct Family<'a> {
    /// The process that hands out the work, or does it all.
    pub parent: &'a Seen,
    /// The processes that it handed work to and that stayed.
    pub workers: Vec<&'a Seen>,
    /// A process with threads of its own that serves the others; a manager is one.
    pub server: Option<&'a Seen>,
    /// Processes that were gone again after a moment.
    pub brief: Vec<&'a Seen>,
}

/// A process that lives no longer does one call's work, as a rule.
const BRIEF_NS: u64 = 500_000_000;

impl<'a> Family<'a> {
    /// The family of an observation; none if it holds no process.
    pub fn of(observation: &'a Observation) -> Option<Self> {
        let parent = parent(observation)?;
        let below = below(observation, parent);
        let stays = |process: &Seen| process.life_ns() >= BRIEF_NS || 3 * process.life_ns() >= observation.wall_ns;
        let (mut workers, brief): (Vec<&Seen>, Vec<&Seen>) = below.into_iter().partition(|process| stays(process));
        let server = server(&workers);
        workers.retain(|worker| server.is_none_or(|server| server.pid != worker.pid));
        Some(Self { parent, workers, server, brief })
    }

    /// Processor time of the workers, of those that stayed.
    pub fn workers_cpu_ns(&self) -> u64 {
        self.workers.iter().map(|worker| worker.cpu_ns).sum()
    }

    /// What a process is called in a table.
    pub fn role(&self, process: &Seen) -> &'static str {
        let is = |other: &Seen| other.pid == process.pid && other.first_ns == process.first_ns;
        match () {
            () if is(self.parent) => "parent",
            () if self.server.is_some_and(is) => "server",
            () if self.workers.iter().any(|worker| is(worker)) => "worker",
            () if self.brief.iter().any(|brief| is(brief)) => "brief",
            () if is_earlier(process, self.parent) => "earlier",
            () => "helper",
        }
    }
}

/// The first process, or the one that it only waits for, as a shell waits for what it was told to run.
fn parent(observation: &Observation) -> Option<&Seen> {
    let mut parent = observation.processes.first()?;
    loop {
        let children: Vec<&Seen> =
            observation.processes.iter().filter(|process| process.parent == parent.pid).collect();
        match children[..] {
            [child] if is_shell(parent) && 10 * parent.cpu_ns < child.cpu_ns.max(1) => parent = child,
            _ => return Some(parent),
        }
    }
}

/// Whether it is known for running other programs.
fn is_shell(process: &Seen) -> bool {
    ["sh", "bash", "dash", "zsh", "env", "nice", "time", "timeout", "uv", "make", "just"]
        .contains(&process.name.as_str())
}

/// Whether it was gone before `parent` became the program that it is: a script that finds a Python and executes it starts processes, too.
fn is_earlier(process: &Seen, parent: &Seen) -> bool {
    process.last_ns < parent.executed_ns
}

/// All processes below `parent` that are no helpers of CPython and were there with it; of the fork server's children, which share its command line, it is the
/// parent that helps.
fn below<'a>(observation: &'a Observation, parent: &Seen) -> Vec<&'a Seen> {
    let by_pid = |pid: u32| observation.processes.iter().find(|process| process.pid == pid);
    let is_below = |process: &Seen| {
        let mut at = process;
        // No chain of parents is longer than all processes.
        for _ in 0..observation.processes.len() {
            if at.parent == parent.pid {
                return true;
            }
            let Some(above) = by_pid(at.parent) else { return false };
            at = above;
        }
        false
    };
    let helps = |process: &Seen| process.helps && !by_pid(process.parent).is_some_and(|above| above.helps);
    observation
        .processes
        .iter()
        .filter(|process| process.pid != parent.pid && !is_earlier(process, parent))
        .filter(|process| is_below(process) && !helps(process))
        .collect()
}

/// The one with the most calls, if it has threads and the others have none.
fn server<'a>(workers: &[&'a Seen]) -> Option<&'a Seen> {
    let busiest = workers.iter().copied().max_by_key(|worker| worker.reads + worker.writes)?;
    let others = workers.iter().filter(|worker| worker.pid != busiest.pid);
    (busiest.threads >= 3 && workers.len() >= 2 && others.into_iter().all(|other| other.threads < busiest.threads))
        .then_some(busiest)
}
