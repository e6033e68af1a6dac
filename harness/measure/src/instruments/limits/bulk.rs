//! One way and as much as goes through: pipes by their capacity, and a socket.
//!
//! The two sides are not pinned, because those of a lesson are not: on one core a small pipe goes several times as fast as between two, and
//! what is drawn as a bound has to be one.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use record::Params;

use super::BYTES;
use super::other_side::OtherSide;
use super::repeated::repeated;
use super::unmeasured::Unmeasured;
use crate::outcome::Outcome;

/// What one write and one read offer, and one iteration sends: the kernel takes and gives as much of it as the capacity allows.
const CHUNK_BYTES: usize = 1 << 20;

/// The bytes repeat after this many, no power of two: one lost or doubled is noticed.
const PERIOD: u64 = 251;

/// Through a pipe of this capacity, if the kernel grants it.
pub(super) fn pipe(params: &Params, capacity: i32) -> Result<Outcome, Unmeasured> {
    let (from, to) = std::io::pipe()?;
    let granted = fcntl(&to, FcntlArg::F_SETPIPE_SZ(capacity)).map_err(|fault| refused(capacity, fault))?;
    let outcome = one_way(params, File::from(OwnedFd::from(from)), File::from(OwnedFd::from(to)))?;
    Ok(outcome.fact("capacity_bytes", u64::try_from(granted)?))
}

/// A capacity that this user may not have is nothing that failed (pipe(7), `/proc/sys/fs/pipe-max-size`).
fn refused(capacity: i32, fault: Errno) -> Unmeasured {
    match fault {
        Errno::EPERM | Errno::EBUSY | Errno::ENOMEM => {
            Unmeasured::NotHere(format!("the kernel refuses a pipe of {capacity} bytes: {}", fault.desc()))
        }
        fault => fault.into(),
    }
}

/// Through a pair of connected stream sockets, with the buffers they come with.
pub(super) fn socket(params: &Params) -> Result<Outcome, Unmeasured> {
    let (from, to) = UnixStream::pair()?;
    one_way(params, File::from(OwnedFd::from(from)), File::from(OwnedFd::from(to)))
}

/// Sends chunks to the other side, which says when it has all it was promised.
fn one_way(params: &Params, from: File, mut to: File) -> Result<Outcome, Unmeasured> {
    let (mut desk, their_desk) = UnixStream::pair()?;
    let other = OtherSide::start(None, vec![from.as_fd(), their_desk.as_fd()], || receive(&from, &their_desk))?;
    drop((from, their_desk));
    let chunk: Vec<u8> = (0..CHUNK_BYTES as u64 + PERIOD).map(pattern).collect();
    let mut sent = 0;
    let outcome = repeated(params, 2, |chunks| {
        let promised = chunks * CHUNK_BYTES as u64;
        desk.write_all(&promised.to_ne_bytes())?;
        for _ in 0..chunks {
            let phase = (sent % PERIOD) as usize;
            to.write_all(&chunk[phase..phase + CHUNK_BYTES])?;
            sent += CHUNK_BYTES as u64;
        }
        let mut received = [0; 8];
        desk.read_exact(&mut received)?;
        match u64::from_ne_bytes(received) {
            received if received == promised => Ok(()),
            received => Err(Unmeasured::wrong(format!("{received} bytes of {promised} have come"))),
        }
    });
    drop((desk, to));
    other.join()?;
    Ok(outcome?.fact(BYTES, CHUNK_BYTES as u64).fact("bytes_received", sent))
}

/// The byte at a place of the stream.
fn pattern(place: u64) -> u8 {
    (place % PERIOD) as u8
}

/// The other side: reads what it is promised at the desk, looks at the ends of each piece, and tells how much it was.
fn receive(mut from: &File, mut desk: &UnixStream) -> Result<(), Unmeasured> {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut place = 0;
    let mut promised = [0; 8];
    // Until that side is gone.
    while desk.read_exact(&mut promised).is_ok() {
        let mut left = u64::from_ne_bytes(promised);
        let mut received = 0_u64;
        while left > 0 {
            let room = left.min(CHUNK_BYTES as u64) as usize;
            let piece = match from.read(&mut buffer[..room])? {
                0 => return Err(Unmeasured::wrong(format!("it ended {left} bytes too early"))),
                bytes => &buffer[..bytes],
            };
            let last = place + piece.len() as u64 - 1;
            if (piece[0], piece[piece.len() - 1]) != (pattern(place), pattern(last)) {
                return Err(Unmeasured::wrong(format!("what came at {place} is not what was sent")));
            }
            (place, received, left) = (last + 1, received + piece.len() as u64, left - piece.len() as u64);
        }
        desk.write_all(&received.to_ne_bytes())?;
    }
    Ok(())
}
