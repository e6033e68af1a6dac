//! What a caller can ask an error.

use std::io;

use super::{Error, Kind, Loss};
use crate::classic::HangReport;
use crate::sys::pid::Status;

impl Error {
    /// Whether a worker process ended while there was work for it.
    pub fn is_worker_died(&self) -> bool {
        matches!(*self.0, Kind::WorkerDied { .. } | Kind::WouldHang(_) | Kind::InitializerGivenUp { .. })
    }

    /// The pid of the worker that died, if that is the error.
    pub fn worker_pid(&self) -> Option<u32> {
        match &*self.0 {
            Kind::WorkerDied { pid, .. } | Kind::TaskOverdue { pid, .. } | Kind::InitializerGivenUp { pid, .. } => {
                Some(*pid)
            }
            Kind::WorkerLost(loss) => Some(loss.pid),
            Kind::WouldHang(report) => Some(report.death().pid),
            Kind::ExecutorBroken { worker, .. } => worker.map(|(pid, _)| pid),
            _ => None,
        }
    }

    /// Whether a child of a fork server was ended because its server is gone, so that nobody can tell how it would have ended.
    pub fn is_status_unknown(&self) -> bool {
        matches!(*self.0, Kind::StatusUnknown { .. })
    }

    /// Whether a fork server has died.
    pub fn is_server_died(&self) -> bool {
        matches!(*self.0, Kind::ServerDied { .. })
    }

    /// Whether a wait reached its deadline.
    pub fn is_deadline(&self) -> bool {
        matches!(
            *self.0,
            Kind::Deadline { .. }
                | Kind::Locked { .. }
                | Kind::Unfinished { .. }
                | Kind::SendStuck { .. }
                | Kind::RecvStuck { .. }
                | Kind::TaskOverdue { .. }
                | Kind::ThreadOverdue { .. }
                | Kind::ThreadsLeft { .. }
        )
    }

    /// Whether the mapped function panicked, or its argument or result could not cross.
    pub fn is_task_failed(&self) -> bool {
        matches!(*self.0, Kind::TaskFailed { .. })
    }

    /// Whether a message or an entry of a shareable list could not be decoded, or was larger than allowed.
    pub fn is_decode(&self) -> bool {
        matches!(*self.0, Kind::Decode { .. } | Kind::FrameTooLarge { .. } | Kind::TornEntry { .. })
    }

    /// Whether a put found no free slot of a bounded queue until its deadline.
    pub fn is_full(&self) -> bool {
        matches!(*self.0, Kind::Full { .. })
    }

    /// Whether a get found no item until its deadline.
    pub fn is_empty(&self) -> bool {
        matches!(*self.0, Kind::Empty { .. })
    }

    /// Whether a process died while it held a lock that this one needs.
    pub fn is_lock_owner_died(&self) -> bool {
        matches!(*self.0, Kind::OwnerDied { .. } | Kind::QueueTorn { died: true, .. })
    }

    /// Whether a queue's feeder thread could not write everything until the deadline of a join.
    pub fn is_feeder_stuck(&self) -> bool {
        matches!(*self.0, Kind::FeederStuck { .. })
    }

