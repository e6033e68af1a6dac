//! The indices of one direction, and how a side sleeps until the other moves its index. The argument is in `README.md`.
//!
//! Generic over the memory, so that loom can try every order in which the two sides may go (`model.rs`).

use std::cell::Cell;
use std::time::Duration;

/// Shared memory and sleeping, as much as the protocol needs.
pub(crate) trait Memory {
    /// A number that one side changes and the other reads.
    type Index;
    /// Set while a side sleeps.
    type Flag;

    /// Reads the other side's index: acquires what it had done when it was stored.
    fn load(index: &Self::Index) -> u64;
    /// Stores this side's own index: releases what this side has done.
    fn store(index: &Self::Index, value: u64);
    /// Whether a flag is set. Orders nothing.
    fn is_set(flag: &Self::Flag) -> bool;
    /// Sets or clears a flag. Orders nothing.
    fn set(flag: &Self::Flag, set: bool);
    /// A sequentially consistent fence.
    fn fence();
    /// Sleeps while the flag is set, for at most `limit`, or for a shorter time for no reason.
    fn sleep(flag: &Self::Flag, limit: Duration);
    /// Wakes whoever sleeps on the flag.
    fn wake(flag: &Self::Flag);
}

/// One side of a direction: what it tells the other, and what the other tells it.
#[derive(Debug)]
pub(crate) struct Side<'a, M: Memory> {
    pub(crate) mine: &'a M::Index,
    pub(crate) theirs: &'a M::Index,
    pub(crate) i_sleep: &'a M::Flag,
    pub(crate) they_sleep: &'a M::Flag,
}

impl<M: Memory> Side<'_, M> {
    /// The other side's index.
    pub(crate) fn seen(&self) -> u64 {
        // Pairs with the store in the other side's `publish`: the bytes it wrote, or is done with, come before.
        M::load(self.theirs)
    }

    /// Tells the other side how far this one is, and wakes it if it sleeps.
    pub(crate) fn publish(&self, index: u64) {
        // Pairs with the load in the other side's `seen`.
        M::store(self.mine, index);
        self.wake_other();
    }

    /// Wakes the other side if it sleeps, or is about to.
    pub(crate) fn wake_other(&self) {
        // Pairs with the fence in the other side's `sleep`. Of two fences one is first: either this side's store is seen there after the
        // fence, or the flag is seen here after this one. So it never sleeps while nobody is going to wake it.
        M::fence();
        if M::is_set(self.they_sleep) {
            // Cleared before the wake: a side that has set it and is not asleep yet does not fall asleep.
            M::set(self.they_sleep, false);
            M::wake(self.they_sleep);
        }
    }

    /// Sleeps until the other side's index is not `seen` any more, for at most `limit`, or for a shorter time for no reason.
    pub(crate) fn sleep(&self, seen: u64, limit: Duration) {
        M::set(self.i_sleep, true);
        // Pairs with the fence in the other side's `wake_other`.
        M::fence();
        if M::load(self.theirs) == seen {
            M::sleep(self.i_sleep, limit);
        }
        M::set(self.i_sleep, false);
    }
}

/// The other side's index is one that it cannot have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Impossible {
    pub(crate) index: u64,
    pub(crate) range: std::ops::RangeInclusive<u64>,
}

/// How far the writer is.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) capacity: u64,
    head: Cell<u64>,
    /// The reader's index as last seen.
    tail: Cell<u64>,
}

impl Writer {
    pub(crate) fn new(capacity: u64) -> Self {
        Self { capacity, head: Cell::new(0), tail: Cell::new(0) }
    }

    /// Where the next byte goes.
    pub(crate) fn head(&self) -> u64 {
        self.head.get()
    }

    /// How many bytes there is room for, if it is as many as `needed`.
    pub(crate) fn room<M: Memory>(&self, side: &Side<'_, M>, needed: u64) -> Result<Option<u64>, Impossible> {
        let room = || self.capacity - (self.head.get() - self.tail.get());
        if room() < needed {
            self.tail.set(checked(side.seen(), self.tail.get(), self.head.get())?);
        }
        Ok(Some(room()).filter(|room| *room >= needed))
    }

    /// Hands `bytes` bytes over, which were written into the room there was.
    pub(crate) fn wrote<M: Memory>(&self, side: &Side<'_, M>, bytes: u64) {
        self.head.set(self.head.get() + bytes);
        side.publish(self.head.get());
    }
}

/// How far the reader is.
#[derive(Debug)]
pub(crate) struct Reader {
    capacity: u64,
    /// After how many bytes the writer is told of the room.
    tell_after: u64,
    tail: Cell<u64>,
    /// What the writer knows of it.
    published: Cell<u64>,
    /// The writer's index as last seen.
    head: Cell<u64>,
}

impl Reader {
    /// A reader that tells the writer of its room after `tell_after` bytes, and when it waits: until then the writer may believe that there is
    /// that much less, and the reader saves a fence for each message.
    pub(crate) fn new(capacity: u64, tell_after: u64) -> Self {
        Self { capacity, tell_after, tail: Cell::new(0), published: Cell::new(0), head: Cell::new(0) }
    }

    /// Where the next byte lies.
    pub(crate) fn tail(&self) -> u64 {
        self.tail.get()
    }

    /// How many bytes there are, if there are any.
    pub(crate) fn available<M: Memory>(&self, side: &Side<'_, M>) -> Result<Option<u64>, Impossible> {
        if self.head.get() == self.tail.get() {
            let (tail, head) = (self.tail.get(), side.seen());
            self.head.set(checked(head, tail, self.published.get() + self.capacity)?);
        }
        Ok(Some(self.head.get() - self.tail.get()).filter(|bytes| *bytes > 0))
    }

    /// Gives `bytes` bytes back, which were read.
    pub(crate) fn read<M: Memory>(&self, side: &Side<'_, M>, bytes: u64) {
        self.tail.set(self.tail.get() + bytes);
        if self.tail.get() - self.published.get() >= self.tell_after {
            self.tell(side);
        }
    }

    /// Tells the writer of all the room there is. Whoever waits for the writer does so first.
    pub(crate) fn tell<M: Memory>(&self, side: &Side<'_, M>) {
        if self.published.get() != self.tail.get() {
            self.published.set(self.tail.get());
            side.publish(self.tail.get());
        }
    }
}

/// The other side's index, if it is one that it can have. It is another process: it may be broken, or hostile.
fn checked(index: u64, from: u64, to: u64) -> Result<u64, Impossible> {
    if (from..=to).contains(&index) { Ok(index) } else { Err(Impossible { index, range: from..=to }) }
}
