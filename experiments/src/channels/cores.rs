//! Which cores the two processes run on: pinned, because the scheduler's choice changes a round trip several times over.

use std::error::Error;

use harness::environment;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

type Fault = Box<dyn Error + Send + Sync>;

/// The core of this process, and one of another if there is one to be had at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cores {
    pub(super) here: usize,
    pub(super) other: Option<usize>,
}

impl Cores {
    /// The first core that this process may use, and the first other one that shares no execution units with it, or any other if all do. A quota
    /// below two cores leaves no two processes that run at once.
    pub(super) fn find() -> Result<Self, Fault> {
        let set = sched_getaffinity(Pid::from_raw(0))?;
        let allowed: Vec<usize> = (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect();
        let (here, others) = allowed.split_first().ok_or("this process may use no core")?;
        let parallel = environment::quota_cores().is_none_or(|quota| quota >= 2.0);
        Ok(Self { here: *here, other: apart(&siblings(*here), others).filter(|_| parallel) })
    }
}

/// The first core that is none of `siblings`, or the first.
fn apart(siblings: &[usize], others: &[usize]) -> Option<usize> {
    others.iter().find(|core| !siblings.contains(core)).or(others.first()).copied()
}

/// The cores that are threads of the same one as this; none where the system does not say.
fn siblings(core: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    std::fs::read_to_string(path).map(|list| listed(&list)).unwrap_or_default()
}

/// The cores of a list such as `0-3,8`; none of a part that cannot be read.
fn listed(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().take(CpuSet::count()).collect()
}

/// Keeps this thread, and those that it starts, on one core.
pub(super) fn pin(core: usize) -> Result<(), Fault> {
    let mut one = CpuSet::new();
    one.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &one)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_core_is_one_that_shares_nothing_if_there_is_such() {
        assert_eq!(apart(&[0, 1], &[1, 2, 3]), Some(2));
        assert_eq!(apart(&[0, 1], &[1]), Some(1));
        assert_eq!((apart(&[], &[7]), apart(&[0], &[])), (Some(7), None));
    }

    #[test]
    fn lists_are_read_as_sys_writes_them() {
        assert_eq!(listed("0-2,8\n"), [0, 1, 2, 8]);
        assert_eq!((listed(""), listed("x-3"), listed("3-1")), (vec![], vec![], vec![]));
    }
}
