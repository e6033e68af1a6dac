//! What becomes of a daemon: joined, ended, and when its parent ends or is killed.
//!
//! The parent is a process of its own here, so that it can be killed. This subject inherits whatever that leaves behind, and sees it end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use harness::{Measured, Outcome};
use multiprocess::process::{Context, Options, finish_children};
use multiprocess::{Function, Inherited, Process, RawArray, StartMethod, Status, register_function};
use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use record::Params;

use super::starts::{PATIENCE, one_process};
use super::step::{Answered, Call, Fault, SEED, answer, right, step};

/// How long anything here may take that ends by itself.
const LONG: Duration = Duration::from_secs(60);

/// How long after its parent's end a process is waited for before it counts as left behind; far longer than any that ends takes.
const GONE_WITHIN: Duration = Duration::from_secs(10);

const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// Waits for an end that comes from outside.
#[derive(Debug, Encode, Decode)]
struct Stay;

impl Function for Stay {
    const NAME: &'static str = "start_cost::Stay";
    type State = ();
    type Item = ();
    type Output = ();

    fn call(&self, _: &(), (): ()) {
        stay();
    }
}
register_function!(Stay);

fn stay() {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        thread::park_timeout(LONG);
    }
}

/// How a parent ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its program comes to its end, and does there what CPython does: daemons get SIGTERM and are joined.
    Returns,
    /// Its program leaves at once, without doing so.
    Leaves,
    /// SIGKILL.
    Killed,
}

const ENDS: [(End, &str); 3] = [(End::Returns, "returned"), (End::Leaves, "left"), (End::Killed, "killed")];

/// What a parent tells, in this order: that it has started a daemon, the daemon's pid, its server's.
const TOLD: usize = 3;

// ANCHOR: parent
/// The life of a parent: it starts a daemon that stays, says so, and ends.
fn parent(method: StartMethod, end: End, told: &RawArray<u64>) -> Result<(), Fault> {
    let context = Context::new(method)?;
    let mut daemon = context.start(Options::new().daemon(true), &Stay, (), &[])?;
    told.store(1, daemon.pid().into())?;
    told.store(2, context.server_pid().unwrap_or(0).into())?;
    told.store(0, 1)?;
    match end {
        End::Returns => {
            finish_children(LONG)?;
            match daemon.join(Duration::ZERO)?.status {
                Status::Signalled(SIGTERM) => Ok(()),
                other => Err(format!("the daemon ended with {other:?}").into()),
            }
        }
        End::Leaves => {
            // Neither dropped, which would end it, nor waited for.
            std::mem::forget((daemon, context));
            Ok(())
        }
        End::Killed => {
            stay();
            Ok(())
        }
    }
}
// ANCHOR_END: parent

/// One trial: whether the daemon is gone after its parent's end.
fn trial(method: StartMethod, end: End) -> Result<bool, Fault> {
    let told = RawArray::<u64>::zeroed(TOLD)?;
    let mut started = Process::start(&[], || i32::from(parent(method, end, &told).is_err()))?;
    if end == End::Killed {
        until(|| Ok(told.load(0)? == 1 || started.exit_status()?.is_some()))?;
        started.kill();
    }
    let expected = if end == End::Killed { Status::Signalled(SIGKILL) } else { Status::Exited(0) };
    let status = started.join(LONG)?.status;
    if status != expected || told.load(0)? != 1 {
        return Err(format!("a parent that was to have {end:?} with {} came to {status:?}", method.name()).into());
    }
    let gone = is_gone(told.load(1)?)?;
    if told.load(2)? != 0 {
        is_gone(told.load(2)?)?;
    }
    Ok(gone)
}

/// Waits until `what` holds; an error if it never does.
fn until(mut what: impl FnMut() -> Result<bool, Fault>) -> Result<(), Fault> {
    let deadline = Instant::now() + LONG;
    while !what()? {
        if Instant::now() > deadline {
            return Err("a process did not come so far".into());
        }
        thread::yield_now();
    }
    Ok(())
}

/// Whether a process that may have become a child of ours ends within seconds; it is reaped. One that does not is ended.
fn is_gone(pid: u64) -> Result<bool, Fault> {
    let pid = Pid::from_raw(i32::try_from(pid)?);
    let deadline = Instant::now() + GONE_WITHIN;
    loop {
        if has_ended(pid)? {
            return Ok(true);
        }
        if Instant::now() > deadline {
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL)?;
            until(|| has_ended(pid))?;
            return Ok(false);
        }
        thread::yield_now();
    }
}

/// Whether it is there no more. While it is not our child yet, or was another's and is reaped, only `/proc` can tell.
fn has_ended(pid: Pid) -> Result<bool, Fault> {
    match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::StillAlive) => Ok(false),
        Ok(_) => Ok(true),
        Err(Errno::ECHILD) => Ok(!Path::new("/proc").join(pid.to_string()).exists()),
        Err(fault) => Err(fault.into()),
    }
}

