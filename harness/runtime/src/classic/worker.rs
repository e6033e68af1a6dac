//! What a worker process does: take a task under the read lock, carry it out, put the reply under the write lock.

use std::any::Any;
use std::fs::File;
use std::os::fd::OwnedFd;

use crate::error::Error;
use crate::meter::{SLOT_BYTES, Slot};
use crate::sys::lock::{LOCK_BYTES, Lock};
use crate::sys::shared::Shared;
use crate::sys::{fd, fork};
use crate::{frame, function};

/// Exit code of a worker that lost its parent, its queues, or the other workers to a death under a lock.
pub(super) const LOST: i32 = 70;

/// Exit code of a worker whose initializer panicked, as for any uncaught exception in CPython.
const INITIALIZER_FAILED: i32 = 1;

/// The memory that a pool and its workers share: two locks, then a slot of counters per worker.
#[derive(Debug)]
pub(super) struct Board(pub(super) Shared);

impl Board {
    pub(super) fn bytes(workers: usize) -> usize {
        2 * LOCK_BYTES + workers * SLOT_BYTES
    }

    /// Only the holder may read from the in-queue.
    pub(super) fn read_lock(&self) -> Lock<'_> {
        Lock::at(&self.0, 0)
    }

    /// Only the holder may write to the out-queue.
    pub(super) fn write_lock(&self) -> Lock<'_> {
        Lock::at(&self.0, LOCK_BYTES)
    }

    pub(super) fn create(workers: usize) -> std::io::Result<Self> {
        let shared = Shared::create(Self::bytes(workers))?;
        Lock::create(&shared, 0)?;
        Lock::create(&shared, LOCK_BYTES)?;
        Ok(Self(shared))
    }

    pub(super) fn slot(&self, worker: usize) -> &Slot {
        self.0.at(2 * LOCK_BYTES + worker * SLOT_BYTES)
    }
}

/// What a worker is connected to.
#[derive(Debug)]
pub(super) struct Wiring {
    pub(super) inqueue: File,
    pub(super) outqueue: File,
    pub(super) board: &'static Board,
    pub(super) lifeline: OwnedFd,
}

/// Runs a worker to its end and returns its exit code.
pub(super) fn run(wiring: &Wiring, initialize: impl FnOnce() -> Result<Box<dyn Any>, Error>) -> i32 {
    fork::ignore_interrupt();
    if fd::die_with(&wiring.lifeline).is_err() {
        return LOST;
    }
    let state = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(initialize)) {
        Ok(Ok(state)) => state,
        Ok(Err(fault)) => {
            eprintln!("worker {}: {fault}", std::process::id());
            return INITIALIZER_FAILED;
        }
        Err(_) => return INITIALIZER_FAILED,
    };
    let ended = work(wiring, &*state);
    // Never dropped: the process ends here and the kernel takes its memory back whole, while freeing an inherited cache piece
    // by piece would first copy every page of it.
    std::mem::forget(state);
    if ended.is_ok() { 0 } else { LOST }
}

fn work(wiring: &Wiring, state: &dyn Any) -> Result<(), Error> {
    while let Some(task) = get(wiring)? {
        let Some(reply) = function::answer(&task, state)? else { break };
        drop(task);
        let held = wiring.board.write_lock().lock().map_err(Error::io("waiting for the out-queue"))?;
        frame::write(&mut &wiring.outqueue, &reply).map_err(Error::io("putting a reply on the out-queue"))?;
        drop(held);
    }
    Ok(())
}

fn get(wiring: &Wiring) -> Result<Option<Vec<u8>>, Error> {
    let _held = wiring.board.read_lock().lock().map_err(Error::io("waiting for the in-queue"))?;
    frame::read(&mut &wiring.inqueue)
}
