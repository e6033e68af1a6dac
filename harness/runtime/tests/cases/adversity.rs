//! What a start, a process and its parent survive, by every method: rows 17, 18, 24 and 27 of the fault matrix, and signals.

use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use multiprocess::StartMethod::{self, Fork, ForkServer, Spawn};
use multiprocess::process::{Context, Options, active_children};
use multiprocess::{Error, Inherited, Process, Status, wait};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill, killpg, raise};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::Case;
use super::bodies::{Busy, Converse, Idle, number};
use super::functions::Square;
use super::process::{LONG, until};

/// Makes this binary one of the programs below, before its `init`.
pub(super) const PROGRAM: &str = "CASES_PROGRAM";

pub(super) const CASES: &[Case] = &[
    ("busy_forked_trees_die_with_a_killed_parent", || dies_with_its_parent("busy 0")),
    ("busy_served_trees_die_with_a_killed_parent", || dies_with_its_parent("busy 1")),
    ("busy_spawned_trees_die_with_a_killed_parent", || dies_with_its_parent("busy 2")),
    ("idle_forked_trees_die_with_a_killed_parent", || dies_with_its_parent("idle 0")),
    ("idle_served_trees_die_with_a_killed_parent", || dies_with_its_parent("idle 1")),
    ("idle_spawned_trees_die_with_a_killed_parent", || dies_with_its_parent("idle 2")),
    ("trees_of_forked_closures_die_with_a_killed_parent", || dies_with_its_parent("closures 0")),
    ("processes_of_a_killed_fork_server_are_dead_when_reported", || server_killed(ForkServer)),
    ("processes_of_a_killed_zygote_are_dead_when_reported", || server_killed(Fork)),
    ("fifty_programs_that_leave_early_are_fifty_errors", leave_early),
    ("a_program_that_forgets_init_starts_no_process", forgets_init),
    ("fifty_processes_killed_at_their_start_are_fifty_errors_by_fork", || killed_at_the_start(Fork)),
    ("fifty_processes_killed_at_their_start_are_fifty_errors_by_forkserver", || killed_at_the_start(ForkServer)),
    ("fifty_processes_killed_at_their_start_are_fifty_errors_by_spawn", || killed_at_the_start(Spawn)),
    ("no_descriptors_for_a_start_is_an_error_by_fork", || few_descriptors(Fork)),
    ("no_descriptors_for_a_start_is_an_error_by_forkserver", || few_descriptors(ForkServer)),
    ("no_descriptors_for_a_start_is_an_error_by_spawn", || few_descriptors(Spawn)),
    ("no_room_for_processes_is_an_error", few_processes),
    ("a_signal_interrupts_no_wait", interrupted),
];

/// What this binary does instead of running cases.
pub(super) fn program(what: &str) -> ExitCode {
    let worker = std::env::var_os("MULTIPROCESS_WORKER").is_some();
    match what.split_once(' ').unwrap_or((what, "")) {
        ("leave", _) if worker => return ExitCode::from(7),
        ("leave", _) => told_of_early_leavers(),
        ("forget", method) => match Context::new(method_of(method)).and_then(|context| started(&context)) {
            Ok(_) => unreachable!("a process cannot take its work without init"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(3);
            }
        },
        ("limited", _) => {
            multiprocess::init();
            told_of_limits();
        }
        (kind, method) => {
            multiprocess::init();
            orphan(kind, method_of(method));
        }
    }
    ExitCode::SUCCESS
}

fn method_of(number: &str) -> StartMethod {
    StartMethod::ALL[number.parse::<usize>().unwrap()]
}

fn run(what: &str) -> Output {
    Command::new("/proc/self/exe").env(PROGRAM, what).output().unwrap()
}

fn started(context: &Context) -> Result<Process<u64>, Error> {
    context.start(Options::new(), &Square, 3, &[])
}

/// How many trees the parent starts.
const TREES: usize = 3;

/// How many processes each is deep.
const DEEP: u32 = 2;

/// Fault 17. Its output ends only when nobody is left who could write: nothing here kills them.
fn dies_with_its_parent(what: &str) {
    nix::sys::prctl::set_child_subreaper(true).unwrap();
    let output = run(what);
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(output.status.signal(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
    let (pids, rest) = output.stdout.as_chunks::<4>();
    assert_eq!((pids.len(), rest.len()), (TREES * DEEP as usize, 0));
    // Orphans are ours to reap; those with a server that outlived them were its.
    until(|| waitpid(None, None).is_err());
    for pid in pids {
        assert!(kill(Pid::from_raw(i32::from_ne_bytes(*pid)), None).is_err());
    }
}

struct Kept(OwnedFd);

impl Inherited for Kept {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.as_fd()]
    }
}

