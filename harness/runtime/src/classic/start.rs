//! How workers come to life: forked from this process, or the program executed again.

use std::any::Any;
use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::process::{Command, Stdio};
use std::time::Instant;

use bincode::Encode;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair,
};

use super::worker::{self, Board, Wiring};
use crate::codec::{self, Loading};
use crate::error::{Error, Kind};
use crate::function::{self, Initializer};
use crate::sys::pid::Child;
use crate::sys::shared::Shared;
use crate::sys::{fd, fork};
use crate::waiting::Waiting;
use crate::{StartMethod, frame};

/// Tells a program that it was started to be a worker.
const MARKER: &str = "MULTIPROCESS_WORKER";

/// A worker process and the socket whose end it does not outlive.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) child: Child,
    _lifeline: OwnedFd,
}

/// The worker's ends of the two queues.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) inqueue: OwnedFd,
    pub(super) outqueue: OwnedFd,
}

/// An initializer that has not run yet: inherited by a forked worker, encoded for a spawned one.
pub(super) struct Setup<I>(pub(super) Option<I>);

impl<I: Initializer> Setup<I> {
    fn run(self) -> Box<dyn Any> {
        match self.0 {
            Some(initializer) => Box::new(initializer.initialize()),
            None => Box::new(()),
        }
    }

    fn message(&self, number: usize, workers: usize) -> Preparation<'_, I> {
        Preparation { number, workers, initializer: self.0.as_ref().map(|initializer| (I::NAME, initializer)) }
    }
}

/// The first message to a spawned worker.
#[derive(Encode)]
struct Preparation<'a, I: Encode> {
    number: usize,
    workers: usize,
    initializer: Option<(&'static str, &'a I)>,
}

/// Starts all workers of a pool.
pub(super) fn workers<I: Initializer>(
    method: StartMethod,
    count: usize,
    board: &Board,
    ends: &Ends,
    setup: Setup<I>,
    deadline: Instant,
) -> Result<Vec<Worker>, Error> {
    if std::env::var_os(MARKER).is_some() {
        return Err(Kind::NotInitialised.into());
    }
    match method {
        StartMethod::Fork => fork_all(count, board, ends, setup),
        StartMethod::Spawn => (0..count).map(|number| spawn(number, count, board, ends, &setup, deadline)).collect(),
    }
}

fn lifeline() -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)
        .map_err(|fault| Error::io("making a socket for a worker")(fault.into()))
}

fn fork_all<I: Initializer>(count: usize, board: &Board, ends: &Ends, setup: Setup<I>) -> Result<Vec<Worker>, Error> {
    let threads = fork::thread_count().map_err(Error::io("counting threads"))?;
    if threads != 1 {
        return Err(Kind::Threads { count: threads }.into());
    }
    let mut setup = Some(setup);
    let mut started = Vec::with_capacity(count);
    for number in 0..count {
        let (ours, theirs) = lifeline()?;
        match fork::fork().map_err(Error::io("forking a worker"))? {
            fork::Side::Parent(pid) => {
                let child = Child::adopt(pid).map_err(Error::io("watching a worker"))?;
                started.push(Worker { child, _lifeline: ours });
            }
            fork::Side::Child => {
                let code = forked_worker(number, board, ends, theirs, setup.take());
                fork::exit_now(code)
            }
        }
    }
    Ok(started)
}

/// The life of a forked worker, in the image it inherited. Nothing of the parent's is dropped here.
fn forked_worker<I: Initializer>(
    number: usize,
    board: &Board,
    ends: &Ends,
    lifeline: OwnedFd,
    setup: Option<Setup<I>>,
) -> i32 {
    let wired = || -> std::io::Result<Wiring> {
        Ok(Wiring {
            inqueue: File::from(ends.inqueue.try_clone()?),
            outqueue: File::from(ends.outqueue.try_clone()?),
            board: inherit(board)?,
            lifeline,
            number,
        })
    };
    let Ok(wiring) = wired() else { return 1 };
    if fd::close_all_except(&wiring.keep()).is_err() || fd::close_stdin().is_err() {
        return 1;
    }
    worker::run(&wiring, || Ok(setup.map_or_else(|| Box::new(()) as Box<dyn Any>, Setup::run)))
}

/// A mapping of the board that this child owns for the rest of its life.
fn inherit(board: &Board) -> std::io::Result<&'static Board> {
    let bytes = board.0.len();
    Ok(Box::leak(Box::new(Board(Shared::map(board.0.fd().try_clone_to_owned()?, bytes)?))))
}

