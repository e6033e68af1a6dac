//! The bytes of one item into a pipe and out of it, and what its first byte changes.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::pipe::{Pipe, Side};
use crate::sys::fd;
use crate::waiting::{self, Stop};

/// How often whoever waits in the middle of an item looks whether the other side is alive.
pub(super) const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

/// An item being read, as long as its writer lives and more of it comes.
#[derive(Debug)]
pub(super) struct Inflow<'a> {
    pipe: &'a Pipe,
    /// How long it may go without a byte.
    patience: Duration,
    deadline: Instant,
    /// How many bytes were taken out of the pipe.
    pub(super) taken: usize,
    /// Whether bytes have come since the deadline was set.
    came: bool,
}

impl<'a> Inflow<'a> {
    pub(super) fn of(pipe: &'a Pipe, patience: Duration) -> Self {
        Self { pipe, patience, deadline: waiting::after(patience), taken: 0, came: false }
    }

    /// One attempt. The reader's word is odd from just before the first byte can be taken.
    fn attempt(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == 0 {
            self.pipe.begin(Side::Read);
        }
        let got = (&self.pipe.reader).read(buffer);
        self.taken += *got.as_ref().unwrap_or(&0);
        if self.taken == 0 {
            self.pipe.not_begun(Side::Read);
        }
        got
    }

    /// Waits for more; looks up when none comes.
    fn wait(&self) -> io::Result<()> {
        let until = self.deadline.min(Instant::now() + LOOK_UP_EVERY);
        if fd::wait(&mut [(self.pipe.reader.as_fd(), PollFlags::POLLIN)], Some(until))?[0] {
            return Ok(());
        }
        self.pipe.writer_goes_on(self.taken).map_err(io::Error::other)?;
        if Instant::now() < self.deadline { Ok(()) } else { Err(ErrorKind::TimedOut.into()) }
    }
}

impl Read for Inflow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.came) {
            self.deadline = waiting::after(self.patience);
        }
        loop {
            match self.attempt(buffer) {
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                other => {
                    self.came = other.is_ok();
                    return other;
                }
            }
        }
    }
}

/// How long a writer waits for room in the pipe.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until<'a> {
    /// Until it is called off. Counts the bytes it has written.
    Stopped { stop: &'a Stop, written: &'a AtomicU64 },
    /// Until a deadline, and once it has begun until no more of it was taken for so long.
    Deadline { first: Instant, patience: Duration },
}

/// An item being written, as long as the queue is of use.
#[derive(Debug)]
pub(super) struct Outflow<'a> {
    pipe: &'a Pipe,
    until: Until<'a>,
    /// How many bytes are out.
    pub(super) sent: usize,
}

impl<'a> Outflow<'a> {
    pub(super) fn of(pipe: &'a Pipe, until: Until<'a>) -> Self {
        Self { pipe, until, sent: 0 }
    }

    /// One attempt. The writer's word is odd from just before the first byte can be out: whoever waits for room in front of its item
    /// leaves nothing half done.
    fn attempt(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.sent == 0 {
            self.pipe.begin(Side::Write);
        }
        let put = (&self.pipe.writer).write(bytes);
        self.sent += *put.as_ref().unwrap_or(&0);
        if self.sent == 0 {
            self.pipe.not_begun(Side::Write);
        }
        put
    }

    fn progress(&mut self, bytes: usize) {
        match &mut self.until {
            Until::Stopped { written, .. } => {
                written.fetch_add(bytes as u64, Relaxed);
            }
            Until::Deadline { first, patience } => *first = waiting::after(*patience),
        }
    }

    /// Waits for room; looks up when there is none.
    fn wait(&self) -> io::Result<()> {
        let soon = Instant::now() + LOOK_UP_EVERY;
        let mut fds = vec![(self.pipe.writer.as_fd(), PollFlags::POLLOUT)];
        let until = match self.until {
            Until::Stopped { stop, .. } => {
                fds.push((stop.event(), PollFlags::POLLIN));
                soon
            }
            Until::Deadline { first, .. } => soon.min(first),
        };
        let ready = fd::wait(&mut fds, Some(until))?;
        if ready.get(1) == Some(&true) {
            return Err(io::Error::new(ErrorKind::ConnectionAborted, "called off"));
        }
        if ready[0] {
            return Ok(());
        }
        self.pipe.whole(None).map_err(io::Error::other)?;
        match self.until {
            Until::Deadline { first, .. } if Instant::now() >= first => Err(ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl Write for Outflow<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.attempt(bytes) {
                Err(fault) if fault.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                other => {
                    self.progress(*other.as_ref().unwrap_or(&0));
                    return other;
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_an_item_gives_the_rest_a_new_deadline() {
        let pipe = Pipe::new().unwrap();
        let mut rest = Inflow::of(&pipe, Duration::from_secs(60));
        let mut byte = [0];
        (&pipe.writer).write_all(b"abc").unwrap();
        assert_eq!(rest.read(&mut byte).unwrap(), 1);
        let first = rest.deadline;
        assert_eq!(rest.read(&mut byte).unwrap(), 1);
        assert!(rest.deadline > first);
        // One that has passed is forgotten as soon as a part has come.
        rest.deadline = Instant::now();
        assert_eq!(rest.read(&mut byte).unwrap(), 1);
        rest.came = false;
        assert_eq!(rest.taken, 3);
    }

    #[test]
    fn without_a_new_part_the_deadline_stays_and_passes() {
        let pipe = Pipe::new().unwrap();
        let mut rest = Inflow::of(&pipe, Duration::from_millis(20));
        let set = rest.deadline;
        assert_eq!(rest.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(rest.deadline, set);
        assert!(Instant::now() >= set);
    }

    #[test]
    fn a_writer_without_room_has_begun_nothing() {
        let pipe = Pipe::new().unwrap();
        let full = vec![0; pipe.capacity()];
        (&pipe.writer).write_all(&full).unwrap();
        let first = Instant::now() + Duration::from_millis(20);
        let mut out = Outflow::of(&pipe, Until::Deadline { first, patience: Duration::ZERO });
        assert_eq!(out.write(b"abc").unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(out.sent, 0);
        let held = pipe.lock(Side::Write, Duration::ZERO).unwrap().unwrap();
        assert!(pipe.send(&held, out.until, b"abc").is_err());
        pipe.whole(None).unwrap();
    }
}
