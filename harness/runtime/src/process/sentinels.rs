//! Waiting for many things at once, CPython's `multiprocessing.connection.wait`.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::poll::PollFlags;

use crate::error::Error;
use crate::sys::fd;
use crate::waiting;

/// Waits until one or more of `events` are readable, for at most `limit`, and tells which, by their places. None if the limit has passed.
///
/// What is readable: a [`sentinel`](crate::Process::sentinel) whose process has ended, a pipe or socket with data or without a writer.
///
/// ```
/// use std::{os::fd::AsFd, time::Duration};
///
/// let (reader, writer) = std::io::pipe().unwrap();
/// assert_eq!(multiprocess::wait(&[reader.as_fd()], Duration::ZERO).unwrap(), []);
/// drop(writer);
/// assert_eq!(multiprocess::wait(&[reader.as_fd()], Duration::from_secs(9)).unwrap(), [0]);
/// ```
///
/// # Errors
/// If the system refuses, as it does more descriptors than a process may have (poll(2), EINVAL).
pub fn wait(events: &[BorrowedFd<'_>], limit: Duration) -> Result<Vec<usize>, Error> {
    let mut polled: Vec<_> = events.iter().map(|event| (*event, PollFlags::POLLIN)).collect();
    let ready = fd::wait(&mut polled, Some(waiting::after(limit))).map_err(Error::io("waiting for events"))?;
    Ok(ready.iter().enumerate().filter_map(|(place, ready)| ready.then_some(place)).collect())
}
