//! What errors say.

use std::fmt;

use super::{Error, Kind, Loss};
use crate::connection::Filling;
use crate::sys::pid::Status;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Io { doing, source } => write!(f, "{doing}: {source}"),
            Kind::Encode { what, why } => write!(f, "cannot encode {what}: {why}"),
            Kind::Decode { what, why } => write!(f, "cannot decode {what}: {why}"),
            Kind::FrameTooLarge { bytes, limit } => {
                write!(f, "a frame of {bytes} bytes is larger than the {limit} bytes allowed")
            }
            Kind::UnknownName { kind, name } => {
                write!(f, "no {kind} is registered under the name '{name}' in this program")
            }
            Kind::DuplicateName { name } => write!(f, "two functions or initializers are registered as '{name}'"),
            Kind::WorkerDied { pid, status } => {
                write!(
                    f,
                    "worker {pid} {status} while work was pending; CPython's Pool would wait for its task for ever"
                )
            }
            Kind::ChildFailed { pid, status } => write!(f, "child {pid} {status} without an answer"),
            Kind::ServerDied { pid, status: status @ Status::Exited(_), served: false } => write!(
                f,
                "the fork server, process {pid}, {status} before it forked anything; it is this program executed again, whose main must \
                 begin with multiprocess::init()"
            ),
            Kind::ServerDied { pid, status, .. } => write!(f, "the fork server, process {pid}, {status}"),
            Kind::StatusUnknown { pid } => {
                write!(f, "child {pid} was ended because its fork server is gone; how it would have ended is unknown")
            }
            Kind::Refused { why } => write!(f, "the fork server could not fork: {why}"),
            Kind::TaskFailed { function, why } => write!(f, "'{function}' failed in a worker: {why}"),
            Kind::Deadline { doing, limit } => write!(f, "{doing}: not done within {limit:?}"),
            Kind::HandlerPanicked { name, why } => write!(f, "the thread '{name}' panicked: {why}"),
            Kind::Threads { count } => write!(
                f,
                "refusing to fork: this process has {count} threads, and a lock that one of them holds would stay locked in \
                 the child; fork before the first thread starts, or use what copies no process with threads: spawn, a fork server"
            ),
            Kind::Holding { count } => write!(
                f,
                "refusing to fork: this process holds shared numbers (claims, locks and blocks: {count}), and the child would hold \
                 them, too; fork before they are claimed, or after they were given back"
            ),
            Kind::NotInitialised => f.write_str(
                "this process was started as a worker, but its main does not begin with multiprocess::init(); \
                 without it each worker would start workers of its own",
            ),
            Kind::NoWorkers => f.write_str("a pool or an executor needs at least one worker"),
            Kind::Closed => f.write_str("the pool has failed or was finished before"),
            Kind::QueueClosed => f.write_str(
                "the queue is closed in this process: by close or join_thread, or because its feeder failed, as join_thread tells",
            ),
            Kind::Full { limit, waiting: 0 } => {
                write!(f, "the queue is full, and no slot became free within {limit:?}")
            }
            Kind::Full { limit, waiting } => write!(
                f,
                "the queue is full, and no slot became free within {limit:?}; {waiting} of its items are not in the pipe yet, and will \
                 never be if the process that put them has died"
            ),
            Kind::Empty { limit } => write!(f, "the queue is empty, and no item came within {limit:?}"),
            Kind::QueueBroken => {
                f.write_str("an item of the queue was left half read, and nothing after it can be read")
            }
            Kind::FeederStuck { items, bytes, capacity, limit } => write!(
                f,
                "the queue's feeder thread still had {items} items to write after {limit:?}, the first of {bytes} bytes: the pipe \
                 holds {capacity} bytes and nobody reads it; CPython's join_thread would wait for ever"
            ),
            Kind::ItemsLost { items, why } => write!(f, "{items} items put on a queue were never sent: {why}"),
            Kind::NotHandedOver { block } => write!(f, "block {block} of the shared memory was not handed over"),
            Kind::NoSuchBlock { block, count } => {
                write!(f, "there is no block {block}: the shared memory has {count}, counted from 0")
            }
            Kind::StartFailed { pid, status } => write!(
                f,
                "process {pid} {status} before it took its work; if it is this program executed again, its main must begin with \
                 multiprocess::init()"
            ),
            Kind::WrongMemory { why } => write!(f, "a descriptor does not hold the expected shared memory: {why}"),
            Kind::NoSuchElement { index, len } => write!(f, "there is no element {index}: there are {len}, counted from 0"),
            Kind::TooLong { index, bytes, room } => {
                write!(f, "an item of {bytes} bytes does not fit entry {index} of a shareable list, which has room for {room}")
            }
            Kind::TornEntry { index, why } => {
                write!(f, "entry {index} of a shareable list holds a mixture of what several processes wrote: {why}")
            }
            Kind::NoBytes => f.write_str("a named segment has at least one byte, and 0 were asked for"),
            Kind::OutsideSegment { offset, len, bytes } => {
                write!(f, "{len} bytes at {offset} do not lie inside a named segment of {bytes} bytes")
            }
            Kind::NoSuchSegment { name } => write!(f, "there is no segment of shared memory named '{name}'"),
            Kind::SegmentName { name } => write!(f, "{name:?} cannot be the name of a segment of shared memory"),
            Kind::OwnerDied { what, pid } => write!(
                f,
                "{} died while it held {what}, and what that guards may be half done; recover takes it all the same, and CPython's would \
                 stay locked for ever",
                process(*pid)
            ),
            Kind::Locked { what, owner, limit } => {
                write!(f, "waiting for {what}: {} held it for all of {limit:?}", process(*owner))
            }
            Kind::QueueTorn { reading, died, pid, came, behind } => {
                let how = if *died { "died while it" } else { "gave up after it" };
                let what = if *reading { "read an item from the queue" } else { "wrote an item to the queue" };
                write!(f, "{} {how} {what}, in the middle of it", process(*pid))?;
                came.map_or(Ok(()), |came| write!(f, " ({came} bytes of it came)"))?;
                write!(f, ": it is lost, and with it the {behind} items behind it; in CPython the next would wait for ever")
            }
            Kind::Unfinished { items, limit } => write!(
                f,
                "joining a queue: {items} items were not done within {limit:?}, and never will be if the processes that got them have \
                 died; CPython's join would wait for ever"
            ),
            Kind::TooManyWaiting { places } => {
                write!(f, "{places} wait already, and there is no place for one more")
            }
            Kind::BarrierBroken { came, parties, died, limit } => {
                write!(f, "waiting at a barrier for {limit:?}: it is broken; {came} of {parties} parties had come")?;
                died.map_or(Ok(()), |pid| write!(f, ", and process {pid} died while it waited"))
            }
            Kind::ReleasedTooOften { bound } => {
                write!(f, "the semaphore was released too often: it began with {bound} and has as many")
            }
            Kind::NothingToBeDone => f.write_str("task_done was called more often than items were put on the queue"),
            Kind::Daemonic => f.write_str("daemonic processes are not allowed to have children"),
            Kind::ManagerDied { pid } => write!(f, "the manager, process {pid}, is gone, and its objects with it"),
            Kind::ManagerRefused { pid } => write!(
                f,
                "the manager, process {pid}, has closed the connection: it had no room for another, or could make nothing of what it was sent"
            ),
            Kind::CallFailed { why } => write!(f, "a call of a manager's object failed: {why}"),
            Kind::NoSuchObject { object } => write!(
                f,
                "the manager has no object {object} any more: its last proxy was dropped; whoever sends a proxy holds it until it has arrived"
            ),
            Kind::End => f.write_str("the other end of the channel is closed, and there is no message left"),
            Kind::Torn { got, of } => write!(
                f,
                "the other end of the channel was closed in the middle of a message: of its {} bytes with the header {got} came",
                Bytes(*of)
            ),
            Kind::PeerGone { doing } => write!(f, "{doing}: the other end of the channel is closed"),
            Kind::SendStuck { sent, bytes, filling, limit } => {
                write!(f, "sending a message: {sent} of {bytes} bytes with the header went within {limit:?}")?;
                stuck(f, filling.as_ref())
            }
            Kind::RecvStuck { got, of, filling, limit } => {
                write!(f, "receiving a message: {got} of {} bytes with the header came within {limit:?}", Bytes(*of))?;
                stuck(f, filling.as_ref())
            }
            Kind::HalfSent { sent, bytes } => write!(
                f,
                "nothing more can be sent: of an earlier message only {sent} of {bytes} bytes with the header went"
            ),
            Kind::Unreadable { why } => write!(f, "nothing more can be received: {why}"),
            Kind::OneWay { doing, only } => write!(f, "{doing}: this end of the channel only {only}"),
            Kind::Corrupt { why } => write!(f, "the other side of a channel has broken its rules: {why}"),
            Kind::WorkerLost(Loss { pid, status, torn, function, job, task }) => {
                write!(f, "worker {pid} {status} in task {task} of job {job}, '{function}'")?;
                if *torn { f.write_str(", in the middle of its reply") } else { Ok(()) }
            }
            Kind::TaskOverdue { pid, function, task, limit } => {
                write!(f, "worker {pid} was ended: task {task} of '{function}' was not done within {limit:?}")
            }
            Kind::InitializerFailed { times, why } => {
                write!(f, "the pool gave up: {times} workers in a row ended before they could work, the last because {why}")
            }
            Kind::PoolBroken { why } => write!(f, "the pool can start no workers any more: {why}"),
            Kind::Cancelled => f.write_str("the task was cancelled before it was sent to a worker"),
            Kind::WouldHang(report) => report.fmt(f),
            Kind::InitializerGivenUp { pid, status, calls } => write!(
                f,
                "worker {pid} {status} before it was ready, as others before it; the pool is given up after {calls} calls of the \
                 initializer, which CPython's Pool repeats for ever"
            ),
            Kind::WorkerNotReplaced { why } => write!(f, "a worker that had ended could not be replaced: {why}"),
            Kind::ItemsFailed { function, why } => write!(f, "drawing the items for '{function}' panicked: {why}"),
            Kind::NoTasksPerChild => f.write_str("a worker needs at least one task before it is replaced"),
            Kind::Taken => f.write_str("the outcome was taken before"),
            Kind::ThreadOverdue { function, task, limit } => write!(
                f,
                "task {task} of '{function}' was not done within {limit:?}; a thread cannot be ended, so it goes on and its outputs \
                 will be dropped"
            ),
            Kind::ThreadsLeft { count, limit } => write!(
                f,
                "{count} threads of the pool were still at a task after {limit:?}; a thread cannot be ended, so they go on"
            ),
            Kind::ExecutorBroken { worker, why, torn } => {
                f.write_str("the executor is broken: ")?;
                if let Some((pid, status)) = worker {
                    write!(f, "worker {pid} {status}{}", if why.is_some() { " " } else { "" })?;
                }
                f.write_str(why.as_deref().unwrap_or_default())?;
                if *torn { f.write_str(", in the middle of its reply") } else { Ok(()) }
            }
            Kind::ExecutorShut => f.write_str("the executor was shut down and takes no more tasks"),
            Kind::OutputTaken => f.write_str("the output of this future was taken before"),
            Kind::CountTooLarge { doing, count, most } => {
                write!(f, "{doing}: it cannot count to {count}; 0 to {most} are allowed")
            }
            Kind::PoolReentered => f.write_str("a pool cannot be used from inside the encoding of its own items"),
        }
    }
}

/// What a message calls a process whose pid may not be known.
fn process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "a process".to_owned(), |pid| format!("process {pid}"))
}

/// A number of bytes that may not be known yet.
struct Bytes(Option<usize>);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => bytes.fmt(f),
            None => f.write_str("unknown many"),
        }
    }
}

/// What this side has sent and the other has not read, on which the other side may be waiting in its turn.
fn stuck(f: &mut fmt::Formatter<'_>, filling: Option<&Filling>) -> fmt::Result {
    let Some(Filling { what, pending, capacity }) = filling else { return Ok(()) };
    write!(f, "; the other side has not read {pending} bytes in the {what}, which holds {capacity}")
}
