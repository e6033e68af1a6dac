//! A process of its own in place of a pool: the bytes go to it as they lie, as one message or in a stream of small ones.

use std::sync::Arc;
use std::time::Duration;

use harness::Measured;
use multiprocess::meter::WorkerReport;
use multiprocess::{Channel, Connection, Inherited, Process, Status};
use record::Params;

use super::sum::sum;
use super::variants::{Answered, Fault, pieces};

/// Every wait ends with the other end, and all of them with the subject's deadline.
const FOR_EVER: Duration = Duration::MAX;

/// The bytes of one message of a stream: what a pipe holds.
const MESSAGE_BYTES: usize = 64 << 10;

// ANCHOR: child
/// Sums one message after the other; an empty one is the end. It sends two sums: of nothing, when it is there, and of everything.
fn sum_messages(theirs: &Connection) -> Result<(), multiprocess::Error> {
    theirs.send(&0_u64, FOR_EVER)?;
    let (mut message, mut total) = (Vec::new(), 0_u64);
    loop {
        theirs.recv_bytes_into(&mut message, FOR_EVER)?;
        if message.is_empty() {
            return theirs.send(&total, FOR_EVER);
        }
        total += sum(&message);
    }
}
// ANCHOR_END: child

/// Sends the array in messages of at most so many bytes.
fn by_messages(params: &Params, message_bytes: usize) -> Answered {
    let (ours, theirs) = Connection::pipe_pair()?;
    let inherits: [&dyn Inherited; 1] = [&theirs];
    let mut process = Process::start(&inherits, || i32::from(sum_messages(&theirs).is_err()))?;
    drop(theirs);
    let ready: u64 = ours.recv(FOR_EVER)?;
    let pieces = pieces(params)?;
    let measured = Measured::take(|| Ok::<_, Fault>((ready + send_all(&ours, &pieces, message_bytes)?, Vec::new())))?;
    let report = joined(&mut process)?;
    Ok(measured.with_workers(vec![report]).answer(u64::to_string))
}

// ANCHOR: parent
fn send_all(ours: &Connection, pieces: &[Arc<Vec<u8>>], message_bytes: usize) -> Result<u64, multiprocess::Error> {
    for message in pieces.iter().flat_map(|piece| piece.chunks(message_bytes)) {
        ours.send_bytes(message, FOR_EVER)?;
    }
    ours.send_bytes(&[], FOR_EVER)?;
    ours.recv(FOR_EVER)
}
// ANCHOR_END: parent

fn joined(process: &mut Process) -> Result<WorkerReport, Fault> {
    let report = process.join(Duration::from_secs(60))?;
    match report.status {
        Status::Exited(0) => Ok(report),
        status => Err(format!("the process that sums {status}").into()),
    }
}

pub(super) fn bulk_frames(params: &Params) -> Answered {
    by_messages(params, usize::MAX)
}

pub(super) fn streamed(params: &Params) -> Answered {
    by_messages(params, MESSAGE_BYTES)
}
