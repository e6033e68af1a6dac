//! What runs below this process, from `/proc` (proc(5)).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// A watchdog for hangs: far longer than anything here takes, because the machine may be slow and busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1_200);

/// One process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) state: char,
    /// Processor time it has used, in clock ticks.
    pub(crate) ticks: u64,
    pub(crate) arguments: Vec<String>,
}

impl Process {
    fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        // The name in parentheses may itself hold spaces and parentheses.
        let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().collect();
        let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            pid,
            parent: fields.get(1)?.parse().ok()?,
            state: fields.first()?.chars().next()?,
            ticks: number(11)? + number(12)?,
            arguments: arguments.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into()).collect(),
        })
    }

    /// Whether it was started to run one variant; false until it has executed the program.
    pub(crate) fn is_subject(&self) -> bool {
        self.arguments.get(1).is_some_and(|argument| argument == "--subject")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid), signal).unwrap();
    }
}

/// Every process below this one, at any depth.
pub(crate) fn descendants() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    for process in pids.filter_map(Process::read) {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut parents = vec![std::process::id().cast_signed()];
    while let Some(parent) = parents.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            parents.push(process.pid);
            found.push(process);
        }
    }
    found
}

/// Takes the exit status of those of `processes` that are children of this one and have ended.
pub(crate) fn reap(processes: &[Process]) {
    let own = std::process::id().cast_signed();
    for process in processes.iter().filter(|process| process.parent == own) {
        // One that is still ending is reaped the next time.
        let _ = waitpid(Pid::from_raw(process.pid), Some(WaitPidFlag::WNOHANG));
    }
}

/// Looks again and again until `look` finds something; panics with `what` after [`PATIENCE`].
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        give_way();
    }
}

/// Lets others run between two looks: `/proc` and the length of a file offer no event to wait for.
pub(crate) fn give_way() {
    let _ = nix::poll::poll(&mut [], 2_u8);
}
