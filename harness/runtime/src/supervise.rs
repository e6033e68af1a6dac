//! Runs a program under a deadline, with everything it starts: nothing of it is alive afterwards, whatever it did.
//!
//! This process becomes a child subreaper (prctl(2)), so that a grandchild whose parent died becomes our child, even one that
//! called `setsid`. After the program has ended, or has been ended, every descendant that is left is killed and reaped.

pub(crate) mod tree;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::error::Error;
use crate::sys::pid::{Child, Status, Usage};
use crate::sys::{fd, fork};
use crate::waiting::{self, REAP_WITHIN};

pub use tree::{Leftover, ProcessState};

/// What a supervised program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run.
    pub deadline: Duration,
    /// How much it may print on each of its two outputs, in bytes; more is read and thrown away.
    pub output_bytes: usize,
}

/// Why a supervised program is no longer running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ended by itself.
    Ended(Status),
    /// It still ran at its deadline and was killed.
    DeadlinePassed,
    /// It was killed because the caller called it off.
    CalledOff,
}

/// A supervised program that has ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its pid while it lived.
    pub pid: u32,
    /// Why it is no longer running.
    pub ending: Ending,
    /// How long it ran, its start and its end included.
    pub wall: Duration,
    /// What it printed on standard output.
    pub stdout: Vec<u8>,
    /// What it printed on standard error.
    pub stderr: Vec<u8>,
    /// What it used, with every process that it waited for and every one that those waited for (wait4(2)).
    pub usage: Usage,
    /// How its processes stood when it was killed; empty if it ended by itself.
    pub states: Vec<ProcessState>,
    /// Descendants that it left behind when it ended by itself. They are dead now.
    pub left_behind: Vec<Leftover>,
}

/// Runs `command` in a process group of its own, gives it `input` on standard input, and waits for its end.
///
/// `call_off`, when it becomes readable, ends it early. One program at a time is supervised; a second call waits. No other child
/// may be started meanwhile: it could not be told from what the program started, and would be killed with it.
///
/// ```
/// use std::{process::Command, time::Duration};
/// use multiprocess::supervise::{self, Ending, Limits};
///
/// let limits = Limits { deadline: Duration::from_secs(30), output_bytes: 1 << 20 };
/// let report = supervise::run(&mut Command::new("cat"), b"hello", &limits, None).unwrap();
/// assert_eq!(report.ending, Ending::Ended(multiprocess::Status::Exited(0)));
/// assert_eq!(report.stdout, b"hello");
/// ```
///
/// # Errors
/// If the program cannot be started or watched.
pub fn run(
    command: &mut Command,
    input: &[u8],
    limits: &Limits,
    call_off: Option<BorrowedFd<'_>>,
) -> Result<Report, Error> {
    // Two at a time could not tell whose orphans are whose.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    fork::keep_ended_children();
    nix::sys::prctl::set_child_subreaper(true).map_err(|fault| Error::io("becoming a subreaper")(fault.into()))?;
    let strangers = tree::descendants();
    let begin = Instant::now();
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = command.spawn().map_err(Error::io("starting a program"))?;
    let child = Child::adopt(started.id()).map_err(Error::io("watching a program"))?;
    let mut talk = Talk {
        input: started.stdin.take().map(|pipe| OwnedFd::from(pipe).into()),
        rest: input,
        outputs: [
            Output::new(started.stdout.take().map(OwnedFd::from), limits.output_bytes),
            Output::new(started.stderr.take().map(OwnedFd::from), limits.output_bytes),
        ],
    };
    talk.prepare().map_err(Error::io("preparing a program's pipes"))?;
    let ended = talk.until_end(&child, waiting::after(limits.deadline), call_off);
    let ended = ended.map_err(Error::io("waiting for a program"));
    let states = if matches!(ended, Ok(None)) { Vec::new() } else { tree::states(child.pid()) };
    let early = ended?;
    child.kill();
    let reaped = child.wait_until(Instant::now() + REAP_WITHIN).map_err(Error::io("waiting for a program"))?;
    let wall = begin.elapsed();
    let left_behind = tree::kill_all_but(&strangers, REAP_WITHIN);
    // With every writer dead, what is in the pipes is all there will ever be.
    talk.read_what_is_there();
    let (status, usage) = reaped.ok_or_else(|| Error::io("ending a program")(io::ErrorKind::TimedOut.into()))?;
    let [stdout, stderr] = talk.outputs.map(|output| output.kept);
    let left_behind = if early.is_none() { left_behind } else { Vec::new() };
    Ok(Report {
        pid: child.pid(),
        ending: early.unwrap_or(Ending::Ended(status)),
        wall,
        stdout,
        stderr,
        usage,
        states,
        left_behind,
    })
}

/// Our ends of a program's three pipes.
struct Talk<'a> {
    input: Option<File>,
    rest: &'a [u8],
    outputs: [Output; 2],
}

struct Output {
    pipe: Option<File>,
    kept: Vec<u8>,
    room: usize,
}

impl Output {
    fn new(pipe: Option<OwnedFd>, room: usize) -> Self {
        Self { pipe: pipe.map(File::from), kept: Vec::new(), room }
    }

    /// Reads until the pipe is empty for now, or at its end for good.
    fn read(&mut self) {
        let mut chunk = [0; 16_384];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut chunk) {
                Ok(0) => self.pipe = None,
                Ok(got) => self.kept.extend_from_slice(&chunk[..got.min(self.room.saturating_sub(self.kept.len()))]),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.pipe = None,
            }
        }
    }
}

impl Talk<'_> {
    fn prepare(&mut self) -> io::Result<()> {
        let outputs = self.outputs.iter().filter_map(|output| output.pipe.as_ref());
        self.input.iter().chain(outputs).try_for_each(fd::set_nonblocking)
    }

    /// Feeds and reads until the program has ended (none), its deadline has passed, or it is called off.
    fn until_end(
        &mut self,
        child: &Child,
        deadline: Instant,
        call_off: Option<BorrowedFd<'_>>,
    ) -> io::Result<Option<Ending>> {
        loop {
            let mut events = vec![(child.exit_event(), PollFlags::POLLIN)];
            events.extend(call_off.map(|event| (event, PollFlags::POLLIN)));
            let own = events.len();
            events.extend(self.input.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::POLLOUT)));
            events.extend(
                self.outputs.iter().flat_map(|output| &output.pipe).map(|pipe| (pipe.as_fd(), PollFlags::POLLIN)),
            );
            let ready = fd::wait(&mut events, Some(deadline))?;
            match ready[..own] {
                [true, ..] => return Ok(None),
                [_, true] => return Ok(Some(Ending::CalledOff)),
                _ if !ready.contains(&true) => return Ok(Some(Ending::DeadlinePassed)),
                _ => {}
            }
            self.write_input();
            self.read_what_is_there();
        }
    }

    fn write_input(&mut self) {
        while let Some(pipe) = &mut self.input {
            match pipe.write(self.rest) {
                Ok(wrote) => self.rest = &self.rest[wrote..],
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => return,
                // A program that does not want its input may close it.
                Err(_) => self.rest = &[],
            }
            if self.rest.is_empty() {
                self.input = None;
            }
        }
    }

    fn read_what_is_there(&mut self) {
        self.outputs.iter_mut().for_each(Output::read);
    }
}
