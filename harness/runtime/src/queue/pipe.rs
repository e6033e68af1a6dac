//! The core of all three queues: a pipe, a lock at each of its ends, and what a death in the middle of an item leaves to be known.
//!
//! `README.md` beside this file argues why nobody hangs and what is lost.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::flow::{Inflow, Outflow, Until};
use crate::error::{Error, Kind};
use crate::sys::fd;
use crate::sys::lock::{Held, LOCK_BYTES, Lock, Taken};
use crate::sys::shared::Shared;
use crate::{frame, trace, waiting};

/// What all processes of a queue have in common.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) board: Shared,
    pub(super) reader: File,
    pub(super) writer: File,
}

/// An end of the pipe. One process at a time is at each, under that end's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

/// Words that different processes write lie on different lines of the cache.
const LINE: usize = 64;
/// Twice the items that were read to their end, and one more while one is being read. Changed under the read lock; read by all.
pub(super) const READS: usize = 2 * LOCK_BYTES;
/// The same of items that were written. Changed under the write lock.
const WRITES: usize = READS + LINE;
/// Why nothing more can be read or written: 0 as long as it can, else a [`Reason`].
const REASON: usize = WRITES + LINE;
/// The words of [`slots`](super::slots).
pub(super) const SLOTS: usize = REASON + LINE;
/// The words of [`joinable`](super::joinable).
pub(super) const UNFINISHED: usize = SLOTS + 2 * LINE;
const BOARD_BYTES: usize = UNFINISHED + LINE;

/// How long the rest of an item may at least go without a byte, once its first bytes are there. Whoever asks without waiting (`limit`
/// 0) gets a whole item too.
pub(super) const REST_OF_A_FRAME: Duration = Duration::from_secs(10);

impl Side {
    fn lock(self) -> usize {
        if self == Self::Read { 0 } else { LOCK_BYTES }
    }

    fn word(self) -> usize {
        if self == Self::Read { READS } else { WRITES }
    }
}

/// Who left an item in the middle, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reason {
    side: Side,
    died: bool,
    pid: Option<u32>,
}

impl Reason {
    /// Never 0.
    fn packed(self) -> u64 {
        u64::from(self.pid.unwrap_or(0)) << 8 | u64::from(self.died) << 2 | u64::from(self.side == Side::Read) << 1 | 1
    }

    fn unpacked(packed: u64) -> Option<Self> {
        let side = if packed & 2 == 2 { Side::Read } else { Side::Write };
        let pid = u32::try_from(packed >> 8).ok().filter(|pid| *pid != 0);
        (packed != 0).then_some(Self { side, died: packed & 4 == 4, pid })
    }
}

impl Pipe {
    pub(super) fn new() -> io::Result<Self> {
        let board = Shared::create(BOARD_BYTES)?;
        Lock::create(&board, Side::Read.lock())?;
        Lock::create(&board, Side::Write.lock())?;
        let (reader, writer) = waiting::pipe()?;
        // Nobody blocks in a read or a write: a deadline or a call-off must be able to end both.
        fd::set_nonblocking(&reader)?;
        fd::set_nonblocking(&writer)?;
        Ok(Self { board, reader: reader.into(), writer: writer.into() })
    }