/// So many trials of every end with every method; the facts say how many daemons were gone, of how many.
pub(super) fn daemons(params: &Params) -> Answered {
    set_child_subreaper(true)?;
    let trials = params["trials"];
    let mut gone = Vec::new();
    let measured = Measured::take(|| {
        for method in StartMethod::ALL {
            for (end, name) in ENDS {
                let ended = (0..trials).map(|_| trial(method, end)).collect::<Result<Vec<bool>, _>>()?;
                let ended = ended.into_iter().filter(|gone| *gone).count() as u64;
                gone.push((format!("{}_{name}_gone", method.name()), ended));
            }
        }
        Ok::<_, Fault>((step(SEED), Vec::new()))
    })?;
    let all = trials * (StartMethod::ALL.len() * ENDS.len()) as u64;
    let outcome = measured.answer(|value| answer(*value)).iterations(all).fact("trials", trials);
    Ok(gone.into_iter().fold(outcome, |outcome, (name, count)| outcome.fact(&name, count)))
}

/// Where standard input of a program without a lifeline comes from.
struct Input(std::io::PipeReader);

impl Inherited for Input {
    fn descriptors(&self) -> Vec<std::os::fd::BorrowedFd<'_>> {
        vec![std::os::fd::AsFd::as_fd(&self.0)]
    }
}

/// A program that reads until there is no more, wherever it lies.
fn reader_program() -> Option<&'static Path> {
    ["/bin/cat", "/usr/bin/cat"].map(Path::new).into_iter().find(|place| place.is_file())
}

// ANCHOR: orphan
/// The same with a child that has no lifeline, as CPython's have none: another program, which reads from a pipe that we hold open. Whether it
/// lives on after its parent was killed.
fn orphan_lives(place: &Path) -> Result<bool, Fault> {
    let told = RawArray::<u64>::zeroed(1)?;
    let (reader, writer) = std::io::pipe()?;
    let input = Input(reader);
    let start = || -> Result<(), Fault> {
        let input = Stdio::from(input.0.try_clone()?);
        let program = Command::new(place).stdin(input).stdout(Stdio::null()).spawn()?;
        told.store(0, program.id().into())?;
        stay();
        Ok(())
    };
    let mut started = Process::start(&[&input], || i32::from(start().is_err()))?;
    until(|| Ok(told.load(0)? != 0 || started.exit_status()?.is_some()))?;
    started.kill();
    started.join(LONG)?;
    if told.load(0)? == 0 {
        return Err(format!("a parent could not start {}", place.display()).into());
    }
    let pid = Pid::from_raw(i32::try_from(told.load(0)?)?);
    let look = || waitpid(pid, Some(WaitPidFlag::WNOHANG));
    let alive = look()? == WaitStatus::StillAlive;
    // With the last writer gone its input ends, and so does it.
    drop(writer);
    let mut end = WaitStatus::StillAlive;
    until(|| {
        end = look()?;
        Ok(end != WaitStatus::StillAlive)
    })?;
    Ok(alive && end == WaitStatus::Exited(pid, 0))
}
// ANCHOR_END: orphan

pub(super) fn orphans(params: &Params) -> Answered {
    let Some(place) = reader_program() else { return Ok(Outcome::not_here("needs a program to start: /bin/cat")) };
    set_child_subreaper(true)?;
    let trials = params["trials"];
    let mut lived = 0;
    let measured = Measured::take(|| {
        for _ in 0..trials {
            lived += u64::from(orphan_lives(place)?);
        }
        Ok::<_, Fault>((step(SEED), Vec::new()))
    })?;
    Ok(measured.answer(|value| answer(*value)).iterations(trials).fact("trials", trials).fact("lived_on", lived))
}

/// What joining daemons came to.
#[derive(Default)]
struct Joins {
    joined: u64,
    waited: u64,
    terminated: u64,
    killed: u64,
}

// ANCHOR: join
/// A daemon that ends by itself is joined; one that goes on makes join wait, and is joined once it was ended.
fn join(context: &Context, joins: &mut Joins) -> Result<(), Fault> {
    let daemon = || Options::new().daemon(true);
    let mut worker = context.start(daemon(), &Call, SEED, &[])?;
    joins.joined += u64::from(worker.join(LONG)?.status == Status::Exited(0));
    right(worker.output(LONG)?)?;
    for (end, signal) in [(Process::terminate as fn(&Process<()>), SIGTERM), (Process::kill, SIGKILL)] {
        let mut endless = context.start(daemon(), &Stay, (), &[])?;
        joins.waited += u64::from(endless.join(Duration::ZERO).is_err_and(|fault| fault.is_deadline()));
        end(&endless);
        let ended = u64::from(endless.join(LONG)?.status == Status::Signalled(signal));
        *(if signal == SIGTERM { &mut joins.terminated } else { &mut joins.killed }) += ended;
    }
    Ok(())
}
// ANCHOR_END: join

pub(super) fn join_daemon(params: &Params) -> Answered {
    let trials = params["trials"];
    let contexts = StartMethod::ALL.into_iter().map(Context::new).collect::<Result<Vec<_>, _>>()?;
    let (value, _) = one_process(&contexts[0])?;
    let mut joins = Joins::default();
    let measured = Measured::take(|| {
        for context in &contexts {
            for _ in 0..trials {
                join(context, &mut joins)?;
            }
        }
        Ok::<_, Fault>((value, Vec::new()))
    })?;
    let all = trials * contexts.len() as u64;
    let outcome = measured.answer(|value| answer(*value)).iterations(3 * all).fact("trials", all);
    let facts = [
        ("joined", joins.joined),
        ("waited", joins.waited),
        ("terminated", joins.terminated),
        ("killed", joins.killed),
    ];
    Ok(facts.into_iter().fold(outcome, |outcome, (name, count)| outcome.fact(name, count)))
}