    /// How many items a queue's feeder thread could not send, if that is the error.
    pub fn items_lost(&self) -> Option<u64> {
        match *self.0 {
            Kind::ItemsLost { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The pid of the process that died while it held a lock, if that is the error and the process lived long enough to leave its pid.
    pub fn dead_owner(&self) -> Option<u32> {
        match *self.0 {
            Kind::OwnerDied { pid, .. } | Kind::QueueTorn { died: true, pid, .. } => pid,
            _ => None,
        }
    }

    /// Whether an item of a queue was left in the middle, by a process that died or gave up, so that nothing after it can be read.
    pub fn is_queue_torn(&self) -> bool {
        matches!(*self.0, Kind::QueueTorn { .. } | Kind::QueueBroken)
    }

    /// Whether a queue takes or gives nothing because it is closed in this process.
    pub fn is_queue_closed(&self) -> bool {
        matches!(*self.0, Kind::QueueClosed)
    }

    /// Whether a barrier is broken, or became so while this process waited at it.
    pub fn is_barrier_broken(&self) -> bool {
        matches!(*self.0, Kind::BarrierBroken { .. })
    }

    /// Whether the system call behind it reached its deadline.
    pub(crate) fn is_timed_out(&self) -> bool {
        matches!(&*self.0, Kind::Io { source, .. } if source.kind() == io::ErrorKind::TimedOut)
    }

    /// Whether a fork was refused because the process has more than one thread, or holds shared numbers: a claim
    /// of an array, a block, or the lock of a value.
    pub fn is_fork_refused(&self) -> bool {
        matches!(*self.0, Kind::Threads { .. } | Kind::Holding { .. })
    }

    /// Whether a new process ended before it took its work.
    pub fn is_start_failed(&self) -> bool {
        matches!(*self.0, Kind::StartFailed { .. })
    }

    /// Whether a descriptor does not hold the shared memory that was expected.
    pub fn is_wrong_memory(&self) -> bool {
        matches!(*self.0, Kind::WrongMemory { .. })
    }

    /// Whether an array or a list has no element of an index.
    pub fn is_no_such_element(&self) -> bool {
        matches!(*self.0, Kind::NoSuchElement { .. })
    }

    /// Which worker was lost, how, and with which task, if that is the error.
    pub fn loss(&self) -> Option<Loss> {
        match *self.0 {
            Kind::WorkerLost(loss) => Some(loss),
            _ => None,
        }
    }

    /// Whether an item does not fit an entry of a shareable list.
    pub fn is_too_long(&self) -> bool {
        matches!(*self.0, Kind::TooLong { .. })
    }

    /// Whether there is no segment of shared memory under a name.
    pub fn is_no_such_segment(&self) -> bool {
        matches!(*self.0, Kind::NoSuchSegment { .. })
    }

    /// Whether a daemonic process asked for a child, which it may not have.
    pub fn is_daemonic(&self) -> bool {
        matches!(*self.0, Kind::Daemonic)
    }

    /// Whether a manager's server is gone.
    pub fn is_manager_died(&self) -> bool {
        matches!(*self.0, Kind::ManagerDied { .. })
    }

    /// Whether a manager has closed the connection of a call.
    pub fn is_manager_refused(&self) -> bool {
        matches!(*self.0, Kind::ManagerRefused { .. })
    }

    /// Whether a method of a manager's object panicked, or its request or reply could not cross.
    pub fn is_call_failed(&self) -> bool {
        matches!(*self.0, Kind::CallFailed { .. })
    }

    /// Whether a manager has no such object any more.
    pub fn is_no_such_object(&self) -> bool {
        matches!(*self.0, Kind::NoSuchObject { .. })
    }

    /// What kind of system error it is, if it is one.
    pub(crate) fn io_kind(&self) -> Option<io::ErrorKind> {
        match &*self.0 {
            Kind::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }

    /// Whether a channel has come to its end between two messages: the other end is closed, and everything it sent was received.
    pub fn is_end(&self) -> bool {
        matches!(*self.0, Kind::End)
    }

    /// Whether the other end of a channel was closed in the middle of a message, or a worker ended in the middle of a reply.
    pub fn is_torn(&self) -> bool {
        matches!(
            *self.0,
            Kind::Torn { .. } | Kind::ExecutorBroken { torn: true, .. } | Kind::WorkerLost(Loss { torn: true, .. })
        )
    }

    /// Whether the other end of a channel is closed: between two messages, in the middle of one, or while this one was sending.
    pub fn is_peer_gone(&self) -> bool {
        matches!(*self.0, Kind::End | Kind::Torn { .. } | Kind::PeerGone { .. })
    }

    /// Whether the other side of a channel has left something in their shared memory that cannot be.
    pub fn is_corrupt(&self) -> bool {
        matches!(*self.0, Kind::Corrupt { .. })
    }

    /// Whether a channel cannot send any more because an earlier message went only in part.
    pub fn is_half_sent(&self) -> bool {
        matches!(*self.0, Kind::HalfSent { .. })
    }

    /// Whether a worker was lost with the task it was carrying out.
    pub fn is_worker_lost(&self) -> bool {
        self.loss().is_some()
    }

    /// Whether a value refused to be encoded.
    pub fn is_encode(&self) -> bool {
        matches!(*self.0, Kind::Encode { .. })
    }

    /// Whether the initializer of a pool failed again and again.
    pub fn is_initializer_failed(&self) -> bool {
        matches!(*self.0, Kind::InitializerFailed { .. } | Kind::InitializerGivenUp { .. })
    }

    /// Whether a pool can start no workers any more, and so does nothing.
    pub fn is_pool_broken(&self) -> bool {
        matches!(*self.0, Kind::PoolBroken { .. })
    }

    /// Whether a task was cancelled before it was sent to a worker.
    pub fn is_cancelled(&self) -> bool {
        matches!(*self.0, Kind::Cancelled)
    }

    /// Where CPython's pool would wait for ever at this point, why, and what was lost.
    pub fn hang_report(&self) -> Option<&HangReport> {
        match &*self.0 {
            Kind::WouldHang(report) => Some(report),
            _ => None,
        }
    }

    /// How often the initializer was called before a classic pool was given up, if that is the error.
    pub fn initializer_calls(&self) -> Option<u64> {
        match *self.0 {
            Kind::InitializerGivenUp { calls, .. } => Some(calls),
            _ => None,
        }
    }

    /// Whether drawing the items of an `imap` panicked.
    pub fn is_items_failed(&self) -> bool {
        matches!(*self.0, Kind::ItemsFailed { .. })
    }

    /// Why a value could not cross, without its name: the other side knows that.
    pub(crate) fn reason(&self) -> Option<&str> {
        match &*self.0 {
            Kind::Encode { why, .. } | Kind::Decode { why, .. } => Some(why),
            _ => None,
        }
    }

    /// Whether an executor is broken, CPython's `BrokenProcessPool`: a worker of it ended unasked, or none could be started.
    pub fn is_broken(&self) -> bool {
        matches!(*self.0, Kind::ExecutorBroken { .. })
    }

    /// How the worker ended that was lost, or that broke its executor, if that is the error.
    pub fn worker_status(&self) -> Option<Status> {
        match *self.0 {
            Kind::ExecutorBroken { worker, .. } => worker.map(|(_, status)| status),
            Kind::WorkerDied { status, .. } => Some(status),
            Kind::WorkerLost(loss) => Some(loss.status),
            _ => None,
        }
    }

    /// Whether a task was refused because its executor was shut down.
    pub fn is_shut_down(&self) -> bool {
        matches!(*self.0, Kind::ExecutorShut)
    }

    /// Whether a task failed because of its pool or its worker, and not by itself.
    pub(crate) fn is_of_the_pool(&self) -> bool {
        matches!(
            *self.0,
            Kind::WorkerLost(_)
                | Kind::TaskOverdue { .. }
                | Kind::InitializerFailed { .. }
                | Kind::PoolBroken { .. }
                | Kind::Closed
        )
    }
}
