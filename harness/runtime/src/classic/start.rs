//! How workers come to life: forked from this process, or the program executed again.

use std::any::Any;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::worker::{self, Board, Wiring};
use crate::codec::{self, Loading};
use crate::error::{Error, Kind};
use crate::function::{self, Initializer};
use crate::process::{adopt, lifeline, may_fork};
use crate::sys::pid::Child;
use crate::sys::rights::Received;
use crate::sys::shared::{Shared, set_current_slot};
use crate::sys::{fd, fork, rights};
use crate::waiting::Waiting;
use crate::{StartMethod, forkserver, frame};

/// Tells a program that it was started to be a worker, and which kind.
pub(crate) const MARKER: &str = "MULTIPROCESS_WORKER";

/// The marker of a fork server; a pool's worker has another.
pub(crate) const FORK_SERVER: &str = "forkserver";

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

    /// The first message to a spawned worker: the initializer by its name and what it carries, if there is one.
    fn message(&self) -> Option<(&'static str, &I)> {
        self.0.as_ref().map(|initializer| (I::NAME, initializer))
    }
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

fn fork_all<I: Initializer>(count: usize, board: &Board, ends: &Ends, setup: Setup<I>) -> Result<Vec<Worker>, Error> {
    may_fork()?;
    let mut setup = Some(setup);
    let mut started = Vec::with_capacity(count);
    for number in 0..count {
        let (ours, theirs) = lifeline()?;
        let keep = [&ends.inqueue, &ends.outqueue, &theirs].map(AsRawFd::as_raw_fd);
        let keep = [keep[0], keep[1], keep[2], board.0.fd().as_raw_fd()];
        let pid = fork::child(&keep, || forked_worker(number, board, ends, &theirs, setup.take()));
        let child = pid.and_then(adopt).map_err(Error::io("forking a worker"))?;
        started.push(Worker { child, _lifeline: ours });
    }
    Ok(started)
}

/// The life of a forked worker, in the image it inherited. Nothing of the parent's is dropped here.
fn forked_worker<I: Initializer>(
    number: usize,
    board: &Board,
    ends: &Ends,
    lifeline: &OwnedFd,
    setup: Option<Setup<I>>,
) -> i32 {
    let wired = || -> std::io::Result<Wiring> {
        Ok(Wiring {
            inqueue: File::from(ends.inqueue.try_clone()?),
            outqueue: File::from(ends.outqueue.try_clone()?),
            board: inherit(board)?,
            lifeline: lifeline.try_clone()?,
        })
    };
    let Ok(wiring) = wired() else { return 1 };
    set_current_slot(wiring.board.slot(number));
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
    let child = adopt(started.id()).map_err(Error::io("watching a worker"))?;
    let handed_over = || -> Result<(), Error> {
        let place = [number as u64, count as u64].map(u64::to_ne_bytes).concat();
        let descriptors = [ends.inqueue.as_fd(), ends.outqueue.as_fd(), board.0.fd()];
        rights::send(&ours, &place, descriptors).map_err(Error::io("handing the queues to a worker"))?;
        let message = codec::dumps(&setup.message())?;
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
/// Must be the first line of `main` of every program that uses [`StartMethod::Spawn`] or a [fork server](crate::forkserver): the worker is this program, executed
/// again. A program that forgets it gets an error from its first pool instead of workers that start workers for ever.
///
/// ```
/// // The first line of `main`:
/// multiprocess::init();
/// ```
pub fn init() {
    let Some(role) = std::env::var_os(MARKER) else { return };
    fork::remove_variable(MARKER);
    let ended = if role == FORK_SERVER { forkserver::serve() } else { spawned_worker() };
    let code = match ended {
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
    let mut place = [0; 16];
    let received = rights::receive(&socket, &mut place).and_then(Received::whole);
    let [inqueue, outqueue, shared] = received.map_err(Error::io(failed))?;
    let [number, workers] = numbers(&place);
    let shared = Shared::map(shared, Board::bytes(workers)).map_err(Error::io(failed))?;
    let board: &'static Board = Box::leak(Box::new(Board(shared)));
    // From here on everything counts, the preparation first.
    set_current_slot(board.slot(number));
    let stream = File::from(socket.try_clone().map_err(Error::io(failed))?);
    let message =
        frame::read(&mut &stream)?.ok_or_else(|| Error::io(failed)(std::io::ErrorKind::UnexpectedEof.into()))?;
    let wiring = Wiring { inqueue: inqueue.into(), outqueue: outqueue.into(), board, lifeline: socket };
    let mut loading = Loading::of(&message);
    Ok(worker::run(&wiring, || {
        if !loading.piece::<bool>()? {
            loading.finish()?;
            return Ok(Box::new(()));
        }
        let name: String = loading.piece()?;
        function::initialize(&name, loading)
    }))
}

/// The number of the worker and how many there are.
fn numbers(place: &[u8; 16]) -> [usize; 2] {
    let mut numbers = [0; 2];
    for (number, bytes) in numbers.iter_mut().zip(place.chunks_exact(8)) {
        let bytes = bytes.try_into().expect("chunks of eight bytes");
        *number = usize::try_from(u64::from_ne_bytes(bytes)).expect("the parent is the same program");
    }
    numbers
}
