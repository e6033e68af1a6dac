//! What a worker process does: take a task under the read lock, carry it out, put the reply under the write lock.

use std::any::Any;
use std::fs::File;
use std::sync::atomic::Ordering::Relaxed;

use super::board::{Board, Post};
use super::report::{Doing, QueueLock};
use crate::codec::Loading;
use crate::error::Error;
use crate::start::LOST;
use crate::{frame, function};

/// Exit code of a worker whose initializer panicked, as for any uncaught exception in CPython.
const INITIALIZER_FAILED: i32 = 1;

/// What a worker is connected to.
#[derive(Debug)]
pub(super) struct Wiring {
    pub(super) inqueue: File,
    pub(super) outqueue: File,
    pub(super) board: &'static Board,
    /// Which of the board's places is its own.
    pub(super) place: usize,
}

/// Runs a worker to its end and returns its exit code.
pub(super) fn run(wiring: &Wiring, initialize: impl FnOnce() -> Result<Box<dyn Any>, Error>) -> i32 {
    wiring.board.preparations().fetch_add(1, Relaxed);
    let state = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(initialize)) {
        Ok(Ok(state)) => state,
        Ok(Err(fault)) => {
            eprintln!("worker {}: {fault}", std::process::id());
            return INITIALIZER_FAILED;
        }
        Err(_) => return INITIALIZER_FAILED,
    };
    wiring.board.ready().fetch_add(1, Relaxed);
    let ended = work(wiring, &*state);
    // Never dropped: the process ends here and the kernel takes its memory back whole, while freeing an inherited cache piece
    // by piece would first copy every page of it.
    std::mem::forget(state);
    if ended.is_ok() { 0 } else { LOST }
}

fn work(wiring: &Wiring, state: &dyn Any) -> Result<(), Error> {
    let post = wiring.board.post(wiring.place);
    let (mut done, at_most) = (0, wiring.board.tasks_at_most());
    // CPython counts tasks here, too, not items: a chunk of a thousand is one.
    while at_most.is_none_or(|tasks| done < tasks) {
        let Some(task) = get(wiring, post)? else { break };
        let Some(reply) = function::answer(&task, state).inspect_err(|_| post.now(Doing::FoundNoTask))? else { break };
        drop(task);
        put(wiring, post, &reply)?;
        done += 1;
    }
    post.now(Doing::BetweenTasks);
    Ok(())
}

/// Takes a message from the in-queue. From before the lock is free again the board says which task this worker has.
fn get(wiring: &Wiring, post: Post<'_>) -> Result<Option<Vec<u8>>, Error> {
    post.now(Doing::WaitingToRead);
    let held = wiring.board.lock(QueueLock::Read).lock();
    let _held = held.inspect_err(|_| post.now(Doing::FoundReadLockDead)).map_err(Error::io("waiting for a task"))?;
    post.now(Doing::Reading);
    let message = frame::read(&mut &wiring.inqueue)?;
    match message.as_deref().map(task_of).transpose() {
        Ok(Some(Some((job, index)))) => post.takes(job, index),
        Ok(_) => post.now(Doing::BetweenTasks),
        Err(fault) => {
            post.now(Doing::FoundNoTask);
            return Err(fault);
        }
    }
    Ok(message)
}

/// The job and the index of a task; none for the sentinel. Only a look: the message is decoded, and counted, later.
fn task_of(message: &[u8]) -> Result<Option<(u64, u64)>, Error> {
    let mut loading = Loading::of(message);
    Ok(if loading.piece()? { Some((loading.piece()?, loading.piece()?)) } else { None })
}

/// Puts a reply on the out-queue. Before the lock is free again, and only once the pipe has all of it, the board says that no task is left.
fn put(wiring: &Wiring, post: Post<'_>, reply: &[u8]) -> Result<(), Error> {
    post.now(Doing::WaitingToReply);
    let held = wiring.board.lock(QueueLock::Write).lock();
    let _held = held.inspect_err(|_| post.now(Doing::FoundWriteLockDead)).map_err(Error::io("waiting to reply"))?;
    post.now(Doing::Replying);
    frame::write(&mut &wiring.outqueue, reply).map_err(Error::io("putting a reply on the out-queue"))?;
    post.now(Doing::BetweenTasks);
    Ok(())
}
