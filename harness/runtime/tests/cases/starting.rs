//! What holds for a process whatever method starts it: one suite, three methods.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use multiprocess::StartMethod;
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::process::{ActiveChild, Context, Options, active_children, finish_children};
use multiprocess::{Process, Status, wait};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::bodies::{Abandon, Converse, Descriptors, Idle, Leave, Name, PANICKED, Parent, Tree, number};
use super::functions::{Breed, Bytes, Killed, Luggage, Offset, Square, Unheard, Unlucky};
use super::process::LONG;

pub(super) const CASES: &[Case] = by_every_method![
    "a_process_delivers_its_output_or_how_it_ended" => outputs_and_ends,
    "a_large_output_waits_for_no_reader" => large_output,
    "a_process_is_waited_for_and_ended_by_its_sentinel" => sentinel,
    "fifty_processes_run_at_once" => many,
    "a_process_has_the_descriptors_it_needs_and_no_more" => descriptors,
    "a_process_is_handed_descriptors" => handed,
    "processes_start_processes_in_turn" => recursion,
    "processes_are_started_by_threads_and_outlive_them" => outlives_its_thread,
    "join_returns_although_a_grandchild_lives" => grandchild_lives,
    "a_process_waits_for_no_thread_it_has_left" => threads_are_left,
    "daemons_are_terminated_and_others_joined_at_the_end" => end_of_the_parent,
    "daemonic_workers_have_no_children" => daemonic_workers,
    "what_a_process_counts_is_known" => counts,
];

fn context(method: StartMethod) -> Context {
    let context = Context::new(method).unwrap();
    assert_eq!(context.method(), method);
    context
}

fn outputs_and_ends(method: StartMethod) {
    let context = context(method);
    let mut square = context.start(Options::new(), &Square, 7, &[]).unwrap();
    assert_eq!(square.output(LONG).unwrap(), 49);
    assert_eq!(square.output(LONG).unwrap(), 49, "an output can be had twice");
    assert_eq!(square.close().unwrap().status, Status::Exited(0));

    let mut unlucky = context.start(Options::new(), &Unlucky, 13, &[]).unwrap();
    let error = unlucky.output(LONG).unwrap_err();
    assert!(error.is_task_failed() && error.to_string().contains("thirteen"), "{error}");
    assert_eq!(unlucky.exit_status().unwrap(), Some(PANICKED));

    for code in [0, 3, 255] {
        let mut leaver = context.start(Options::new(), &Leave, code, &[]).unwrap();
        assert_eq!(leaver.join(LONG).unwrap().status, Status::Exited(code));
        assert!(leaver.output(LONG).is_err());
    }
    let mut killed = context.start(Options::new(), &Killed, 13, &[]).unwrap();
    assert!(killed.output(LONG).unwrap_err().to_string().contains("SIGKILL"));
    assert_eq!(killed.exit_status().unwrap(), Some(Status::Signalled(9)));

    let mut unheard = context.start(Options::new(), &Unheard, 1, &[]).unwrap();
    assert!(unheard.output(LONG).unwrap_err().to_string().contains("'cases::Unheard'"));
}

fn large_output(method: StartMethod) {
    let mut process = context(method).start(Options::new(), &Bytes, 5_000_000, &[]).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(process.output(LONG).unwrap().len(), 5_000_000);
}

fn sentinel(method: StartMethod) {
    let context = context(method);
    for (end, signal) in [(Process::terminate as fn(&Process<()>), 15), (Process::kill, 9)] {
        let start = |_| context.start(Options::new(), &Idle, (), &[]).unwrap();
        let processes: Vec<_> = (0..3).map(start).collect();
        let sentinels: Vec<_> = processes.iter().map(Process::sentinel).collect();
        assert_eq!(wait(&sentinels, Duration::ZERO).unwrap(), []);
        end(&processes[1]);
        assert_eq!(wait(&sentinels, LONG).unwrap(), [1]);
        let alive: Vec<_> = processes.iter().map(|process| process.is_alive().unwrap()).collect();
        assert_eq!(alive, [true, false, true]);
        assert_eq!(processes[1].exit_status().unwrap(), Some(Status::Signalled(signal)));
        let mut processes = processes.into_iter();
        let running = processes.next().unwrap().close().unwrap_err();
        assert!(running.is_alive().unwrap());
        assert_eq!(processes.next().unwrap().close().unwrap().status, Status::Signalled(signal));
    }
}

