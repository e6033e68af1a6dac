//! The owner in a segment's name, and the sweeper that removes the segments of dead ones.
//!
//! A name is `/mp_NAMESPACE_PID_START_RANDOM`: the namespace in which the pid means something, the pid, and when that process began
//! (proc(5), stat, field 22), so that a later process with the same pid is not taken for it; numbers in hexadecimal.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::sys::mman::shm_unlink;

use crate::error::Error;

/// Where shm_open(3) puts segments.
const DIRECTORY: &str = "/dev/shm";

/// What distinguishes our names from others'.
const PREFIX: &str = "mp_";

/// The process that made a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    namespace: u64,
    pid: u32,
    start: u64,
}

impl Owner {
    pub(super) fn this_process() -> io::Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let start = start_and_state(&stat).map(|(start, _)| start);
        let start = start.ok_or_else(|| io::Error::other("/proc/self/stat does not tell when this process began"))?;
        Ok(Self { namespace: namespace()?, pid: std::process::id(), start })
    }

    /// A name that nobody has, as far as a random number can promise that.
    pub(super) fn new_name(&self) -> String {
        // The keys of a hasher are the random numbers of the standard library.
        let random = RandomState::new().build_hasher().finish();
        format!("/{PREFIX}{:x}_{:x}_{:x}_{random:016x}", self.namespace, self.pid, self.start)
    }

    /// The owner in a name, without its slash; none if it is not one of ours.
    fn of(name: &str) -> Option<Self> {
        let mut numbers = name.strip_prefix(PREFIX)?.split('_').map(|field| u64::from_str_radix(field, 16));
        let mut next = || numbers.next()?.ok();
        let (namespace, pid, start, _random) = (next()?, u32::try_from(next()?).ok()?, next()?, next()?);
        numbers.next().is_none().then_some(Self { namespace, pid, start })
    }

    /// Whether the owner, of this namespace, is certainly dead: there is no such process, or it began at another time, or it has ended and
    /// was not reaped yet.
    fn is_dead(&self) -> bool {
        match fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            Ok(stat) => {
                start_and_state(&stat).is_some_and(|(start, state)| start != self.start || matches!(state, 'Z' | 'X'))
            }
            Err(fault) => fault.kind() == io::ErrorKind::NotFound || fault.raw_os_error() == Some(nix::libc::ESRCH),
        }
    }
}

/// When a process began, in ticks since the machine did, and its state: fields 22 and 3. The name in field 2 may hold anything, but it ends
/// with the last parenthesis.
fn start_and_state(stat: &str) -> Option<(u64, char)> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((fields.nth(18)?.parse().ok()?, state))
}

/// The number of this process's pid namespace (namespaces(7)).
fn namespace() -> io::Result<u64> {
    Ok(fs::metadata("/proc/self/ns/pid")?.ino())
}

/// Where the segment of this name lies; none if there can be none.
pub(super) fn path(name: &str) -> Option<PathBuf> {
    let name = name.strip_prefix('/').unwrap_or(name);
    let fits = !name.is_empty() && name.len() < 255 && !name.contains(['/', '\0']) && name != "." && name != "..";
    fits.then(|| PathBuf::from(DIRECTORY).join(name))
}

/// Removes the segments of this user whose owners are dead, and tells their names.
///
/// It looks only at names that this library gave, and only at owners that it can see: of the same pid namespace. Nobody can take
/// the name of a dead owner again, so that what is removed is never a segment in use by its owner.
///
/// # Errors
/// If `/dev/shm` or `/proc` cannot be read.
pub fn sweep() -> Result<Vec<String>, Error> {
    let failed = || Error::io("sweeping named segments");
    let namespace = namespace().map_err(failed())?;
    // Whose effective user that is (proc(5)), as new files are.
    let user = fs::metadata("/proc/self").map_err(failed())?.uid();
    let mut swept = Vec::new();
    for entry in fs::read_dir(DIRECTORY).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let Ok(file) = entry.file_name().into_string() else { continue };
        let Some(owner) = Owner::of(&file) else { continue };
        // Another may sweep at the same time: what is gone is gone.
        let ours = entry.metadata().is_ok_and(|about| about.uid() == user);
        let name = format!("/{file}");
        if owner.namespace == namespace && ours && owner.is_dead() && shm_unlink(name.as_str()).is_ok() {
            swept.push(name);
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_owner() {
        let owner = Owner::this_process().unwrap();
        assert!(!owner.is_dead());
        let (one, other) = (owner.new_name(), owner.new_name());
        assert!(one != other && one.len() < 255 && one.starts_with("/mp_"));
        assert_eq!(Owner::of(&one[1..]), Some(owner));
        for name in
            ["psm_12345678", "mp_", "mp_1_2_3", "mp_1_2_3_4_5", "mp_1_x_3_4", "mp_1_1ffffffff_3_4", "sem.mp-1_2_3_4"]
        {
            assert_eq!(Owner::of(name), None, "{name}");
        }
    }

    #[test]
    fn who_began_at_another_time_is_another() {
        let owner = Owner::this_process().unwrap();
        assert!(Owner { start: owner.start + 1, ..owner }.is_dead());
        assert!(Owner { pid: u32::MAX >> 1, ..owner }.is_dead(), "no pid is so large");
    }

    #[test]
    fn a_process_may_be_called_anything() {
        let stat = "7 (a) Z (b)) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1";
        assert_eq!(start_and_state(stat), Some((4_242, 'S')));
        assert_eq!(start_and_state("7 (a) S 1"), None);
        assert_eq!(start_and_state(""), None);
    }

    #[test]
    fn a_name_is_no_path() {
        assert_eq!(path("/mp_1").unwrap().to_str(), Some("/dev/shm/mp_1"));
        for name in ["", "/", "/..", "/.", "/a/b", "/a\0b", &"x".repeat(300)] {
            assert_eq!(path(name), None);
        }
    }
}
