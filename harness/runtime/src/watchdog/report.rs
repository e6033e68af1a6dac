//! What a watchdog says about a child that hung.

use std::fmt;
use std::time::Duration;

use super::NamedLock;
use super::look::{self, Look};
use crate::sys::pid::{Status, Usage};

/// How a child hung. Printed, it has one line per fact: a name, a colon, what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The child's pid.
    pub pid: u32,
    /// Whether it is certain that the child would have waited for ever; otherwise it had not ended at its deadline.
    pub proven: bool,
    /// `S` sleeping, `R` running, `D` waiting for a disk, `T` stopped; none if `/proc` does not tell.
    pub state: Option<char>,
    /// Its threads.
    pub threads: Option<u64>,
    /// The kernel function it waited in (`/proc/PID/wchan`).
    pub wchan: Option<String>,
    /// The system call it was in: number, six arguments, stack pointer, program counter (`/proc/PID/syscall`).
    pub syscall: Option<String>,
    /// The address of the futex it waited for without a timeout.
    pub futex: Option<usize>,
    /// The lock that lies there, if the watchdog knew it.
    pub lock: Option<String>,
    /// How many bytes after the beginning of that lock the futex lies.
    pub offset_bytes: Option<usize>,
    /// What it had used.
    pub usage: Usage,
    /// From the beginning of the watch to the verdict.
    pub watched: Duration,
    /// How it ended after that.
    pub ended: Status,
}

impl Report {
    pub(super) fn new(
        pid: u32,
        look: &Look,
        lock: Option<&NamedLock>,
        proven: bool,
        watched: Duration,
        (ended, usage): (Status, Usage),
    ) -> Self {
        let futex = look.endless_futex();
        Self {
            pid,
            proven,
            state: look.state,
            threads: look.threads,
            wchan: look.wchan.clone(),
            syscall: look.syscall.clone(),
            futex,
            lock: lock.map(|lock| lock.name.clone()),
            offset_bytes: futex.zip(lock).map(|(futex, lock)| futex - lock.addresses.start),
            usage,
            watched,
            ended,
        }
    }

    /// Whether the child waited for the lock called `name`.
    pub fn waits_for(&self, name: &str) -> bool {
        self.lock.as_deref() == Some(name)
    }
}

/// What cannot be read.
const HIDDEN: &str = "not told by this system";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.watched.as_secs_f64() * 1e3;
        let verdict = match self.proven {
            true => "hangs for ever: asleep, alone, and the same in two looks",
            false => "had not ended at its deadline",
        };
        writeln!(f, "verdict: {verdict}")?;
        writeln!(f, "process: {}, watched for {milliseconds:.1} ms, then it {}", self.pid, self.ended)?;
        writeln!(f, "state: {}", self.state.map_or_else(|| HIDDEN.to_owned(), state))?;
        writeln!(f, "threads: {}", self.threads.map_or_else(|| HIDDEN.to_owned(), |threads| threads.to_string()))?;
        writeln!(f, "wchan: {}", self.wchan.as_deref().unwrap_or(HIDDEN))?;
        writeln!(f, "system call: {}", self.syscall.as_deref().map_or_else(|| HIDDEN.to_owned(), look::in_words))?;
        writeln!(f, "raw: {}", self.syscall.as_deref().unwrap_or(HIDDEN))?;
        writeln!(f, "futex: {}", self.futex.map_or_else(|| HIDDEN.to_owned(), |futex| format!("{futex:#x}")))?;
        let lock = match (&self.lock, self.offset_bytes) {
            (Some(name), Some(offset)) => format!("{name}, {offset} bytes into it"),
            _ => "none that is known by name".to_owned(),
        };
        writeln!(f, "lock: {lock}")?;
        let [user, sys] = [self.usage.user, self.usage.sys].map(|time| time.as_secs_f64() * 1e3);
        write!(f, "used: {user:.1} ms in user mode, {sys:.1} ms in the kernel")
    }
}

fn state(letter: char) -> String {
    let words = match letter {
        'R' => "running",
        'S' => "sleeping",
        'D' => "waiting for a disk",
        'T' => "stopped",
        'Z' => "ended",
        _ => "in a state of its own",
    };
    format!("{letter}, {words}")
}
