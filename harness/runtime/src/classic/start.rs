//! How a pool's workers come to life: forked from this process at its start, or started with everything sent to them.

use std::any::Any;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use super::board::Board;
use super::config::Config;
use super::worker::{self, Wiring};
use crate::StartMethod;
use crate::codec::{self, Loading};
use crate::error::Error;
use crate::function::{self, Initializer};
use crate::process::{adopt, daemon, lifeline, may_fork};
use crate::start::{Arrival, LOST, Role, Started, Starter, refuse_uninitialised};
use crate::sys::shared::{Shared, set_current_slot};
use crate::sys::{fd, fork};
use crate::waiting;

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

/// All workers of a pool, and what they need as long as they live.
pub(super) struct Workers {
    pub(super) started: Vec<Started>,
    /// The server that has forked them, if one has: with it they would end.
    pub(super) starter: Option<Starter>,
    pub(super) recruiter: Option<Recruiter>,
}

/// Starts workers in the place of those that have ended.
#[derive(Debug)]
pub(super) struct Recruiter {
    starter: Starter,
    /// What a worker that inherits nothing is sent: the ends of the queues, and its initializer as the first ones got it.
    sent: Option<(Ends, Vec<u8>)>,
    count: usize,
    limit: Duration,
}

impl Recruiter {
    /// Starts a worker for this place.
    pub(super) fn start(&self, board: &Board, place: usize) -> Result<Started, Error> {
        let (descriptors, message) = match &self.sent {
            Some((ends, message)) => (vec![ends.inqueue.as_fd(), ends.outqueue.as_fd(), board.0.fd()], &message[..]),
            None => (Vec::new(), &[][..]),
        };
        let place = [place as u64, self.count as u64];
        self.starter.start(place, &descriptors, message, waiting::after(self.limit))
    }
}

/// Starts all workers of a pool.
pub(super) fn workers<I: Initializer>(
    config: &Config,
    board: &Board,
    ends: &Ends,
    setup: Setup<I>,
) -> Result<Workers, Error> {
    refuse_uninitialised()?;
    let (method, count, limit) = (config.start_method, config.workers, config.deadline);
    if method == StartMethod::Fork {
        return fork_all(config, board, ends, setup);
    }
    let deadline = waiting::after(limit);
    let starter = Starter::new(method, Role::ClassicWorker, &[], |_| LOST)?;
    let descriptors = [ends.inqueue.as_fd(), ends.outqueue.as_fd(), board.0.fd()];
    let mut last = Vec::new();
    let start_one = |number: usize| {
        last = codec::dumps(&setup.message())?;
        starter.start([number as u64, count as u64], &descriptors, &last, deadline)
    };
    let started = (0..count).map(start_one).collect::<Result<_, Error>>()?;
    if !config.replaces() {
        return Ok(Workers { started, starter: Some(starter), recruiter: None });
    }
    let clone = |end: &OwnedFd| end.try_clone().map_err(Error::io("making a pool"));
    let ends = Ends { inqueue: clone(&ends.inqueue)?, outqueue: clone(&ends.outqueue)? };
    let recruiter = Recruiter { starter, sent: Some((ends, last)), count, limit };
    Ok(Workers { started, starter: None, recruiter: Some(recruiter) })
}

/// Forks the workers directly, and then, if they are to be replaced, the zygote: this is the last moment at which this process has one thread.
fn fork_all<I: Initializer>(config: &Config, board: &Board, ends: &Ends, setup: Setup<I>) -> Result<Workers, Error> {
    may_fork()?;
    let mut setup = Some(setup);
    let mut started = Vec::with_capacity(config.workers);
    for number in 0..config.workers {
        let (ours, theirs) = lifeline()?;
        let keep = [&ends.inqueue, &ends.outqueue, &theirs].map(AsRawFd::as_raw_fd);
        let keep = [keep[0], keep[1], keep[2], board.0.fd().as_raw_fd()];
        let pid = fork::child(&keep, || match fd::die_with(&theirs) {
            Ok(()) => forked_worker(number, board, ends, setup.take()),
            Err(_) => LOST,
        });
        let child = pid.and_then(adopt).map_err(Error::io("forking a worker"))?;
        started.push(Started::own(child, None, ours));
    }
    if !config.replaces() {
        return Ok(Workers { started, starter: None, recruiter: None });
    }
    let keep = [ends.inqueue.as_raw_fd(), ends.outqueue.as_raw_fd(), board.0.fd().as_raw_fd()];
    let starter = Starter::new(StartMethod::Fork, Role::ClassicWorker, &keep, |arrival| {
        let place = usize::try_from(arrival.place[0]).expect("the parent is the same program");
        // It says nothing, but whoever sends it should find somebody who takes it.
        if arrival.message().is_err() {
            return LOST;
        }
        // Taken in the copy that this worker is; the zygote keeps its own for the next.
        forked_worker(place, board, ends, setup.take())
    })?;
    let recruiter = Recruiter { starter, sent: None, count: config.workers, limit: config.deadline };
    Ok(Workers { started, starter: None, recruiter: Some(recruiter) })
}

/// The life of a forked worker, in the image it inherited. Nothing of the parent's is dropped here.
fn forked_worker<I: Initializer>(place: usize, board: &Board, ends: &Ends, setup: Option<Setup<I>>) -> i32 {
    let wired = || -> std::io::Result<Wiring> {
        fork::ignore_interrupt();
        Ok(Wiring {
            inqueue: File::from(ends.inqueue.try_clone()?),
            outqueue: File::from(ends.outqueue.try_clone()?),
            board: inherit(board)?,
            place,
        })
    };
    let Ok(wiring) = wired() else { return LOST };
    daemon::be(true);
    set_current_slot(wiring.board.slot(place));
    worker::run(&wiring, || Ok(setup.map_or_else(|| Box::new(()) as Box<dyn Any>, Setup::run)))
}

/// A mapping of the board that this child owns for the rest of its life.
fn inherit(board: &Board) -> std::io::Result<&'static Board> {
    let bytes = board.0.len();
    Ok(Box::leak(Box::new(Board(Shared::map(board.0.fd().try_clone_to_owned()?, bytes)?))))
}

/// The life of a worker that was executed, or forked by a server.
pub(crate) fn arrived_worker(mut arrival: Arrival) -> Result<i32, Error> {
    let failed = "receiving a worker's preparation";
    let [place, workers] = arrival.place.map(|number| usize::try_from(number).expect("the parent is the same program"));
    let descriptors = <[OwnedFd; 3]>::try_from(std::mem::take(&mut arrival.descriptors));
    let [inqueue, outqueue, shared] =
        descriptors.map_err(|_| Error::io(failed)(std::io::ErrorKind::UnexpectedEof.into()))?;
    let shared = Shared::map(shared, Board::bytes(workers)).map_err(Error::io(failed))?;
    let board: &'static Board = Box::leak(Box::new(Board(shared)));
    // From here on everything counts, the preparation first.
    set_current_slot(board.slot(place));
    let message = arrival.message()?;
    let wiring = Wiring { inqueue: inqueue.into(), outqueue: outqueue.into(), board, place };
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
