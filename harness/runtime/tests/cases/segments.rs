//! Named segments: what is left behind by whom, and who removes it.

use std::collections::BTreeSet;
use std::time::Duration;

use multiprocess::named::{SharedMemory, Tracker, Tracking, exists, sweep};
use multiprocess::{Process, RawValue, Status};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, setpgid};

use super::Case;
use super::house::shared_memory_files;
use super::process::LONG;

pub(super) const CASES: &[Case] = &[
    ("a_named_segment_is_shared_by_its_name", by_its_name),
    ("a_named_segment_that_cannot_be_is_an_error", that_cannot_be),
    ("only_the_owner_unlinks_what_it_made", only_the_owner),
    ("a_killed_owner_leaves_a_segment_and_the_next_start_sweeps_it", killed_owner),
    ("a_segment_of_a_living_owner_is_not_swept", living_owner),
    ("an_unrelated_attacher_unlinks_as_in_cpython_only_if_asked_to", unrelated_attacher),
    ("a_related_attacher_shares_the_tracker_and_unlinks_nothing", related_attacher),
    ("a_tracker_ignores_signals_and_unlinks_when_its_process_is_killed", tracker_outlives),
    ("a_killed_group_leaks_exactly_its_segments_and_they_are_swept", killed_group),
    ("a_tracker_that_another_process_keeps_is_not_waited_for_for_ever", tracker_kept),
    ("fifty_segments_leave_nothing", fifty_leave_nothing),
];

/// How many segments a case leaves behind: as many as CPython's semaphores of a killed pool.
const SEGMENTS: usize = 6;

/// The names that came since `before`, with their slash.
fn new_since(before: &BTreeSet<std::ffi::OsString>) -> Vec<String> {
    let now = shared_memory_files();
    now.difference(before).map(|name| format!("/{}", name.to_str().unwrap())).collect()
}

