//! The server's side: forks when asked, and tells how each child ended. It has one thread, for ever.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::libc;
use nix::poll::PollFlags;

use crate::error::{Error, Kind};
use crate::sys::pid::{self, Status, kill_unwatched};
use crate::sys::rights::{self, Received};
use crate::sys::{fd, fork, live as claims};
use crate::{frame, function};

/// The one request there is; three descriptors come with it: status pipe, data socket, lifeline.
pub(super) const FORK: u8 = b'F';

/// The exit code of a child that could not get its task or could not answer.
const LOST: i32 = 70;

/// A child, and the pipe on which its client learns how it ended.
struct Running {
    child: pid::Child,
    status: File,
}

/// Serves the client at the other end of standard input until it leaves; then ends every child that is left.
pub(crate) fn serve() -> Result<i32, Error> {
    let failed = "preparing the fork server";
    // Ctrl-C is the client's to understand, as in CPython.
    fork::ignore_interrupt();
    fork::keep_ended_children();
    let client = std::io::stdin().as_fd().try_clone_to_owned().map_err(Error::io(failed))?;
    fd::close_stdin().map_err(Error::io(failed))?;
    let mut running: Vec<Running> = Vec::new();
    loop {
        let mut events: Vec<(BorrowedFd<'_>, PollFlags)> = vec![(client.as_fd(), PollFlags::POLLIN)];
        events.extend(running.iter().map(|running| (running.child.exit_event(), PollFlags::POLLIN)));
        let ready = fd::wait(&mut events, None).map_err(Error::io("waiting for requests"))?;
        let mut ended = ready[1..].iter();
        running.retain_mut(|running| !ended.next().is_some_and(|ended| *ended) || !told(running));
        if ready[0] {
            let mut what = [0];
            match rights::receive(&client, &mut what) {
                Ok(Received::Whole(descriptors)) if what == [FORK] => running.extend(start(descriptors)?),
                Ok(Received::Part(came)) => refuse(came),
                // The client has left, or says what we do not understand. Dropping the children kills and reaps them.
                _ => return Ok(0),
            }
        }
    }
}

/// Writes how a child ended. Only after that, when it is dropped, is it reaped: until then its pid means this child and no other.
fn told(running: &mut Running) -> bool {
    let code = match running.child.peek() {
        Ok(Some(Status::Exited(code))) => i64::from(code),
        Ok(Some(Status::Signalled(signal))) => -i64::from(signal),
        Ok(None) => return false,
        // It has ended, and nobody can say how: its pipe is closed without a code, and the client calls the status unknown.
        Err(_) => return true,
    };
    // A client that does not want to know has closed its end.
    let _ = running.status.write_all(&code.to_ne_bytes());
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
fn start([status, data, lifeline]: [OwnedFd; 3]) -> Result<Option<Running>, Error> {
    // Other threads stay, and what is held stays held: the server is of no use. A list that cannot be opened now may be opened later.
    let counted = match fork::thread_count() {
        Ok(1) if claims::count() == 0 => Ok(()),
        Ok(1) => return Err(Kind::Holding { count: claims::count() }.into()),
        Ok(count) => return Err(Kind::Threads { count }.into()),
        Err(fault) => Err(fault),
    };
    let mut status = File::from(status);
    let keep = [data.as_raw_fd(), lifeline.as_raw_fd()];
    let forked = counted.and_then(|()| fork::child(&keep, || live(&data, &lifeline).unwrap_or(LOST)));
    let forked = forked.and_then(|pid| pid::Child::adopt(pid).inspect_err(|_| kill_unwatched(pid)));
    let told = match &forked {
        Ok(child) => i64::from(child.pid()),
        Err(fault) => -i64::from(fault.raw_os_error().unwrap_or(libc::EAGAIN)),
    };
    // A client that is gone takes its child with it, by the lifeline.
    let _ = status.write_all(&told.to_ne_bytes());
    Ok(forked.ok().map(|child| Running { child, status }))
}

/// The life of a child: one task, one reply.
fn live(data: &OwnedFd, lifeline: &OwnedFd) -> Result<i32, Error> {
    fd::die_with(lifeline).map_err(Error::io("tying a child to its client"))?;
    let mut data = File::from(data.try_clone().map_err(Error::io("preparing a child"))?);
    let Some(task) = frame::read(&mut data)? else { return Ok(LOST) };
    let Some(reply) = function::answer(&task, &())? else { return Ok(LOST) };
    frame::write(&mut data, &reply).map_err(Error::io("sending a reply"))?;
    Ok(0)
}