fn spawn<I: Initializer>(
    number: usize,
    count: usize,
    board: &Board,
    ends: &Ends,
    setup: &Setup<I>,
    deadline: Instant,
) -> Result<Worker, Error> {
    let (ours, theirs) = lifeline()?;
    // `/proc/self/exe` is this very program, even if its file was replaced meanwhile. No `pre_exec`: it would turn the
    // cheap posix_spawn into a fork.
    let started = Command::new("/proc/self/exe").env(MARKER, "1").stdin(Stdio::from(theirs)).spawn();
    let started = started.map_err(Error::io("starting this program again as a worker"))?;
    let child = Child::adopt(started.id()).map_err(Error::io("watching a worker"))?;
    let handed_over = || -> Result<(), Error> {
        let fds = [ends.inqueue.as_raw_fd(), ends.outqueue.as_raw_fd(), board.0.fd().as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&fds)];
        sendmsg::<()>(ours.as_raw_fd(), &[IoSlice::new(&[0])], &rights, MsgFlags::MSG_NOSIGNAL, None)
            .map_err(|fault| Error::io("handing the queues to a worker")(fault.into()))?;
        let message = codec::dumps(&setup.message(number, count))?;
        fd::set_nonblocking(&ours).map_err(Error::io("preparing a worker"))?;
        let socket = File::from(ours.try_clone().map_err(Error::io("preparing a worker"))?);
        frame::write(&mut Waiting::until(&socket, deadline), &message).map_err(Error::io("preparing a worker"))
    };
    if let Err(fault) = handed_over() {
        // A worker that died before it read its preparation says more than the broken pipe it leaves.
        return Err(match child.peek() {
            Ok(Some(status)) => Kind::WorkerDied { pid: child.pid(), status }.into(),
            _ => fault,
        });
    }
    Ok(Worker { child, _lifeline: ours })
}

/// Turns this process into a worker if it was started as one by `spawn`; otherwise returns at once.
///
/// Must be the first line of `main` of every program that uses [`StartMethod::Spawn`]: the worker is this program, executed
/// again. A program that forgets it gets an error from its first pool instead of workers that start workers for ever.
///
/// ```
/// // The first line of `main`:
/// multiprocess::init();
/// ```
pub fn init() {
    if std::env::var_os(MARKER).is_none() {
        return;
    }
    fork::remove_variable(MARKER);
    let code = match spawned_worker() {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("worker {}: {fault}", std::process::id());
            1
        }
    };
    fork::exit_now(code)
}

fn spawned_worker() -> Result<i32, Error> {
    let failed = "receiving a worker's preparation";
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map_err(Error::io(failed))?;
    fd::close_stdin().map_err(Error::io(failed))?;
    let [inqueue, outqueue, shared] = receive_descriptors(&socket)?;
    let stream = File::from(socket.try_clone().map_err(Error::io(failed))?);
    let message = frame::read(&mut &stream)?.ok_or(Kind::Closed)?;
    let mut loading = Loading::of(&message);
    let (number, workers, initializer): (usize, usize, bool) = (loading.piece()?, loading.piece()?, loading.piece()?);
    let shared = Shared::map(shared, Board::bytes(workers)).map_err(Error::io(failed))?;
    let board: &'static Board = Box::leak(Box::new(Board(shared)));
    let wiring = Wiring { inqueue: inqueue.into(), outqueue: outqueue.into(), board, lifeline: socket, number };
    Ok(worker::run(&wiring, || {
        if !initializer {
            loading.finish()?;
            return Ok(Box::new(()));
        }
        let name: String = loading.piece()?;
        function::initialize(&name, loading)
    }))
}

/// Receives the three descriptors that come with the first byte (unix(7), SCM_RIGHTS).
fn receive_descriptors(socket: &OwnedFd) -> Result<[OwnedFd; 3], Error> {
    let doing = "receiving the queues";
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let mut space = nix::cmsg_space!([RawFd; 3]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags)
        .map_err(|fault| Error::io(doing)(fault.into()))?;
    let mut owned = Vec::new();
    for message in received.cmsgs().map_err(|fault| Error::io(doing)(fault.into()))? {
        if let ControlMessageOwned::ScmRights(fds) = message {
            owned.extend(fds.into_iter().map(crate::sys::fd::own));
        }
    }
    owned.try_into().map_err(|_| Error::io(doing)(std::io::ErrorKind::InvalidData.into()))
}
