//! What a process that has put owes its queues before it ends: CPython's exit rules (`Queue._finalize_join`, `util._exit_function`).

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::feeder::Buffer;

/// A queue that this process has put on and may not have joined.
pub(super) trait Unjoined: Send + Sync {
    /// As [`Last::finish`].
    fn finish(&self);
}

/// What a queue does about items that are not written when it is dropped or its process ends.
#[derive(Debug)]
pub(super) struct Last<T> {
    pub(super) buffer: Arc<Buffer<T>>,
    /// How long the feeder may go without writing a byte; see [`Queue::linger`](super::Queue::linger).
    pub(super) patience: Duration,
    /// The process that waits no more; 0 for none. A child of it is another, as in CPython.
    cancelled_by: AtomicU32,
}

impl<T> Last<T> {
    pub(super) fn new(buffer: Arc<Buffer<T>>, patience: Duration) -> Self {
        Self { buffer, patience, cancelled_by: AtomicU32::new(0) }
    }

    pub(super) fn cancel(&self) {
        self.cancelled_by.store(std::process::id(), Relaxed);
    }

    /// Waits as the queue's owner wants, and says on standard error what is lost and nobody was told of.
    pub(super) fn finish(&self) {
        let cancelled = self.cancelled_by.load(Relaxed) == std::process::id();
        let patience = if cancelled { Duration::ZERO } else { self.patience };
        let left = self.buffer.finish(patience);
        let process = std::process::id();
        if left > 0 && !patience.is_zero() {
            eprintln!(
                "multiprocess: process {process} ends with {left} items of a queue that nobody made room for within {patience:?}; they \
                 are lost, where CPython would wait for ever"
            );
        } else if let Err(fault) = self.buffer.new_losses()
            && left == 0
        {
            eprintln!("multiprocess: process {process} ends: {fault}");
        }
    }
}

impl<T: Send> Unjoined for Last<T> {
    fn finish(&self) {
        self.finish();
    }
}

/// The queues that this process has put on, and those of its parent before it was forked, which are not its business.
static UNJOINED: Mutex<Vec<(u32, Weak<dyn Unjoined>)>> = Mutex::new(Vec::new());

/// Remembers a queue that this process has begun to put on.
pub(super) fn remember(queue: Weak<dyn Unjoined>) {
    let mut queues = UNJOINED.lock().unwrap_or_else(PoisonError::into_inner);
    queues.retain(|(_, queue)| queue.strong_count() > 0);
    queues.push((std::process::id(), queue));
}

/// Finishes the queues of this process when it is dropped: at the end of a process's body, however that ends.
#[derive(Debug)]
pub(crate) struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        let queues = std::mem::take(&mut *UNJOINED.lock().unwrap_or_else(PoisonError::into_inner));
        for (pid, queue) in queues {
            if pid == std::process::id()
                && let Some(queue) = queue.upgrade()
            {
                queue.finish();
            }
        }
    }
}