fn by_its_name() {
    let segment = SharedMemory::create(5_001, Tracking::OwnerOnly).unwrap();
    assert_eq!((segment.len(), segment.is_empty()), (5_001, false));
    segment.write(4_990, b"from here").unwrap();
    let body = || {
        let same = SharedMemory::attach(segment.name(), Tracking::OwnerOnly).unwrap();
        let mut bytes = [0; 11];
        same.read(4_990, &mut bytes).unwrap();
        same.write(1, b"from there").unwrap();
        same.close();
        i32::from(&bytes != b"from here\0\0")
    };
    assert_eq!(Process::start(&[], body).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    let mut bytes = [0; 10];
    segment.read(1, &mut bytes).unwrap();
    assert_eq!(&bytes, b"from there");
    segment.read(5_001, &mut []).unwrap();
    for (offset, len) in [(5_001, 1), (0, 5_002), (usize::MAX, 2), (5_000, usize::MAX / 2)] {
        let said = format!("{len} bytes at {offset} do not lie inside a named segment of 5001 bytes");
        if len < 10_000 {
            assert_eq!(segment.read(offset, &mut vec![0; len]).unwrap_err().to_string(), said);
            assert_eq!(segment.write(offset, &vec![0; len]).unwrap_err().to_string(), said);
        }
    }
    segment.unlink().unwrap();
    assert!(!exists(segment.name()).unwrap());
    assert!(segment.unlink().unwrap_err().is_no_such_segment());
    assert!(SharedMemory::attach(segment.name(), Tracking::OwnerOnly).unwrap_err().is_no_such_segment());
    segment.read(1, &mut bytes).unwrap();
    assert_eq!(&bytes, b"from there", "the memory is there as long as somebody has it");
}

fn that_cannot_be() {
    let before = shared_memory_files();
    let create = |bytes| SharedMemory::create(bytes, Tracking::OwnerOnly).unwrap_err().to_string();
    assert_eq!(create(0), "a named segment has at least one byte, and 0 were asked for");
    for bytes in [1 << 45, 1 << 62, usize::MAX] {
        assert!(create(bytes).contains("memory"), "{}", create(bytes));
    }
    for name in ["", "/", "/a/b", "/../x", "/nul\0byte", &"x".repeat(300)] {
        let error = SharedMemory::attach(name, Tracking::OwnerOnly).unwrap_err();
        assert!(error.to_string().contains("cannot be the name") || error.is_no_such_segment(), "{name:?}: {error}");
        assert!(exists(name).is_err(), "{name:?}");
    }
    assert!(SharedMemory::attach("/mp_nobody", Tracking::OwnerOnly).unwrap_err().is_no_such_segment());
    let empty = format!("/mp_empty_{}", std::process::id());
    std::fs::File::create(format!("/dev/shm{empty}")).unwrap();
    let error = SharedMemory::attach(&empty, Tracking::OwnerOnly).unwrap_err();
    std::fs::remove_file(format!("/dev/shm{empty}")).unwrap();
    assert!(error.to_string().contains("no bytes"), "{error}");
    assert_eq!(shared_memory_files(), before);
}

fn only_the_owner() {
    let segment = SharedMemory::create(1, Tracking::OwnerOnly).unwrap();
    let name = segment.name().to_owned();
    for _ in 0..2 {
        let attached = SharedMemory::attach(&name, Tracking::OwnerOnly).unwrap();
        drop(attached);
        assert!(exists(&name).unwrap(), "who attaches is not responsible");
    }
    drop(segment);
    assert!(!exists(&name).unwrap());
    let attached = SharedMemory::create(1, Tracking::OwnerOnly).unwrap();
    let other = SharedMemory::attach(attached.name(), Tracking::OwnerOnly).unwrap();
    other.unlink().unwrap();
    drop(attached);
}

/// Makes segments in a process that is killed by `how`, and tells what it left.
fn left_by_a_killed(count: usize) -> (Process, Vec<String>) {
    let before = shared_memory_files();
    let body = || {
        let _segments: Vec<_> = (0..count).map(|_| SharedMemory::create(4_096, Tracking::OwnerOnly).unwrap()).collect();
        raise(Signal::SIGKILL).unwrap();
        0
    };
    let process = Process::start(&[], body).unwrap();
    while process.exit_status().unwrap().is_none() {
        std::thread::yield_now();
    }
    assert_eq!(process.exit_status().unwrap(), Some(Status::Signalled(9)));
    (process, new_since(&before))
}

fn killed_owner() {
    let before = shared_memory_files();
    let (mut process, left) = left_by_a_killed(SEGMENTS);
    process.join(LONG).unwrap();
    assert_eq!(left.len(), SEGMENTS, "nobody is there to unlink them");
    assert_eq!(new_since(&before), left);
    let next = SharedMemory::create(1, Tracking::OwnerOnly).unwrap();
    assert_eq!(new_since(&before), [next.name()], "the next start swept them");
    drop(next);
    assert_eq!(shared_memory_files(), before);
    // Dead is dead, reaped or not.
    let (mut process, left) = left_by_a_killed(1);
    assert_eq!(sweep().unwrap(), left);
    process.join(LONG).unwrap();
    assert_eq!(sweep().unwrap(), [""; 0]);
    assert_eq!(shared_memory_files(), before);
}

fn living_owner() {
    let before = shared_memory_files();
    let segment = SharedMemory::create(1, Tracking::OwnerOnly).unwrap();
    let name = segment.name().to_owned();
    segment.close();
    let elsewhere = || sweep().unwrap().len() as i32;
    assert_eq!(Process::start(&[], elsewhere).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(new_since(&before), [name.as_str()], "closed is not unlinked, and its owner lives");
    SharedMemory::attach(&name, Tracking::OwnerOnly).unwrap().unlink().unwrap();
    assert_eq!(shared_memory_files(), before);
}

/// Row 21: a process that has nothing to do with the segment's looks at it and leaves.
fn unrelated_attacher() {
    let creator = Tracker::start().unwrap();
    for (as_cpython, survives) in [(false, true), (true, false)] {
        let segment = SharedMemory::create(10, Tracking::AsCPython(&creator)).unwrap();
        let body = || {
            // Its own tracker: it does not descend from a process that has one, as far as trackers know.
            let own = as_cpython.then(|| Tracker::start().unwrap());
            let tracking = own.as_ref().map_or(Tracking::OwnerOnly, Tracking::AsCPython);
            SharedMemory::attach(segment.name(), tracking).unwrap().close();
            own.map_or(0, |tracker| i32::from(tracker.end(LONG).is_err()))
        };
        assert_eq!(Process::start(&[], body).unwrap().join(LONG).unwrap().status, Status::Exited(0));
        assert_eq!(exists(segment.name()).unwrap(), survives);
        let unlinked = segment.unlink();
        assert_eq!(unlinked.is_ok(), survives);
        assert!(survives || unlinked.unwrap_err().is_no_such_segment(), "CPython's FileNotFoundError");
    }
    creator.end(LONG).unwrap();
}

fn related_attacher() {
    let tracker = Tracker::start().unwrap();
    let segment = SharedMemory::create(10, Tracking::AsCPython(&tracker)).unwrap();
    let attach = || {
        SharedMemory::attach(segment.name(), Tracking::AsCPython(&tracker)).unwrap().close();
        0
    };
    assert_eq!(Process::start(&[&tracker], attach).unwrap().join(LONG).unwrap().status, Status::Exited(0));
    assert!(exists(segment.name()).unwrap());
    let name = segment.name().to_owned();
    drop(segment);
    assert!(exists(&name).unwrap(), "with a tracker, dropping is closing");
    tracker.end(LONG).unwrap();
    assert!(!exists(&name).unwrap(), "the tracker unlinks what nobody did");
}

/// What a process left that was killed by `how` with a tracker of its own in its group; both are reaped.
fn left_with_a_tracker(how: impl Fn(Pid)) -> usize {
    let before = shared_memory_files();
    // The orphaned tracker comes to this process.
    set_child_subreaper(true).unwrap();
    let [ready, tracker_pid] = [(); 2].map(|()| RawValue::new(0_u32).unwrap());
    let body = || {
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).unwrap();
        let tracker = Tracker::start().unwrap();
        let tracking = Tracking::AsCPython(&tracker);
        let _segments: Vec<_> = (0..SEGMENTS).map(|_| SharedMemory::create(4_096, tracking).unwrap()).collect();
        tracker_pid.store(tracker.pid());
        ready.store(1);
        loop {
            nix::unistd::pause();
        }
    };
    let mut process = Process::start(&[], body).unwrap();
    while ready.load() == 0 {
        std::thread::yield_now();
    }
    assert_eq!(new_since(&before).len(), SEGMENTS);
    let tracker = Pid::from_raw(tracker_pid.load().cast_signed());
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        kill(tracker, signal).unwrap();
    }
    how(Pid::from_raw(process.pid().cast_signed()));
    assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(9));
    let ended = waitpid(tracker, None).unwrap();
    set_child_subreaper(false).unwrap();
    let left = new_since(&before).len();
    match left {
        0 => assert_eq!(ended, WaitStatus::Exited(tracker, 0)),
        _ => assert_eq!(ended, WaitStatus::Signaled(tracker, Signal::SIGKILL, false)),
    }
    left
}