/// Starts trees of processes, tells their pids, and is killed.
fn orphan(kind: &str, method: StartMethod) {
    let (mut hear, say) = std::io::pipe().unwrap();
    let say = Kept(say.into());
    let mut closures = Vec::new();
    let mut trees = Vec::new();
    let context = (kind != "closures").then(|| Context::new(method).unwrap());
    for _ in 0..TREES {
        match &context {
            Some(context) => {
                let item = (number(method), DEEP, kind == "idle");
                trees.push(context.start(Options::new(), &Busy, item, &[say.0.as_fd()]).unwrap());
            }
            None => closures.push(Process::start(&[&say], || closure(DEEP, &say)).unwrap()),
        }
    }
    let mut pids = [0; 4 * TREES * DEEP as usize];
    hear.read_exact(&mut pids).unwrap();
    std::io::stdout().write_all(&pids).unwrap();
    std::io::stdout().flush().unwrap();
    raise(Signal::SIGKILL).unwrap();
}

fn closure(deep: u32, say: &Kept) -> i32 {
    let _child = (deep > 1).then(|| Process::start(&[say], || closure(deep - 1, say)).unwrap());
    let mut pipe = std::fs::File::from(say.0.try_clone().unwrap());
    pipe.write_all(&std::process::id().to_ne_bytes()).unwrap();
    loop {
        std::thread::park();
    }
}

/// Fault 18: CPython reports code 255 of processes that live on.
fn server_killed(method: StartMethod) {
    nix::sys::prctl::set_child_subreaper(true).unwrap();
    for count in [1, 3, 10] {
        let context = Context::new(method).unwrap();
        let start = |_| context.start(Options::new(), &Idle, (), &[]).unwrap();
        let mut processes: Vec<_> = (0..count).map(start).collect();
        kill(Pid::from_raw(context.server_pid().unwrap().cast_signed()), Signal::SIGKILL).unwrap();
        let sentinels: Vec<_> = processes.iter().map(Process::sentinel).collect();
        until(|| wait(&sentinels, LONG).unwrap().len() == count);
        for process in &mut processes {
            assert_eq!(process.exit_status().unwrap(), Some(Status::Unknown));
            assert!(process.output(LONG).unwrap_err().is_status_unknown());
            // Dead by then, and nobody's zombie but ours, as soon as its server is through with dying.
            until(|| waitpid(Pid::from_raw(process.pid().cast_signed()), None).is_ok());
        }
        assert_eq!(active_children(), []);
        assert!(started(&context).unwrap_err().is_server_died());
    }
}

/// How often a start is made to fail.
const ATTEMPTS: usize = 50;

/// Fault 24, an executable that is not what it should be.
fn leave_early() {
    let output = run("leave");
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, "spawn: 50 of 50\nforkserver: 50 of 50\n", "{}", String::from_utf8_lossy(&output.stderr));
}

fn told_of_early_leavers() {
    for (method, named) in [(Spawn, Error::is_start_failed as fn(&Error) -> bool), (ForkServer, Error::is_server_died)]
    {
        let failed = |_: &usize| {
            let error = Context::new(method).and_then(|context| started(&context)).unwrap_err();
            let said = error.to_string();
            named(&error)
                && said.contains("exited with code 7")
                && said.contains("must begin with multiprocess::init()")
        };
        println!("{}: {} of {ATTEMPTS}", method.name(), (0..ATTEMPTS).filter(failed).count());
    }
}

/// CPython's `TestNoForkBomb`: the worker goes on as the program, and is refused a worker of its own.
fn forgets_init() {
    for what in ["forget 1", "forget 2"] {
        let output = run(what);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("its main does not begin with multiprocess::init()"), "{said}");
        assert!(said.contains("exited with code 3"), "{said}");
        assert_eq!(said.lines().count(), 2, "one worker, which started none of its own: {said}");
    }
}

