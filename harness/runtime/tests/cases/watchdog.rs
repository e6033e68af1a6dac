//! Children that hang on purpose, and the watchdog that finds out.

use std::os::unix::process::parent_id;
use std::sync::{Mutex, OnceLock, RwLock, mpsc};
use std::time::{Duration, Instant};

use multiprocess::trap::{self, SilentStderr};
use multiprocess::watchdog::{NamedLock, Watchdog, Watched, futex_awaited_by, this_thread};

use super::Case;

pub(super) const CASES: &[Case] = &[
    ("four_locks_held_at_a_fork_are_named_in_100_reports", four_locks),
    ("a_child_that_ends_well_is_not_reported", ends_well),
    ("a_child_that_sleeps_and_goes_on_is_not_reported", sleeps_and_goes_on),
    ("a_child_that_works_for_ever_is_ended_at_its_deadline", works_for_ever),
    ("a_child_that_is_killed_is_not_called_hung", killed),
    ("a_child_that_is_not_watched_is_ended_when_dropped", dropped),
    ("a_careful_fork_is_refused_while_there_are_threads", refused),
    ("a_child_holds_no_descriptor_of_its_parent", no_descriptors),
];

const PATIENT: Duration = Duration::from_secs(30);
const RUNS: u32 = 25;

/// Runs `work` while another thread is inside `hold`, where that calls its argument.
fn while_held<T>(hold: impl FnOnce(&dyn Fn()) + Send, work: impl FnOnce() -> T) -> T {
    let (tell, held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            hold(&|| {
                tell.send(()).unwrap();
                released.recv().unwrap_err();
            });
        });
        held.recv().unwrap();
        let done = work();
        drop(release);
        done
    })
}

/// Forks while `hold` holds `lock`, and demands a proof that the child waits for just that.
fn check_named(lock: NamedLock, name: &str, hold: impl FnOnce(&dyn Fn()) + Send, child: impl FnOnce()) {
    let watched = while_held(hold, || {
        let child = trap::fork_despite_threads(|| {
            child();
            0
        });
        Watchdog::new(PATIENT).knowing(lock).watch(child.unwrap()).unwrap()
    });
    let report = watched.report().unwrap();
    assert!(report.proven && report.waits_for(name), "{report}");
    assert_eq!((report.state, report.threads), (Some('S'), Some(1)), "{report}");
    assert!(report.watched < PATIENT / 3, "{report}");
}

fn four_locks() {
    let _silence = SilentStderr::begin().unwrap();
    let stderr = futex_of_stderr();
    for _ in 0..RUNS {
        let mutex = Mutex::new(0);
        let hold = |wait: &dyn Fn()| {
            let _held = mutex.lock().unwrap();
            wait();
        };
        check_named(NamedLock::of("mutex", &mutex), "mutex", hold, || drop(mutex.lock()));

        let table = RwLock::new([0; 8]);
        let hold = |wait: &dyn Fn()| {
            let _held = table.write().unwrap();
            wait();
        };
        check_named(NamedLock::of("table", &table), "table", hold, || drop(table.read()));

        let once = OnceLock::new();
        let hold = |wait: &dyn Fn()| {
            once.get_or_init(wait);
        };
        check_named(NamedLock::of("once", &once), "once", hold, || once.get_or_init(|| ()).to_owned());

        let hold = |wait: &dyn Fn()| {
            let _held = std::io::stderr().lock();
            wait();
        };
        check_named(NamedLock::at("stderr", stderr), "stderr", hold, || eprintln!("hello from the child"));
    }
    settle();
}

/// Where a thread waits for the lock of standard error.
fn futex_of_stderr() -> usize {
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        let held = std::io::stderr().lock();
        scope.spawn(move || {
            tell.send(this_thread()).unwrap();
            drop(std::io::stderr().lock());
        });
        let futex = futex_awaited_by(told.recv().unwrap(), PATIENT);
        drop(held);
        futex.unwrap()
    })
}

fn ends_well() {
    for code in 0..50 {
        let child = trap::fork_despite_threads(|| code).unwrap();
        assert_eq!(Watchdog::new(PATIENT).watch(child).unwrap().exit_code(), Some(code));
    }
}

/// It sleeps in futexes with a timeout, which look almost like a deadlock, for longer than the watchdog needs to prove one.
fn sleeps_and_goes_on() {
    let child = trap::fork_despite_threads(|| {
        let (_sender, receiver) = mpsc::channel::<()>();
        for _ in 0..20 {
            receiver.recv_timeout(Duration::from_millis(10)).unwrap_err();
        }
        7
    });
    assert_eq!(Watchdog::new(PATIENT).watch(child.unwrap()).unwrap().exit_code(), Some(7));
}

fn works_for_ever() {
    let child = trap::fork_despite_threads(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    let watched = Watchdog::new(Duration::from_millis(200)).watch(child.unwrap()).unwrap();
    let report = watched.report().unwrap();
    assert!(!report.proven && report.futex.is_none() && report.lock.is_none(), "{report}");
    assert!(report.watched >= Duration::from_millis(200) && report.usage.user > Duration::ZERO, "{report}");
}

fn killed() {
    let child = trap::fork_despite_threads(|| {
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGTERM).unwrap();
        0
    });
    let watched = Watchdog::new(PATIENT).watch(child.unwrap()).unwrap();
    let Watched::Ended { status, .. } = watched else { panic!("{watched:?}") };
    assert_eq!(status, multiprocess::Status::Signalled(15));
}

fn dropped() {
    let begin = Instant::now();
    drop(trap::fork_despite_threads(|| {
        loop {
            std::thread::park();
        }
    }));
    assert!(begin.elapsed() < PATIENT);
}

fn refused() {
    let child = trap::fork_alone(|| 3).unwrap();
    assert_eq!(Watchdog::new(PATIENT).watch(child).unwrap().exit_code(), Some(3));
    while_held(|wait| wait(), || assert!(trap::fork_alone(|| 3).unwrap_err().is_fork_refused()));
    settle();
}

/// Waits until threads that were joined are no longer listed either; the inventory wants them gone.
pub(super) fn settle() {
    while trap::thread_count().unwrap() > 1 {
        std::thread::yield_now();
    }
}

fn no_descriptors() {
    let parent = std::process::id();
    let (_reader, _writer) = std::io::pipe().unwrap();
    let child = trap::fork_despite_threads(|| {
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count();
        // Three standard ones, the lifeline, and the listing itself.
        if open == 5 && parent_id() == parent { 0 } else { 1 }
    });
    assert_eq!(Watchdog::new(PATIENT).watch(child.unwrap()).unwrap().exit_code(), Some(0));
}
