//! A process that a server has forked, as its client sees it: not our child, but watched and ended all the same.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::REAP_WITHIN;
use crate::sys::fd;
use crate::sys::pid::{Status, Stranger, Usage};
use crate::waiting::Waiting;

/// How the end of a process stands on the status pipe: a code or a negative signal, then what it used; numbers of this machine.
pub(super) const END_BYTES: usize = 8 * 8;

#[derive(Debug)]
pub(crate) struct Served {
    pid: u32,
    /// None if it had already ended when we could have taken hold of it.
    process: Option<Stranger>,
    status: File,
    ended: Mutex<Option<(Status, Usage)>>,
}

/// What the server writes when a process has ended.
pub(super) fn end_bytes(status: Status, usage: Usage) -> [u8; END_BYTES] {
    let code = match status {
        Status::Exited(code) => i64::from(code),
        Status::Signalled(signal) => -i64::from(signal),
        // The server is the one who knows.
        Status::Unknown => i64::MAX,
    };
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let used = [
        usage.max_rss_bytes,
        ns(usage.user),
        ns(usage.sys),
        usage.voluntary_switches,
        usage.involuntary_switches,
        usage.minor_faults,
        usage.major_faults,
    ];
    let numbers = std::iter::once(code).chain(used.map(u64::cast_signed));
    let mut bytes = [0; END_BYTES];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_ne_bytes());
    }
    bytes
}

pub(super) fn end(bytes: &[u8; END_BYTES]) -> (Status, Usage) {
    let (numbers, _) = bytes.as_chunks::<8>();
    let number = |place: usize| i64::from_ne_bytes(numbers[place]);
    let used = |place: usize| number(place).cast_unsigned();
    let status = match i32::try_from(number(0)) {
        Ok(i32::MIN) => Status::Unknown,
        Ok(code) if code < 0 => Status::Signalled(-code),
        Ok(code) => Status::Exited(code),
        Err(_) => Status::Unknown,
    };
    let usage = Usage {
        max_rss_bytes: used(1),
        user: Duration::from_nanos(used(2)),
        sys: Duration::from_nanos(used(3)),
        voluntary_switches: used(4),
        involuntary_switches: used(5),
        minor_faults: used(6),
        major_faults: used(7),
    };
    (status, usage)
}

impl Served {
    /// Takes hold of the process. The server reaps it only after it has written how it ended: while that is not there, the pid is the
    /// process's. If the server died just now, nobody can say whose the pid is; then the lifeline alone ends the process.
    pub(super) fn hold(pid: u32, status: File) -> io::Result<Self> {
        let process = match Stranger::open(pid) {
            Err(fault) if fault.raw_os_error() == Some(libc::ESRCH) => None,
            other => Some(other?),
        };
        let ended = fd::wait(&mut [(status.as_fd(), PollFlags::POLLIN)], Some(Instant::now()))?[0];
        Ok(Self { pid, process: process.filter(|_| !ended), status, ended: Mutex::default() })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Readable once the server has told how the process ended, or is gone.
    pub(super) fn exit_event(&self) -> BorrowedFd<'_> {
        self.status.as_fd()
    }

    pub(super) fn signal(&self, signal: libc::c_int) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }

    /// How it ended and what it used; none if the server has not told until the deadline. If the server is gone the process is ended, so that
    /// nobody is called dead who is not, and its status is unknown.
    pub(super) fn wait_until(&self, deadline: Instant) -> io::Result<Option<(Status, Usage)>> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.is_none() {
            let mut bytes = [0; END_BYTES];
            // The server writes all of it at once, and a pipe takes it whole.
            match Waiting::until(&self.status, deadline).read(&mut bytes) {
                Ok(END_BYTES) => *ended = Some(end(&bytes)),
                Ok(_) => {
                    self.end();
                    *ended = Some((Status::Unknown, Usage::default()));
                }
                Err(fault) if fault.kind() == io::ErrorKind::TimedOut => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(*ended)
    }

    /// Ends the process and waits until it is gone.
    fn end(&self) {
        if let Some(process) = &self.process {
            process.signal(libc::SIGKILL);
            let mut gone = [(process.exit_event(), PollFlags::POLLIN)];
            // A killed process ends; if the kernel refuses to say so there is nothing left that could be done here.
            let _ = fd::wait(&mut gone, Some(Instant::now() + REAP_WITHIN));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_comes_back_as_it_was() {
        let usage = Usage {
            max_rss_bytes: 1 << 40,
            user: Duration::from_nanos(7),
            sys: Duration::from_secs(1_000_000),
            voluntary_switches: 1,
            involuntary_switches: 2,
            minor_faults: 3,
            major_faults: u64::MAX,
        };
        for status in [Status::Exited(0), Status::Exited(255), Status::Signalled(9), Status::Signalled(64)] {
            assert_eq!(end(&end_bytes(status, usage)), (status, usage));
        }
    }
}
