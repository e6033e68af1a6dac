//! The invariants that hold after every case.

use std::collections::BTreeSet;
use std::fs::File;
use std::panic::{catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use multiprocess::trace::Trace;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::resource::{Resource, getrlimit};

/// How often a case is run at most: a slow leak shows by then.
const ROUNDS: usize = 50;

/// No further round begins after this long; a case that takes longer is run twice.
const LONG_ENOUGH: Duration = Duration::from_millis(100);

/// What the allocator may keep from round to round without it being called a leak, in bytes.
const RSS_SLACK_BYTES: u64 = 4 << 20;

/// Runs a case once to warm up, then again and again, and demands that no further round changes anything in this process.
pub(super) fn unchanged_by(case: &fn()) {
    let begin = Instant::now();
    traced(case);
    let (before, rss) = (Inventory::taken(), rss_bytes());
    for round in 1..ROUNDS {
        traced(case);
        assert_eq!(before, Inventory::taken(), "round {round} of the case left something behind");
        if begin.elapsed() > LONG_ENOUGH {
            return;
        }
    }
    let now = rss_bytes();
    assert!(now <= rss + rss / 10 + RSS_SLACK_BYTES, "{ROUNDS} rounds grew the process from {rss} to {now} bytes");
}

/// Threads and events of each that a trace has room for.
const TRACED: (usize, usize) = (128, 1_000);

/// How many events are shown of a case that fails.
const EVENTS_SHOWN: usize = 100;

/// Runs a case under a trace of its own, whose last events say what led to a failure.
fn traced(case: &fn()) {
    let trace = Trace::create(TRACED.0, TRACED.1).unwrap();
    let _recording = trace.record();
    if let Err(failure) = catch_unwind(case) {
        eprintln!("{}", trace.tail(EVENTS_SHOWN));
        resume_unwind(failure);
    }
}

/// What this process holds, and what it has set.
#[derive(Debug, PartialEq, Eq)]
struct Inventory {
    descriptors: BTreeSet<(String, PathBuf)>,
    threads: usize,
    children: bool,
    signals: Vec<String>,
    open_files: (u64, u64),
    directory: PathBuf,
    temporary: BTreeSet<std::ffi::OsString>,
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
        Self {
            descriptors,
            threads: threads(),
            children: nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG)).is_ok(),
            signals: signals(),
            open_files: getrlimit(Resource::RLIMIT_NOFILE).unwrap(),
            directory: std::env::current_dir().unwrap(),
            temporary: own_temporary_files(),
        }
    }
}

/// The threads of this process, once those that were joined are gone: a join may return a moment before the kernel takes its thread
/// off the list.
fn threads() -> usize {
    let count = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let begin = Instant::now();
    while count() > 1 && begin.elapsed() < Duration::from_millis(200) {
        std::thread::yield_now();
    }
    count()
}

/// Which signals are blocked, ignored and caught (proc(5)).
fn signals() -> Vec<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let about_signals = |line: &&str| ["SigBlk", "SigIgn", "SigCgt"].iter().any(|name| line.starts_with(name));
    status.lines().filter(about_signals).map(str::to_owned).collect()
}

/// What this process has made in the folder for temporary files, by the pid in its name.
fn own_temporary_files() -> BTreeSet<std::ffi::OsString> {
    let pid = std::process::id().to_string();
    let files = std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten().map(|entry| entry.file_name());
    files.filter(|name| name.to_string_lossy().contains(&format!("-{pid}-"))).collect()
}

/// The resident size of this process: the second number of `/proc/self/statm`, in pages of 4,096 bytes (proc(5)).
fn rss_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

/// What lies in `/dev/shm`.
pub(super) fn shared_memory_files() -> BTreeSet<std::ffi::OsString> {
    std::fs::read_dir("/dev/shm").into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}

/// Held by every case that runs, also of another run on this machine, and alone by one that has segments in `/dev/shm` for a while: the others
/// see that nothing comes there. It is a lock of the directory itself (flock(2)), so that there is no file to leave behind.
pub(super) fn shared_memory_lock(kind: FlockArg) -> Option<Flock<File>> {
    let mut directory = File::open("/dev/shm").ok()?;
    loop {
        match Flock::lock(directory, kind) {
            Ok(locked) => return Some(locked),
            Err((back, Errno::EINTR)) => directory = back,
            Err((_, fault)) => panic!("/dev/shm can be opened and not locked: {fault}"),
        }
    }
}
