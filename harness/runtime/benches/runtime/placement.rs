//! Where the processes of a measurement run: pinned, so that the scheduler does not choose.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The places of this process and of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Both on the first core: every message costs a switch of processes.
    SameCore,
    /// Each on a core of its own.
    TwoCores,
}

/// Gives this process its cores back when it is dropped.
#[derive(Debug)]
pub(crate) struct Pinned(CpuSet);

impl Placement {
    /// Both, if this process may use two cores.
    pub(crate) fn all() -> Vec<Self> {
        if cores().len() > 1 { vec![Self::SameCore, Self::TwoCores] } else { vec![Self::SameCore] }
    }

    /// How an id of a measurement says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SameCore => "same_core",
            Self::TwoCores => "two_cores",
        }
    }

    /// The same two processes' cores: this one's, and the other side's.
    pub(crate) fn cores(self) -> (usize, usize) {
        let cores = cores();
        (cores[0], if self == Self::SameCore { cores[0] } else { cores[1] })
    }
}

/// The cores that this process may use.
fn cores() -> Vec<usize> {
    let allowed = allowed();
    (0..CpuSet::count()).filter(|core| allowed.is_set(*core).is_ok_and(|set| set)).collect()
}

fn allowed() -> CpuSet {
    sched_getaffinity(Pid::from_raw(0)).expect("a process may ask for its own cores")
}

/// Keeps this process on one core until what is returned is dropped.
pub(crate) fn pin(core: usize) -> Pinned {
    let before = allowed();
    let mut one = CpuSet::new();
    one.set(core).expect("a core from the set that is allowed");
    sched_setaffinity(Pid::from_raw(0), &one).expect("a process may choose among its own cores");
    Pinned(before)
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was in force before.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.0);
    }
}

/// The machine and the kernel, in one line.
pub(crate) fn machine() -> String {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = text("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let siblings = text("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list");
    format!(
        "{}, cores allowed {:?}, threads that share the first core: {}, Linux {}",
        model.trim_start_matches([' ', '\t', ':']),
        cores(),
        siblings.trim(),
        text("/proc/sys/kernel/osrelease").trim()
    )
}
