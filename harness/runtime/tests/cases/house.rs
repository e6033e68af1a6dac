//! The invariants that hold after every case.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Runs a case once to warm up, then again, and demands that the second time changed nothing in this process.
pub(super) fn unchanged_by(case: &fn()) {
    case();
    let before = Inventory::taken();
    case();
    assert_eq!(before, Inventory::taken(), "the case left something behind");
}

/// What this process holds.
#[derive(Debug, PartialEq, Eq)]
struct Inventory {
    descriptors: BTreeSet<(String, PathBuf)>,
    threads: usize,
    children: bool,
}

impl Inventory {
    fn taken() -> Self {
        let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let descriptors = descriptors
            .filter_map(|entry| {
                // The descriptor of this very listing has no target any more.
                Some((entry.file_name().into_string().unwrap(), std::fs::read_link(entry.path()).ok()?))
            })
            .filter(|(_, target)| !target.starts_with("/proc"))
            .collect();
        let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
        let children = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG)).is_ok();
        Self { descriptors, threads, children }
    }
}

/// What lies in `/dev/shm`.
pub(super) fn shared_memory_files() -> BTreeSet<std::ffi::OsString> {
    std::fs::read_dir("/dev/shm").into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}