    pub(super) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.reader.as_fd(), self.writer.as_fd(), self.board.fd()]
    }

    pub(super) fn word(&self, offset: usize) -> &AtomicU32 {
        self.board.at(offset)
    }

    fn reason(&self) -> &AtomicU64 {
        self.board.at(REASON)
    }

    /// An item begins to be moved at this side, or has not begun after all, or has come to its end: the word turns odd, even as it was, or
    /// even and one item further. Only the holder of the side's lock does that. The lock orders the word for its next holder, also after
    /// a death; `SeqCst` is for [`slots`](super::slots), whose count of items is this one.
    pub(super) fn begin(&self, side: Side) {
        self.word(side.word()).fetch_add(1, SeqCst);
    }

    pub(super) fn not_begun(&self, side: Side) {
        self.word(side.word()).fetch_sub(1, SeqCst);
    }

    fn end(&self, side: Side) {
        self.word(side.word()).fetch_add(1, SeqCst);
    }

    /// Whether an item was left in the middle, if the caller holds the side's lock and is not itself moving one.
    fn is_torn(&self, side: Side) -> bool {
        self.word(side.word()).load(SeqCst) % 2 == 1
    }

    /// How many items have come to their end at this side, modulo 2^31.
    fn count(&self, side: Side) -> u32 {
        self.word(side.word()).load(SeqCst) / 2
    }

    /// How many whole items are in the pipe.
    pub(super) fn whole_items(&self) -> u32 {
        let difference = self.count(Side::Write).wrapping_sub(self.count(Side::Read)) & (u32::MAX / 2);
        // A reader may be done with an item before its writer has said that it is.
        if difference > u32::MAX / 4 { 0 } else { difference }
    }

    /// Takes the lock of one side; none if another process held it for all of `limit`. That of a dead owner is taken over: whether it left
    /// an item in the middle, its word tells.
    pub(super) fn lock(&self, side: Side, limit: Duration) -> Result<Option<Held<'_>>, Error> {
        match Lock::at(&self.board, side.lock()).take_within(limit) {
            Ok(Taken::Whole(held)) => Ok(Some(held)),
            Ok(Taken::Orphaned(orphan)) => {
                if self.is_torn(side) {
                    // Before the repair: if this process dies in between, the next one is given the orphan again.
                    self.tear(Reason { side, died: true, pid: orphan.owner });
                }
                // Its owner may have freed a slot and not said so.
                self.slot_is_free();
                orphan.repair().map(Some).map_err(Error::io("taking over a queue's lock"))
            }
            Err(fault) if fault.raw_os_error() == Some(libc::ETIMEDOUT) => Ok(None),
            Err(fault) => Err(Error::io("waiting for a queue's lock")(fault)),
        }
    }

    /// Remembers why the queue is of no more use. The first reason stays.
    fn tear(&self, reason: Reason) {
        // Whoever fails has seen another reason, which is as good.
        let _ = self.reason().compare_exchange(0, reason.packed(), SeqCst, SeqCst);
    }

    fn tear_alive(&self, side: Side) {
        self.tear(Reason { side, died: false, pid: Some(std::process::id()) });
    }

    /// Why nothing more can be moved, if so. `came` are the bytes that this process has taken of the item.
    pub(super) fn whole(&self, came: Option<usize>) -> Result<(), Error> {
        match Reason::unpacked(self.reason().load(SeqCst)) {
            None => Ok(()),
            Some(Reason { side, died, pid }) => {
                let (reading, behind) = (side == Side::Read, self.whole_items().saturating_sub(1));
                Err(Kind::QueueTorn { reading, died, pid, came, behind }.into())
            }
        }
    }

    /// Fails if the writer of the item that is being read is no more, or has given it up.
    pub(super) fn writer_goes_on(&self, came: usize) -> Result<(), Error> {
        // Taken or not: only the death of its owner matters, and taking the lock over finds out.
        drop(self.lock(Side::Write, Duration::ZERO)?);
        self.whole(Some(came))
    }

    /// Whether there is something to read at `deadline`, or before.
    pub(super) fn is_readable(&self, deadline: Instant) -> Result<bool, Error> {
        let mut ready = [(self.reader.as_fd(), PollFlags::POLLIN)];
        Ok(fd::wait(&mut ready, Some(deadline)).map_err(Error::io("waiting for an item"))?[0])
    }

    /// Takes the next item out of the pipe, waiting for it for at most `limit`. A slot of a bounded queue is free by that.
    pub(super) fn receive(&self, limit: Duration) -> Result<Vec<u8>, Error> {
        let _span = trace::span(trace::Kind::Get);
        let deadline = waiting::after(limit);
        let empty = || Error::from(Kind::Empty { limit });
        let _held = self.lock(Side::Read, limit)?.ok_or_else(empty)?;
        if self.is_torn(Side::Read) {
            return self.whole(None).and_then(|()| Err(Kind::QueueBroken.into()));
        }
        // A queue that nobody can write to may have whole items left, but no more will come.
        let deadline = if self.whole(None).is_ok() { deadline } else { Instant::now() };
        if !self.is_readable(deadline)? {
            return self.whole(None).and_then(|()| Err(empty()));
        }
        // An item has begun to come; its writer gets as long again for each part of the rest.
        let mut rest = Inflow::of(self, limit.max(REST_OF_A_FRAME));
        match frame::read(&mut rest) {
            Ok(Some(message)) => {
                self.end(Side::Read);
                self.slot_is_free();
                Ok(message)
            }
            Ok(None) => Err(Error::io("getting an item")(io::ErrorKind::UnexpectedEof.into())),
            Err(fault) => {
                self.whole(Some(rest.taken))?;
                if rest.taken > 0 {
                    self.tear_alive(Side::Read);
                }
                Err(fault)
            }
        }
    }

    /// Writes an item under the write lock, which the caller holds.
    pub(super) fn send(&self, _held: &Held<'_>, until: Until<'_>, message: &[u8]) -> Result<(), Error> {
        self.whole(None)?;
        if self.is_torn(Side::Write) {
            return Err(Kind::QueueBroken.into());
        }
        let mut out = Outflow::of(self, until);
        let Err(fault) = frame::write(&mut out, message) else {
            self.end(Side::Write);
            return Ok(());
        };
        // If nobody has seen anything of it, the word is even again, and the next item may follow.
        if out.sent > 0 {
            self.tear_alive(Side::Write);
        }
        self.whole(None)?;
        Err(Error::io("writing an item")(fault))
    }

    /// How many bytes the pipe can hold.
    pub(super) fn capacity(&self) -> usize {
        let capacity = nix::fcntl::fcntl(&self.writer, nix::fcntl::FcntlArg::F_GETPIPE_SZ).unwrap_or(0);
        capacity.try_into().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_kept_whole_and_none_is_zero() {
        for side in [Side::Read, Side::Write] {
            for (died, pid) in [(true, None), (false, Some(1)), (true, Some(u32::MAX))] {
                let reason = Reason { side, died, pid };
                assert_eq!(Reason::unpacked(reason.packed()), Some(reason));
            }
        }
        assert_eq!(Reason::unpacked(0), None);
    }

    #[test]
    fn items_are_counted_across_the_end_of_the_numbers() {
        let pipe = Pipe::new().unwrap();
        for side in [Side::Read, Side::Write] {
            pipe.word(side.word()).store(u32::MAX - 1, SeqCst);
        }
        assert_eq!(pipe.whole_items(), 0);
        (0..3).for_each(|_| {
            pipe.begin(Side::Write);
            pipe.end(Side::Write);
        });
        assert_eq!(pipe.whole_items(), 3);
        pipe.begin(Side::Read);
        assert_eq!(pipe.whole_items(), 3);
        pipe.end(Side::Read);
        assert_eq!(pipe.whole_items(), 2);
        (0..3).for_each(|_| {
            pipe.begin(Side::Read);
            pipe.end(Side::Read);
        });
        assert_eq!(pipe.whole_items(), 0, "a reader may be ahead for a moment");
    }
}