/// Fault 24: killed between its birth and the moment it has taken its work, or soon after.
fn killed_at_the_start(method: StartMethod) {
    let context = Context::new(method).unwrap();
    let parent = context.server_pid().unwrap_or(std::process::id());
    let children = format!("/proc/{parent}/task/{parent}/children");
    let over = Arc::new(AtomicBool::new(false));
    let killer = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            while !over.load(SeqCst) {
                for pid in std::fs::read_to_string(&children).unwrap().split_ascii_whitespace() {
                    // It may be gone already.
                    let _ = kill(Pid::from_raw(pid.parse().unwrap()), Signal::SIGKILL);
                }
            }
        }
    });
    let (mut failed, mut attempts) = (0, 0);
    let deadline = std::time::Instant::now() + LONG;
    // On a busy machine the killer may come late each time; then it gets more to kill.
    while attempts < ATTEMPTS || (failed == 0 && std::time::Instant::now() < deadline) {
        attempts += 1;
        match context.start(Options::new(), &Idle, (), &[]) {
            Err(error) => {
                assert!(error.is_start_failed() && error.to_string().contains("SIGKILL"), "{error}");
                failed += 1;
            }
            Ok(mut process) => assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(9)),
        }
    }
    over.store(true, SeqCst);
    killer.join().unwrap();
    assert!(failed > 0, "all {attempts} of them had taken their work first");
    assert_eq!(started(&context).unwrap().output(LONG).unwrap(), 9);
}

/// Fault 27: at each limit a start works or is refused, and either way nothing is left.
fn few_descriptors(method: StartMethod) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let (mut refused, mut worked) = (0, 0);
    for limit in 8..=64 {
        setrlimit(Resource::RLIMIT_NOFILE, limit, hard).unwrap();
        let outcome = Context::new(method).and_then(|context| {
            let processes = (0..3).map(|_| started(&context)).collect::<Result<Vec<_>, _>>()?;
            processes.into_iter().try_for_each(|mut process| process.output(LONG).map(drop))
        });
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
        match outcome {
            Ok(()) => worked += 1,
            Err(_) => refused += 1,
        }
        assert_eq!(waitpid(None, None), Err(nix::errno::Errno::ECHILD), "a limit of {limit} left a process");
        assert_eq!(open(), before, "a limit of {limit} left a descriptor");
    }
    assert_eq!(worked + refused, 57);
    assert!(worked > 0 && refused > 0, "{worked} worked, {refused} were refused");
}

/// Fault 27, EAGAIN. The superuser has no such limit, so another user tries.
fn few_processes() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(PROGRAM, "limited").uid(65_534).gid(65_534);
    match command.output() {
        Ok(output) => {
            let told = String::from_utf8(output.stdout).unwrap();
            assert_eq!(told, "fork\nforkserver\nspawn\n", "{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(fault) => eprintln!("this binary cannot be executed by another user: {fault}; this case shows nothing"),
    }
}

fn told_of_limits() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NPROC).unwrap();
    for method in StartMethod::ALL {
        setrlimit(Resource::RLIMIT_NPROC, hard, hard).unwrap();
        let context = Context::new(method).unwrap();
        let _one = context.start(Options::new(), &Idle, (), &[]).unwrap();
        setrlimit(Resource::RLIMIT_NPROC, 1, hard).unwrap();
        // A server has its limit since its birth, so a new one is asked for.
        let error = Context::new(method).and_then(|context| started(&context)).unwrap_err();
        if error.to_string().contains("Resource temporarily unavailable") {
            println!("{}", method.name());
        } else {
            eprintln!("{}: {error}", method.name());
        }
    }
}

/// CPython's `TestIgnoreEINTR`, and Ctrl-C: SIGINT to the whole group, which processes ignore.
fn interrupted() {
    const SIGNALS: usize = 100;
    let context = Context::new(Spawn).unwrap();
    let heard = Arc::new(AtomicBool::new(false));
    let handler = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&heard)).unwrap();
    let (go, mut tell) = std::io::pipe().unwrap();
    let (_hear, say) = std::io::pipe().unwrap();
    let start = || context.start(Options::new(), &Converse, String::new(), &[go.as_fd(), say.as_fd()]).unwrap();
    let mut processes = [start(), start()];
    let interrupter = std::thread::spawn(move || {
        // The waiting thread alone is to be interrupted.
        SigSet::from(Signal::SIGINT).thread_block().unwrap();
        for _ in 0..SIGNALS {
            heard.store(false, SeqCst);
            killpg(nix::unistd::getpgrp(), Signal::SIGINT).unwrap();
            until(|| heard.load(SeqCst));
        }
        tell.write_all(&[1, 1]).unwrap();
    });
    let first = wait(&[processes[0].sentinel(), processes[1].sentinel()], LONG).unwrap();
    assert!(!first.is_empty());
    for process in &mut processes {
        assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    }
    interrupter.join().unwrap();
    super::watchdog::settle();
    signal_hook::low_level::unregister(handler);
}