/// CPython's `test_many_processes`.
fn many(method: StartMethod) {
    let context = context(method);
    let mut processes: Vec<_> =
        (0..50).map(|item| context.start(Options::new(), &Square, item, &[]).unwrap()).collect();
    let squares: Vec<u64> = processes.iter_mut().map(|process| process.output(LONG).unwrap()).collect();
    assert_eq!(squares, (0..50).map(|item| item * item).collect::<Vec<_>>());
    let mut endless: Vec<_> = (0..50).map(|_| context.start(Options::new(), &Idle, (), &[]).unwrap()).collect();
    let pids: BTreeSet<u32> = endless.iter().map(Process::pid).collect();
    assert_eq!((pids.len(), active_children().len()), (50, 50));
    endless.iter().for_each(Process::terminate);
    for process in &mut endless {
        assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(15));
    }
    assert_eq!(active_children(), []);
}

/// CPython's `test_child_fd_inflation` and `TestCloseFds`.
fn descriptors(method: StartMethod) {
    let _ours = [std::fs::File::open("/proc/self/status"), std::fs::File::open("/dev/zero")];
    let (_reader, _writer) = std::io::pipe().unwrap();
    let context = context(method);
    let _siblings: Vec<_> = (0..5).map(|_| context.start(Options::new(), &Idle, (), &[]).unwrap()).collect();
    let has = context.start(Options::new(), &Descriptors, (), &[]).unwrap().output(LONG).unwrap();
    let kind = |target: &str| target.split(':').next().unwrap().to_owned();
    let above: Vec<String> = has.iter().filter(|(fd, _)| *fd > 2).map(|(_, target)| kind(target)).collect();
    assert_eq!(has[0], (0, "/dev/null".to_owned()), "{has:?}");
    // Its lifeline, its place to count in, where its output goes; and every case is traced.
    assert_eq!(above.iter().filter(|kind| *kind == "socket").count(), 1, "{has:?}");
    assert_eq!(above.iter().filter(|kind| kind.starts_with("/memfd")).count(), 3, "{has:?}");
    assert_eq!(above.len(), 4, "{has:?}");
}

fn handed(method: StartMethod) {
    let (go, mut tell) = std::io::pipe().unwrap();
    let (mut hear, say) = std::io::pipe().unwrap();
    let handed = [go.as_fd(), say.as_fd()];
    let mut process = context(method).start(Options::new(), &Converse, "hello".to_owned(), &handed).unwrap();
    drop((go, say));
    tell.write_all(&[1]).unwrap();
    let mut heard = String::new();
    // To the end: nobody but the process holds the other side.
    hear.read_to_string(&mut heard).unwrap();
    assert_eq!((heard.as_str(), process.output(LONG).unwrap()), ("hello", 1));
}

/// CPython's `test_recursion`.
fn recursion(method: StartMethod) {
    let mut root = context(method).start(Options::new(), &Tree, (number(method), 3), &[]).unwrap();
    assert_eq!(root.output(2 * LONG).unwrap(), 1 + 2 + 4 + 8);
}

/// Fault: `PR_SET_PDEATHSIG` would end a process with the thread that has started it.
fn outlives_its_thread(method: StartMethod) {
    let context = context(method);
    let (go, mut tell) = std::io::pipe().unwrap();
    let (_hear, say) = std::io::pipe().unwrap();
    let start = || context.start(Options::new(), &Converse, String::new(), &[go.as_fd(), say.as_fd()]).unwrap();
    let mut processes: Vec<_> =
        std::thread::scope(|scope| (0..4).map(|_| scope.spawn(start).join().unwrap()).collect());
    super::watchdog::settle();
    assert!(processes.iter().all(|process| process.is_alive().unwrap()));
    tell.write_all(&[1; 4]).unwrap();
    for process in &mut processes {
        assert_eq!(process.output(LONG).unwrap(), 1);
    }
}

