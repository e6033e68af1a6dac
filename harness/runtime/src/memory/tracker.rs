//! CPython's resource tracker: a process that unlinks named segments when whoever registered them is gone.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};

use crate::error::{Error, Kind};
use crate::process::{Inherited, adopt, may_fork};
use crate::sys::{fork, pid};
use crate::waiting;

/// A line is written at once if it is no longer, so that those of several processes do not mix (pipe(7): up to 4,096; CPython takes 512).
const LINE_BYTES: usize = 512;

/// The one type of resource there is here.
const TYPE: &str = "shared_memory";

/// How long a tracker that is dropped may take to unlink and end.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A tracker process, CPython's `resource_tracker.py`, with its bug (bpo-38119, gh-82300): see [`Tracking::AsCPython`](super::named::Tracking).
///
/// It reads lines `REGISTER:name:shared_memory` and `UNREGISTER:...` from a pipe, keeps a *set* of names (who registers twice and
/// unregisters once has unregistered), ignores Ctrl-C and SIGTERM, and at the end of the pipe unlinks what is left. The pipe ends
/// when every process that has the tracker is gone or has dropped it, also by SIGKILL; only the tracker's own death leaves segments behind.
///
/// CPython's processes that descend from each other share one tracker, and unrelated ones have one each. Here a program says so itself:
/// [`Process::start`](crate::Process::start) keeps it in a child that is to share it.
///
/// ```no_run
/// use std::time::Duration;
/// use multiprocess::named::{SharedMemory, Tracker, Tracking};
/// let tracker = Tracker::start().unwrap();
/// let segment = SharedMemory::create(1_000, Tracking::AsCPython(&tracker)).unwrap();
/// segment.close();
/// tracker.end(Duration::from_secs(10)).unwrap(); // Unlinks the segment.
/// ```
#[derive(Debug)]
pub struct Tracker {
    process: pid::Child,
    /// None once the tracker is told to end.
    lines: Option<File>,
}

impl Tracker {
    /// Starts a tracker, by a fork.
    ///
    /// # Errors
    /// If this process has more than one thread, holds shared numbers ([`Error::is_fork_refused`]), or the system refuses.
    pub fn start() -> Result<Self, Error> {
        may_fork()?;
        fork::keep_ended_children();
        let failed = "starting a tracker";
        let (reader, writer) = waiting::pipe().map_err(Error::io(failed))?;
        // Blocked until the tracker ignores them, and in it for ever: none ends it before. This thread is the only one, and has its mask back.
        let masked = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect::<SigSet>();
        let mask =
            masked.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(io::Error::from).map_err(Error::io(failed))?;
        let started = fork::child(&[reader.as_raw_fd()], || serve(&reader));
        let restored = mask.thread_set_mask().map_err(io::Error::from);
        let process = started.and_then(adopt).map_err(Error::io(failed))?;
        restored.map_err(Error::io(failed))?;
        Ok(Self { process, lines: Some(writer.into()) })
    }

    /// The tracker's pid.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        self.process.peek().is_ok_and(|status| status.is_none())
    }

    pub(super) fn register(&self, name: &str) -> Result<(), Error> {
        self.send("REGISTER", name)
    }

    pub(super) fn unregister(&self, name: &str) -> Result<(), Error> {
        self.send("UNREGISTER", name)
    }

    fn send(&self, command: &str, name: &str) -> Result<(), Error> {
        let line = format!("{command}:{name}:{TYPE}\n");
        if line.len() > LINE_BYTES || name.contains(['\n', ':']) {
            return Err(Kind::SegmentName { name: name.to_owned() }.into());
        }
        let lines = self.lines.as_ref();
        lines.map_or(Ok(()), |mut lines| lines.write_all(line.as_bytes()).map_err(Error::io("telling a tracker")))
    }

    /// Leaves the tracker, which then unlinks what is registered, and waits for its end for at most `limit`. Dropping it does the same, for at
    /// most 10 s.
    ///
    /// # Errors
    /// If it does not end, as a rule because another process still has it. It is killed then, and what was registered is left to
    /// [`sweep`](super::named::sweep).
    pub fn end(mut self, limit: Duration) -> Result<(), Error> {
        match self.leave(limit) {
            true => Ok(()),
            false => Err(Kind::Deadline { doing: "waiting for a tracker to end", limit }.into()),
        }
    }

    fn leave(&mut self, limit: Duration) -> bool {
        self.lines = None;
        self.process.wait_until(waiting::after(limit)).is_ok_and(|ended| ended.is_some())
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        if self.lines.is_some() {
            self.leave(END_WITHIN);
        }
    }
}

impl Inherited for Tracker {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.lines.iter().map(AsFd::as_fd).collect()
    }
}

/// The tracker's life. Unlike other children it is not tied to its parent's: that it outlives it is what it is for. It ends with the pipe.
fn serve(pipe: &OwnedFd) -> i32 {
    fork::ignore_interrupt();
    fork::ignore_terminate();
    let Ok(pipe) = pipe.try_clone() else { return 1 };
    let mut names = Names::default();
    for line in BufReader::new(File::from(pipe)).split(b'\n') {
        // What is no line of ours changes nothing; CPython prints a traceback and goes on.
        match line {
            Ok(line) => drop(names.take(&line)),
            Err(_) => break,
        }
    }
    for name in &names.0 {
        // It may be unlinked already.
        let _ = nix::sys::mman::shm_unlink(name.as_str());
    }
    0
}

/// What is registered.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// Does what a line says; false if it says nothing that is known.
    fn take(&mut self, line: &[u8]) -> bool {
        let mut fields = std::str::from_utf8(line).unwrap_or_default().split(':');
        match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some("REGISTER"), Some(name), Some(TYPE), None) => self.0.insert(name.to_owned()),
            (Some("UNREGISTER"), Some(name), Some(TYPE), None) => self.0.remove(name),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_set_and_no_count() {
        let mut names = Names::default();
        assert!(names.take(b"REGISTER:/a:shared_memory") && !names.take(b"REGISTER:/a:shared_memory"));
        assert!(names.take(b"REGISTER:/b:shared_memory"));
        assert!(names.take(b"UNREGISTER:/a:shared_memory"), "the second registration went with the first");
        assert!(!names.take(b"UNREGISTER:/a:shared_memory"));
        assert_eq!(names.0.iter().collect::<Vec<_>>(), ["/b"]);
    }

    #[test]
    fn other_lines_change_nothing() {
        let mut names = Names::default();
        for line in [
            b"PROBE:0:noop".as_slice(),
            b"",
            b":::",
            b"REGISTER:/a:semaphore",
            b"REGISTER:/a",
            b"\xff:/a:shared_memory",
        ] {
            assert!(!names.take(line));
        }
        assert!(!names.take(b"REGISTER:/a:shared_memory:more") && names.0.is_empty());
    }
}
