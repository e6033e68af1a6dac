//! The processes below this one, from `/proc` (proc(5)).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use crate::sys::pid::{Child, Status, kill_stranger};

/// How one process stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessState {
    /// Its pid.
    pub pid: u32,
    /// `R` running, `S` sleeping, `D` waiting for a disk, `Z` ended and not reaped, `T` stopped.
    pub state: char,
    /// Its threads.
    pub threads: usize,
    /// The kernel function it waits in, if the kernel tells.
    pub waits_in: Option<String>,
}

/// A process that outlived the program that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Its pid.
    pub pid: u32,
    /// How it ended: by itself just before, or by our SIGKILL; none if it could not be reaped.
    pub status: Option<Status>,
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} with {} threads", self.pid, self.state, self.threads)?;
        self.waits_in.as_ref().map_or(Ok(()), |place| write!(f, " in {place}"))
    }
}

/// Parent and state of every process there is.
fn table() -> BTreeMap<u32, (u32, char)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((pid, parent_and_state(&stat)?))
        })
        .collect()
}

/// From a line of `/proc/PID/stat`; the name in parentheses may itself hold spaces and parentheses.
pub(crate) fn parent_and_state(stat: &str) -> Option<(u32, char)> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parent_and_state(&stat).map(|(parent, _)| parent)
}

/// Every process below this one.
pub(super) fn descendants() -> BTreeSet<u32> {
    below(std::process::id(), &table())
}

fn below(root: u32, table: &BTreeMap<u32, (u32, char)>) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (pid, _) in table.iter().filter(|(_, (its_parent, _))| *its_parent == parent) {
            if found.insert(*pid) {
                parents.push(*pid);
            }
        }
    }
    found
}

/// How `root` and all processes below it stand now.
pub(super) fn states(root: u32) -> Vec<ProcessState> {
    let table = table();
    std::iter::once(root)
        .chain(below(root, &table))
        .filter_map(|pid| {
            let (_, state) = *table.get(&pid)?;
            let folder = std::path::PathBuf::from(format!("/proc/{pid}"));
            let waits_in = std::fs::read_to_string(folder.join("wchan")).ok().filter(|name| name.len() > 1);
            let threads = std::fs::read_dir(folder.join("task")).map_or(0, Iterator::count);
            Some(ProcessState { pid, state, threads, waits_in })
        })
        .collect()
}

/// Kills and reaps every descendant that is not in `strangers`, again and again until none is left: one that is being killed
/// may just have started another. Tells which there were.
pub(super) fn kill_all_but(strangers: &BTreeSet<u32>, within: Duration) -> Vec<Leftover> {
    let deadline = Instant::now() + within;
    let mut found = BTreeMap::new();
    loop {
        let table = table();
        let left: Vec<u32> = below(std::process::id(), &table).difference(strangers).copied().collect();
        if left.is_empty() || Instant::now() >= deadline {
            return found.into_iter().map(|(pid, status)| Leftover { pid, status }).collect();
        }
        for pid in left {
            let status = found.entry(pid).or_default();
            let Some(&(parent, _)) = table.get(&pid) else { continue };
            if parent == std::process::id() {
                *status = end(pid, deadline);
            } else {
                // It becomes ours to reap as soon as its parent has gone.
                kill_stranger(pid, || parent_of(pid) == Some(parent));
            }
        }
    }
}

/// Kills and reaps a child of this process. One that has ended already keeps the status it ended with.
fn end(pid: u32, deadline: Instant) -> Option<Status> {
    let child = Child::adopt(pid).ok()?;
    child.kill();
    child.wait_until(deadline).ok().flatten().map(|(status, _)| status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        assert_eq!(parent_and_state("12 (a) b (c)) S 7 12 12 0 -1"), Some((7, 'S')));
        assert_eq!(parent_and_state("12 (a"), None);
    }

    #[test]
    fn processes_below_a_process_are_found_at_any_depth() {
        let table = BTreeMap::from([(2, (1, 'S')), (3, (2, 'R')), (4, (3, 'Z')), (5, (1, 'S'))]);
        assert_eq!(below(2, &table), BTreeSet::from([3, 4]));
    }
}
