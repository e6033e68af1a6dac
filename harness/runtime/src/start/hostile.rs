//! What a process that starts or ends may be told, given any bytes: for fuzzing.

use super::arrival::Arrival;
use super::served;
use crate::codec::Loading;
use crate::error::Error;
use crate::function;
use crate::process::lifeline;
use crate::sys::fd;

/// Takes `bytes` as what a new process is sent, and runs the initializer that it names, if it names one.
pub(crate) fn arrive(bytes: &[u8]) -> Result<(), Error> {
    let failed = "receiving a worker's preparation";
    let (ours, theirs) = lifeline()?;
    fd::set_nonblocking(&ours).map_err(Error::io(failed))?;
    // What the socket has no room for is cut off.
    let _ = std::io::Write::write(&mut std::fs::File::from(ours), bytes);
    let arrival = Arrival::take(theirs).map_err(Error::io(failed))?;
    let message = arrival.message()?;
    let mut loading = Loading::of(&message);
    if !loading.piece::<bool>()? {
        return loading.finish();
    }
    let name: String = loading.piece()?;
    function::initialize(&name, loading).map(drop)
}

/// Takes `bytes` as what a server writes: the pid of a process, or the error of its fork, and how the process ended.
pub(crate) fn end(bytes: &[u8]) -> bool {
    let Some((pid, end)) = bytes.split_first_chunk() else { return false };
    drop(super::client::errno(i64::from_ne_bytes(*pid)));
    end.try_into().map(served::end).is_ok()
}
