//! Runs a command and looks at it and at every process below it, again and again, until it ends or is ended.

use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use multiprocess::supervise::{self, Ending as Ended, Limits, Report};
use multiprocess::{Error, Status};

use super::look::{self, Look};
use super::seen::{Ending, Observation, Past, Seen};
use crate::environment::usable_cores;
use crate::outcome::ns;

/// How a command is watched.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// When it is ended, with all below it.
    pub deadline: Duration,
    /// The time between two looks; at least a millisecond.
    pub period: Duration,
    /// How much of what it prints is kept, of each of its two outputs.
    pub output_bytes: usize,
}

/// All looks so far.
struct Looks {
    begin: Instant,
    /// By pid and start: a pid may come back.
    known: BTreeMap<(u32, u64), usize>,
    processes: Vec<(Seen, Past)>,
    running: Vec<u64>,
    looks: u64,
    cpu_ns: u64,
    /// When something last moved, and the longest time before that for which nothing did.
    moved_ns: u64,
    still_ns: u64,
}

/// Processor time between two looks that shows nothing but a glance at a clock.
const GLANCE_NS: u64 = 1_000_000;

/// Runs `command` under a deadline and watches it; `call_off`, when it becomes readable, ends it early. Beside what was seen comes what it printed.
///
/// Nothing of it is alive afterwards.
///
/// # Errors
/// If the command cannot be started, or this kernel does not show what is to be watched.
pub fn watch(
    command: &mut Command,
    watch: &Watch,
    call_off: Option<BorrowedFd<'_>>,
) -> Result<(Observation, Report), Error> {
    let (stop, stopped) = channel::<()>();
    let period = watch.period.max(Duration::from_millis(1));
    let limits = Limits { deadline: watch.deadline, output_bytes: watch.output_bytes };
    std::thread::scope(|scope| {
        let watching = scope.spawn(move || Looks::until(&stopped, period, false));
        let report = supervise::run(command, b"", &limits, call_off);
        drop(stop);
        let looks = watching.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let report = report?;
        let usage = report.usage;
        Ok((looks.observation(ending(&report), report.wall, usage.user + usage.sys), report))
    })
}

/// Calls `work` and watches this process and all below it meanwhile, every `period`, from a thread of its own.
///
/// ```
/// use std::time::Duration;
/// let (sum, seen) = harness::diagnose::watched(Duration::from_millis(1), || (0..1_000_u64).sum::<u64>());
/// assert_eq!((sum, seen.ending), (499_500, harness::diagnose::Ending::Exited(0)));
/// ```
pub fn watched<T>(period: Duration, work: impl FnOnce() -> T) -> (T, Observation) {
    let (stop, stopped) = channel::<()>();
    let period = period.max(Duration::from_millis(1));
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let watching = scope.spawn(move || Looks::until(&stopped, period, true));
        let done = work();
        drop(stop);
        let looks = watching.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (done, looks.observation(Ending::Exited(0), begin.elapsed(), Duration::ZERO))
    })
}

/// The argument that makes this program execute another one.
const FLAG: &str = "--with-signals";

/// A command that runs `command`, its program and its arguments, with all signals as a program expects them.
///
/// Whoever waits for signals by a descriptor has them blocked, and what it starts inherits that. A pool that ends its workers by SIGTERM would
/// wait for them for ever.
pub fn with_signals(command: &[String]) -> Command {
    let mut wrapped = Command::new("/proc/self/exe");
    wrapped.arg(FLAG).args(command);
    wrapped
}

/// If this process is to execute another program, does so. Programs that watch call this before they look at their arguments; it returns the
/// exit code of a shell that finds no program.
pub fn serve() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()?.to_str() != Some(FLAG) {
        return None;
    }
    let program = arguments.next()?;
    let fault = match nix::sys::signal::SigSet::empty().thread_set_mask() {
        Ok(()) => Command::new(&program).args(arguments).exec(),
        Err(fault) => fault.into(),
    };
    eprintln!("{}: {fault}", program.display());
    Some(ExitCode::from(127))
}

/// Why nothing can be watched on this machine.
///
/// # Errors
/// The file of `/proc` that cannot be read.
pub fn can_watch() -> Result<(), String> {
    look::can_see()
}

impl Looks {
    fn until(stopped: &Receiver<()>, period: Duration, own: bool) -> Self {
        let begin = Instant::now();
        let (known, processes) = (BTreeMap::new(), Vec::new());
        let mut looks =
            Self { begin, known, processes, running: Vec::new(), looks: 0, cpu_ns: 0, moved_ns: 0, still_ns: 0 };
        while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(period) {
            looks.take(own);
        }
        looks
    }

    /// Looks once at everything below this process, and at itself if it is its `own` work that is watched.
    fn take(&mut self, own: bool) {
        let at_ns = ns(self.begin.elapsed());
        let (mut running, mut cpu_ns) = (0, 0);
        let pid = std::process::id();
        let mut below = if own { vec![pid] } else { look::children(pid) };
        let mut next = 0;
        while let Some(pid) = below.get(next).copied() {
            next += 1;
            let Some(look) = look::look(pid) else { continue };
            below.extend(look::children(pid));
            running += usize::from(look.running);
            cpu_ns += look.cpu_ns;
            self.add(pid, &look, at_ns);
        }
        if below.is_empty() {
            return;
        }
        self.looks += 1;
        if self.running.len() <= running {
            self.running.resize(running + 1, 0);
        }
        self.running[running] += 1;
        if running > 0 || cpu_ns.abs_diff(self.cpu_ns) > GLANCE_NS {
            self.still_ns = self.still_ns.max(at_ns - self.moved_ns);
            self.moved_ns = at_ns;
        }
        self.cpu_ns = cpu_ns;
    }

    fn add(&mut self, pid: u32, look: &Look, at_ns: u64) {
        let place = *self.known.entry((pid, look.began)).or_insert_with(|| {
            let seen = Seen {
                pid,
                parent: look.parent,
                first_ns: at_ns,
                executed_ns: at_ns,
                name: look.name.clone(),
                ..Seen::default()
            };
            self.processes.push((seen, Past::default()));
            self.processes.len() - 1
        });
        let (seen, past) = &mut self.processes[place];
        seen.add(look, at_ns, past);
    }

    fn observation(self, ending: Ending, wall: Duration, cpu: Duration) -> Observation {
        let wall_ns = ns(wall);
        let processes = self.processes.into_iter().map(|(seen, past)| seen.with(&past)).collect();
        Observation {
            ending,
            wall_ns,
            cpu_ns: ns(cpu),
            cores: usable_cores() as u64,
            looks: self.looks,
            still_ns: self.still_ns.max(wall_ns.saturating_sub(self.moved_ns)),
            running: self.running,
            processes,
        }
    }
}

fn ending(report: &Report) -> Ending {
    match report.ending {
        Ended::Ended(Status::Exited(code)) => Ending::Exited(code),
        Ended::Ended(Status::Signalled(signal)) => Ending::Signalled(signal),
        Ended::Ended(Status::Unknown) => Ending::Unknown,
        Ended::DeadlinePassed => Ending::Deadline,
        Ended::CalledOff => Ending::CalledOff,
    }
}
