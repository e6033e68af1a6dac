//! Managers whose server is stopped: every limit holds, and what was released meanwhile is told later.

use std::time::Duration;

use multiprocess::StartMethod;
use multiprocess::manager::Manager;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::manager::{Ask, Fussy, manager};
use super::process::until;

pub(super) const CASES: &[Case] = by_every_method![
    "a_stopped_manager_is_a_deadline_and_is_told_later_what_was_released" => stopped,
    "a_stopped_manager_keeps_nobody_from_another_manager" => another,
];

/// Stops a server, and waits until each of its threads has stopped: the signal alone is not that.
fn stop(manager: &Manager) {
    kill(Pid::from_raw(manager.pid().cast_signed()), Signal::SIGSTOP).unwrap();
    let threads = format!("/proc/{}/task", manager.pid());
    // The state of a thread is the first field after its name (proc(5)).
    let is_stopped = |stat: String| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'));
    until(|| {
        let mut threads = std::fs::read_dir(&threads).unwrap().flatten();
        threads.all(|thread| std::fs::read_to_string(thread.path().join("stat")).is_ok_and(is_stopped))
    });
}

fn go_on(manager: &Manager) {
    kill(Pid::from_raw(manager.pid().cast_signed()), Signal::SIGCONT).unwrap();
}

/// A stopped server answers nobody; neither does it keep anybody, and it forgets nothing when it goes on.
fn stopped(method: StartMethod) {
    let manager = manager(method);
    let kept = manager.value(1_i64).unwrap();
    let fussy = manager.create::<Fussy>(&true).unwrap().limited(Duration::from_millis(50));
    let values: Vec<_> = (0..20).map(|_| manager.value(0_i64).unwrap()).collect();
    stop(&manager);
    for _ in 0..3 {
        assert!(fussy.call(&Ask::Greet(String::new())).map(drop).unwrap_err().is_deadline());
    }
    drop(values);
    go_on(&manager);
    assert_eq!(kept.get().unwrap(), 1);
    until(|| manager.state().unwrap().connections == 1);
    assert_eq!(manager.state().unwrap().objects, 2);
    stop(&manager);
    assert!(manager.finish(Duration::from_millis(20)).unwrap_err().is_deadline());
    assert!(kept.get().unwrap_err().is_manager_died());
}

/// A thread that waits to be let in by a stopped server holds no lock that a client of another manager needs.
fn another(method: StartMethod) {
    let (silent, other) = (manager(method), manager(StartMethod::Spawn));
    stop(&silent);
    let before = sockets();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| silent.value(1_i64).unwrap().get().unwrap());
        // Its socket is connected, and waits for the welcome.
        until(|| sockets() > before);
        for _ in 0..5 {
            // The last proxy goes with each, so that each connects anew.
            assert_eq!(other.value(2_i64).unwrap().get().unwrap(), 2);
        }
        assert!(!waiting.is_finished());
        go_on(&silent);
        assert_eq!(waiting.join().unwrap(), 1);
    });
    super::watchdog::settle();
}

/// The sockets of this process.
fn sockets() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let leads = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    leads.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}
