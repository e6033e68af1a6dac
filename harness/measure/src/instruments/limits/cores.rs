//! Which cores the sides of a limit run on: pinned, because the scheduler's choice changes a round trip tenfold.

use std::path::Path;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::CORES;
use super::unmeasured::Unmeasured;
use crate::environment;
use crate::outcome::Outcome;

const CPU: &str = "/sys/devices/system/cpu";

/// Where the two sides of a limit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Both on one core: every message costs a switch of processes.
    SameCore,
    /// Each on a core of its own.
    TwoCores,
}

/// The cores of this side and of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seats {
    pub(super) here: usize,
    pub(super) there: usize,
}

impl Place {
    /// The cores to use; [`Unmeasured::NotHere`] if two are needed and cannot be had at once.
    pub(super) fn seats(self) -> Result<Seats, Unmeasured> {
        let cores = allowed()?;
        let seats = |(here, there)| Seats { here, there };
        match self {
            Self::SameCore => Ok(seats((cores[0], cores[0]))),
            Self::TwoCores => {
                if let Some(quota) = environment::quota_cores().filter(|quota| *quota < 2.0) {
                    return Err(Unmeasured::NotHere(format!("needs two cores: the quota is {quota} of them")));
                }
                let alone =
                    || Unmeasured::NotHere(format!("needs two cores: this process may use core {} alone", cores[0]));
                two(&cores, siblings).map(seats).ok_or_else(alone)
            }
        }
    }
}

impl Seats {
    /// Adds where the sides were.
    pub(super) fn told(self, outcome: Outcome) -> Outcome {
        told(&[self.here, self.there], outcome)
    }
}

/// Adds the cores that were used.
pub(super) fn told(cores: &[usize], outcome: Outcome) -> Outcome {
    outcome.series(CORES, cores.iter().map(|core| *core as u64).collect())
}

/// One core for each worker that can work at once: as many as affinity and quota allow.
pub(super) fn all() -> Result<Vec<usize>, Unmeasured> {
    let mut cores = allowed()?;
    cores.truncate(environment::usable_cores());
    Ok(cores)
}

/// Keeps this thread, and whatever it starts, on one core.
pub(super) fn pin(core: usize) -> Result<(), Unmeasured> {
    let mut one = CpuSet::new();
    one.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &one)?)
}

/// The cores that this process may use, one at least.
fn allowed() -> Result<Vec<usize>, Unmeasured> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let cores: Vec<usize> = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).is_ok_and(|set| set)).collect();
    if cores.is_empty() { Err(Unmeasured::wrong("this process may use no core")) } else { Ok(cores) }
}

/// The first core, and the first other one that shares no execution units with it, or any other if all do.
fn two(cores: &[usize], siblings: impl Fn(usize) -> Vec<usize>) -> Option<(usize, usize)> {
    let (first, others) = cores.split_first()?;
    let shared = siblings(*first);
    let other = others.iter().find(|core| !shared.contains(core)).or(others.first())?;
    Some((*first, *other))
}

/// The cores that are threads of the same one as this.
fn siblings(core: usize) -> Vec<usize> {
    read(&format!("cpu{core}/topology/thread_siblings_list")).map(|list| listed(&list)).unwrap_or_default()
}

/// The bytes of all the last-level caches of these cores; 0 where the system does not say.
pub(super) fn cache_bytes(cores: &[usize]) -> u64 {
    let mut caches: Vec<(String, u64)> = cores.iter().filter_map(|core| last_cache(*core)).collect();
    // Cores that share a cache name the same list of sharers.
    caches.sort();
    caches.dedup();
    caches.iter().map(|(_, bytes)| bytes).sum()
}

/// Who shares the last-level cache of a core, and how large it is.
fn last_cache(core: usize) -> Option<(String, u64)> {
    let file = |index: usize, name: &str| read(&format!("cpu{core}/cache/index{index}/{name}"));
    let level = |index: usize| file(index, "level")?.parse::<u32>().ok();
    let last = (0..).map_while(|index| Some((level(index)?, index))).max()?.1;
    Some((file(last, "shared_cpu_list")?, size_bytes(&file(last, "size")?)?))
}

/// A size as `/sys` writes it: `32768K`.
fn size_bytes(text: &str) -> Option<u64> {
    let unit = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)].into_iter();
    let (number, unit) =
        unit.filter_map(|(end, unit)| Some((text.strip_suffix(end)?, unit))).next().unwrap_or((text, 1));
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// The cores of a list such as `0-3,8`; none of one that cannot be read.
fn listed(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().take(CpuSet::count()).collect()
}

fn read(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(Path::new(CPU).join(path)).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{listed, size_bytes, two};

    #[test]
    fn two_cores_are_two_that_share_nothing_if_there_are_such() {
        // A machine of two cores with two threads each: 0 and 1 are one core in the first numbering, 0 and 2 in the second.
        assert_eq!(two(&[0, 1, 2, 3], |_| vec![0, 1]), Some((0, 2)));
        assert_eq!(two(&[0, 1, 2, 3], |_| vec![0, 2]), Some((0, 1)));
        assert_eq!(two(&[5, 6], |_| vec![5, 6]), Some((5, 6)));
        assert_eq!(two(&[3, 7], |_| Vec::new()), Some((3, 7)));
        assert_eq!((two(&[3], |_| Vec::new()), two(&[], |_| Vec::new())), (None, None));
    }

    #[test]
    fn lists_and_sizes_are_read_as_sys_writes_them() {
        assert_eq!(listed("0-2,8"), [0, 1, 2, 8]);
        assert_eq!((listed(""), listed("x-3"), listed("3-1")), (vec![], vec![], vec![]));
        assert_eq!(
            (size_bytes("32768K"), size_bytes("1M"), size_bytes("512")),
            (Some(32 << 20), Some(1 << 20), Some(512))
        );
        assert_eq!((size_bytes("K"), size_bytes("lots"), size_bytes("18446744073709551615G")), (None, None, None));
    }
}