/// Fault 23 of the matrix.
fn grandchild_lives(method: StartMethod) {
    nix::sys::prctl::set_child_subreaper(true).unwrap();
    let mut process = context(method).start(Options::new(), &Parent, (), &[]).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    let grandchild = Pid::from_raw(process.output(LONG).unwrap().cast_signed());
    // Alive after the join has returned: SIGKILL ends it, and we are the one to see that.
    let stat = std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap();
    assert!(!stat.contains(") Z "), "{stat}");
    kill(grandchild, Signal::SIGKILL).unwrap();
    let ended = nix::sys::wait::waitpid(grandchild, None).unwrap();
    assert_eq!(ended, nix::sys::wait::WaitStatus::Signaled(grandchild, Signal::SIGKILL, false));
}

/// What CPython's `test_wait_for_threads` asks for, answered otherwise: see `Process::start`, "Threads".
fn threads_are_left(method: StartMethod) {
    let mut process = context(method).start(Options::new(), &Abandon, (), &[]).unwrap();
    assert_eq!(process.output(LONG).unwrap(), 2);
}

fn end_of_the_parent(method: StartMethod) {
    let context = context(method);
    let start = |name: &str, daemon| context.start(Options::new().name(name).daemon(daemon), &Idle, (), &[]).unwrap();
    let mut named = context.start(Options::new().name("a name"), &Name, (), &[]).unwrap();
    assert_eq!(named.output(LONG).unwrap(), ("a name".to_owned(), named.pid()));
    let mut numbered = context.start(Options::new(), &Name, (), &[]).unwrap();
    assert_eq!(numbered.output(LONG).unwrap().0, numbered.name());
    assert!(numbered.name().starts_with("Process-"));

    let mut daemon = start("daemon", true);
    start("left", true).detach();
    let mut worker = context.start(Options::new().name("worker"), &Square, 3, &[]).unwrap();
    let active = |child: &ActiveChild| (child.name.clone(), child.daemon);
    let names: Vec<_> = active_children().iter().map(active).filter(|(name, _)| name != "worker").collect();
    assert_eq!(names, [("daemon".to_owned(), true), ("left".to_owned(), true)]);
    finish_children(LONG).unwrap();
    assert_eq!(daemon.join(Duration::ZERO).unwrap().status, Status::Signalled(15));
    assert_eq!(worker.output(Duration::ZERO).unwrap(), 9);

    // Neither a daemon nor near its end: killed at the limit, and said so.
    let mut endless = start("endless", false);
    assert!(finish_children(Duration::from_millis(20)).unwrap_err().is_deadline());
    assert_eq!(endless.join(Duration::ZERO).unwrap().status, Status::Signalled(9));
    assert_eq!(active_children(), []);
}

/// Fault 14 of the matrix.
fn daemonic_workers(method: StartMethod) {
    let told = "daemonic processes are not allowed to have children";
    let pool = Pool::start(Config::new(2).start_method(method)).unwrap();
    let mut heard: Vec<String> = pool.map(Breed, vec![1, 2, 3], Chunksize::from(1)).unwrap().concat();
    assert_eq!(pool.finish().unwrap().len(), 2);
    let mut daemon = context(method).start(Options::new().daemon(true), &Breed, 1, &[]).unwrap();
    heard.extend(daemon.output(LONG).unwrap());
    assert_eq!(heard, vec![told; 4 * 6]);
    assert!(!multiprocess::is_daemonic());
}

fn counts(method: StartMethod) {
    let luggage = Offset(Luggage(vec![5; 10]));
    let mut process = context(method).start(Options::new(), &luggage, 1, &[]).unwrap();
    assert_eq!(process.output(LONG).unwrap(), 6);
    let counts = process.counts();
    assert_eq!((counts.tasks, counts.reads.calls, counts.messages), (1, 1, 1));
    assert_eq!((counts.loads.calls, counts.dumps.calls), (1, 1));
    assert_eq!(counts.marks["luggage_loads"], 1);
}
