//! Eight bytes there and back between two processes, by each way that a message can be waited for.
//!
//! The bytes are the number of the round; both sides know which one comes next.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Instant;

use multiprocess::bare::Words;
use record::Params;

use super::cores::{Place, Seats};
use super::other_side::{LONG, OtherSide};
use super::repeated::repeated;
use super::unmeasured::Unmeasured;
use crate::outcome::Outcome;

/// How large the message is.
const MESSAGE_BYTES: u64 = 8;

/// Through shared memory, each side looking at its own number all the time.
pub(super) fn spin(params: &Params) -> Result<Outcome, Unmeasured> {
    let words = Words::new(2)?;
    let await_next = |index: usize, seen: u64| {
        let deadline = Instant::now() + LONG;
        for turn in 1_u32.. {
            let value = words.wide(index).load(Acquire);
            if value != seen {
                return Ok(value);
            }
            // Whoever waits so long may as well look at the clock.
            if turn.is_multiple_of(1 << 16) && Instant::now() > deadline {
                break;
            }
            std::hint::spin_loop();
        }
        Err(Unmeasured::wrong("the other side does not answer"))
    };
    by_words(params, Place::TwoCores.seats()?, await_next, |index, value| words.wide(index).store(value, Release))
}

/// Through shared memory, each side asleep until the other has changed its word.
pub(super) fn futex(params: &Params, place: Place) -> Result<Outcome, Unmeasured> {
    let words = Words::new(2)?;
    let await_next = |index: usize, seen: u64| {
        let deadline = Instant::now() + LONG;
        // The word counts along with the number, modulo 2 to the power 32.
        let before = seen as u32;
        loop {
            words.sleep_while(index, before, LONG)?;
            if words.word(index).load(Acquire) != before {
                return Ok(words.wide(index).load(Relaxed));
            }
            if Instant::now() > deadline {
                return Err(Unmeasured::wrong("the other side does not answer"));
            }
        }
    };
    let set = |index: usize, value: u64| {
        words.wide(index).store(value, Relaxed);
        words.word(index).store(value as u32, Release);
        words.wake(index);
    };
    by_words(params, place.seats()?, await_next, set)
}

/// The number that ends the rounds; in its low half, too, it is none that comes next after a few billion of them.
const OVER: u64 = u64::MAX;

/// Counts up in number 0; the other side answers with the same in number 1.
fn by_words(
    params: &Params,
    seats: Seats,
    await_next: impl Fn(usize, u64) -> Result<u64, Unmeasured>,
    set: impl Fn(usize, u64),
) -> Result<Outcome, Unmeasured> {
    let other = OtherSide::start(Some(seats), Vec::new(), || {
        for seen in 0.. {
            match await_next(0, seen)? {
                OVER => break,
                round => expect(round, seen + 1)?,
            }
            set(1, seen + 1);
        }
        Ok(())
    })?;
    let mut rounds = 0;
    let outcome = repeated(params, 1, |iterations| {
        for round in rounds + 1..=rounds + iterations {
            set(0, round);
            expect(await_next(1, round - 1)?, round)?;
        }
        rounds += iterations;
        Ok(())
    });
    set(0, OVER);
    other.join()?;
    Ok(told(outcome?, seats, rounds))
}

/// Through two pipes, one for each way.
pub(super) fn pipe(params: &Params, place: Place) -> Result<Outcome, Unmeasured> {
    let ((there_out, there_in), (back_out, back_in)) = (std::io::pipe()?, std::io::pipe()?);
    let file = |fd: OwnedFd| File::from(fd);
    let ours = End { from: file(back_out.into()), to: file(there_in.into()) };
    let theirs = End { from: file(there_out.into()), to: file(back_in.into()) };
    by_descriptors(params, place.seats()?, ours, theirs)
}

/// Through a pair of connected stream sockets.
pub(super) fn socket(params: &Params, place: Place) -> Result<Outcome, Unmeasured> {
    let end = |socket: UnixStream| -> std::io::Result<End> {
        Ok(End { from: File::from(OwnedFd::from(socket.try_clone()?)), to: File::from(OwnedFd::from(socket)) })
    };
    let (ours, theirs) = UnixStream::pair()?;
    by_descriptors(params, place.seats()?, end(ours)?, end(theirs)?)
}

/// What one side reads from and writes to.
struct End {
    from: File,
    to: File,
}

impl End {
    /// The next number; none if the other side is gone.
    fn receive(&self) -> Result<Option<u64>, Unmeasured> {
        let mut message = [0; MESSAGE_BYTES as usize];
        match (&self.from).read_exact(&mut message) {
            Ok(()) => Ok(Some(u64::from_ne_bytes(message))),
            Err(fault) if fault.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    fn send(&self, number: u64) -> std::io::Result<()> {
        (&self.to).write_all(&number.to_ne_bytes())
    }
}

/// Each way by one write and one read.
fn by_descriptors(params: &Params, seats: Seats, ours: End, theirs: End) -> Result<Outcome, Unmeasured> {
    let other = OtherSide::start(Some(seats), vec![theirs.from.as_fd(), theirs.to.as_fd()], || {
        for next in 1.. {
            let Some(round) = theirs.receive()? else { break };
            expect(round, next)?;
            theirs.send(round)?;
        }
        Ok(())
    })?;
    drop(theirs);
    let mut rounds = 0;
    let outcome = repeated(params, 1, |iterations| {
        for round in rounds + 1..=rounds + iterations {
            ours.send(round)?;
            let back = ours.receive()?.ok_or_else(|| Unmeasured::wrong("the other side is gone"))?;
            expect(back, round)?;
        }
        rounds += iterations;
        Ok(())
    });
    drop(ours);
    other.join()?;
    Ok(told(outcome?, seats, rounds))
}

fn expect(round: u64, expected: u64) -> Result<(), Unmeasured> {
    if round == expected { Ok(()) } else { Err(Unmeasured::wrong(format!("{round} came in place of {expected}"))) }
}

fn told(outcome: Outcome, seats: Seats, rounds: u64) -> Outcome {
    seats.told(outcome).fact("round_trips", rounds).fact("message_bytes", MESSAGE_BYTES)
}