fn tracker_outlives() {
    assert_eq!(left_with_a_tracker(|process| kill(process, Signal::SIGKILL).unwrap()), 0);
}

fn killed_group() {
    let before = shared_memory_files();
    assert_eq!(left_with_a_tracker(|process| killpg(process, Signal::SIGKILL).unwrap()), SEGMENTS);
    let left = new_since(&before);
    let mut swept = sweep().unwrap();
    swept.sort_unstable();
    assert_eq!(swept, left);
    assert_eq!(shared_memory_files(), before);
}

fn tracker_kept() {
    let tracker = Tracker::start().unwrap();
    let segment = SharedMemory::create(10, Tracking::AsCPython(&tracker)).unwrap();
    let name = segment.name().to_owned();
    let body = || {
        nix::unistd::pause();
        0
    };
    let mut keeper = Process::start(&[&tracker], body).unwrap();
    drop(segment);
    assert!(tracker.is_alive());
    assert!(tracker.end(Duration::from_millis(20)).unwrap_err().is_deadline(), "its pipe has not ended");
    keeper.kill();
    keeper.join(LONG).unwrap();
    assert!(exists(&name).unwrap(), "a killed tracker unlinks nothing");
    SharedMemory::attach(&name, Tracking::OwnerOnly).unwrap().unlink().unwrap();
}

fn fifty_leave_nothing() {
    let held = || (std::fs::read_dir("/proc/self/fd").unwrap().count(), shared_memory_files());
    let before = held();
    for round in 0..50_u8 {
        let segment = SharedMemory::create(10, Tracking::OwnerOnly).unwrap();
        segment.write(0, &[round]).unwrap();
        let mut seen = [0];
        SharedMemory::attach(segment.name(), Tracking::OwnerOnly).unwrap().read(0, &mut seen).unwrap();
        assert_eq!(seen, [round]);
    }
    assert_eq!(held(), before);
}
