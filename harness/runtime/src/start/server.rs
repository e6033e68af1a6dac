//! A server's side: forks when asked, and tells how each child ended. It has one thread, for ever.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::poll::PollFlags;

use super::LOST;
use super::arrival::Arrival;
use super::served::end_bytes;
use crate::error::{Error, Kind};
use crate::process::daemon;
use crate::sys::pid::{self, kill_unwatched};
use crate::sys::{fd, fork, live as claims, rights};

/// The one request there is; three descriptors come with it: status pipe, data socket, lifeline.
pub(super) const FORK: u8 = b'F';

/// How many descriptors come with a request.
const DESCRIPTORS: usize = 3;

/// A child, and the pipe on which its client learns how it ended.
struct Running {
    child: pid::Child,
    status: File,
}

/// Serves `client` until it leaves; then ends every child that is left. Each child lives `life`, and ends with the code that it returns;
/// the descriptors in `keep` stay open in it.
pub(super) fn serve(client: &OwnedFd, keep: &[RawFd], mut life: impl FnMut(Arrival) -> i32) -> Result<i32, Error> {
    // Ctrl-C is the client's to understand, as in CPython.
    fork::ignore_interrupt();
    fork::keep_ended_children();
    let mut running: Vec<Running> = Vec::new();
    loop {
        let mut events: Vec<(BorrowedFd<'_>, PollFlags)> = vec![(client.as_fd(), PollFlags::POLLIN)];
        events.extend(running.iter().map(|running| (running.child.exit_event(), PollFlags::POLLIN)));
        let ready = fd::wait(&mut events, None).map_err(Error::io("waiting for requests"))?;
        let mut ended = ready[1..].iter();
        running.retain_mut(|running| !ended.next().is_some_and(|ended| *ended) || !told(running));
        if ready[0] {
            let mut what = [0];
            match rights::receive(client.as_fd(), &mut what) {
                Ok(came) if what == [FORK] => match <[OwnedFd; DESCRIPTORS]>::try_from(came) {
                    Ok(descriptors) => running.extend(start(descriptors, keep, &mut life)?),
                    Err(came) => refuse(came),
                },
                // The client has left, or says what we do not understand. Dropping the children kills and reaps them.
                _ => return Ok(0),
            }
        }
    }
}

/// Writes how a child ended. Only after that, when it is dropped, is it reaped: until then its pid means this child and no other.
fn told(running: &mut Running) -> bool {
    match running.child.peek_with_usage() {
        // A client that does not want to know has closed its end.
        Ok(Some((status, usage))) => drop(running.status.write_all(&end_bytes(status, usage))),
        Ok(None) => return false,
        // It has ended, and nobody can say how: its pipe is closed without a code, and the client calls the status unknown.
        Err(_) => {}
    }
    true
}

/// Answers a request of which not all descriptors came, because this process has no room for more: with the error number, if the status
/// pipe is among them. If it is not, it is closed by now, which says as much.
fn refuse(came: Vec<OwnedFd>) {
    if let Some(status) = came.into_iter().next() {
        // A client that is gone needs no answer.
        let _ = File::from(status).write_all(&(-i64::from(libc::EMFILE)).to_ne_bytes());
    }
}

/// Forks a child and tells its pid, or the negative error number.
fn start(
    [status, data, lifeline]: [OwnedFd; DESCRIPTORS],
    keep: &[RawFd],
    life: &mut impl FnMut(Arrival) -> i32,
) -> Result<Option<Running>, Error> {
    // Other threads stay, and what is held stays held: the server is of no use. A list that cannot be opened now may be opened later.
    let counted = match fork::thread_count() {
        Ok(1) if claims::count() == 0 => Ok(()),
        Ok(1) => return Err(Kind::Holding { count: claims::count() }.into()),
        Ok(count) => return Err(Kind::Threads { count }.into()),
        Err(fault) => Err(fault),
    };
    let mut status = File::from(status);
    let keep: Vec<RawFd> = keep.iter().copied().chain([data.as_raw_fd(), lifeline.as_raw_fd()]).collect();
    let forked = counted.and_then(|()| {
        fork::child(&keep, || match begin(data, &lifeline) {
            Ok(arrival) => life(arrival),
            Err(_) => LOST,
        })
    });
    let forked = forked.and_then(|pid| pid::Child::adopt(pid).inspect_err(|_| kill_unwatched(pid)));
    let told = match &forked {
        Ok(child) => i64::from(child.pid()),
        Err(fault) => -i64::from(fault.raw_os_error().unwrap_or(libc::EAGAIN)),
    };
    // A client that is gone takes its child with it, by the lifeline.
    let _ = status.write_all(&told.to_ne_bytes());
    Ok(forked.ok().map(|child| Running { child, status }))
}

/// The first moments of a child: it is tied to its client, and takes what it was sent.
fn begin(data: OwnedFd, lifeline: &OwnedFd) -> std::io::Result<Arrival> {
    fd::die_with(lifeline)?;
    let arrival = Arrival::take(data)?;
    daemon::be(arrival.daemonic);
    Ok(arrival)
}
