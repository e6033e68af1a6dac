//! Blocks of numbers in shared memory, each with one owner at a time: what crosses between processes is a number.
//!
//! A block is free, owned, or on its way. Its owner alone reads and writes it. Every change of owner is one compare-and-swap of the
//! block's state, with release on the giving and acquire on the taking side, so that the new owner sees what the old one wrote and
//! nobody ever sees a block that another still writes. A semaphore per block, 1 while it is free, is what a process sleeps on.

use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::Duration;

use super::live;
use super::semaphore::{Counting, SEMAPHORE_BYTES};
use super::shared::{Shareable, Shared};
use crate::error::{Error, Kind};
use crate::process::Inherited;

const FREE: u32 = 0;
const OWNED: u32 = 1;
const ON_ITS_WAY: u32 = 2;

/// The state of one block, on a cache line of its own.
#[repr(C, align(64))]
struct State(AtomicU32);

// SAFETY: an atomic integer; 0 is a free block.
unsafe impl Shareable for State {}

/// Blocks begin at a page, as an array's own memory would.
const PAGE_BYTES: usize = 4_096;

/// Blocks of `f64` that forked processes share, handed from one to another without being copied.
///
/// A process that dies as the owner of a block takes it along: who waits for it learns of that at the deadline. A process that owns a
/// block, or has forgotten one ([`std::mem::forget`]), cannot be forked: the child would own it too.
///
/// ```
/// use std::time::Duration;
/// let blocks = multiprocess::SharedBlocks::create(2, 1_000).unwrap();
/// let mut block = blocks.take(1, Duration::ZERO).unwrap();
/// block[999] = 42.0;
/// let index = block.hand_over(); // This number goes to another process, on a queue.
/// assert_eq!(blocks.receive(index).unwrap()[999], 42.0);
/// assert!(blocks.receive(index).is_err(), "dropping a block frees it");
/// ```
#[derive(Debug)]
pub struct SharedBlocks {
    shared: Shared,
    count: usize,
    numbers: usize,
    /// Where the first block begins.
    first: usize,
}

/// One block, owned by this process until it is dropped or handed over.
#[derive(Debug)]
pub struct Block<'a> {
    blocks: &'a SharedBlocks,
    index: usize,
    start: NonNull<f64>,
}

impl SharedBlocks {
    /// Makes `count` free blocks of `numbers` zeros each.
    ///
    /// # Errors
    /// If there is no memory for them.
    pub fn create(count: usize, numbers: usize) -> Result<Self, Error> {
        let failed = || Error::io("making shared blocks");
        let block = numbers.checked_mul(size_of::<f64>()).and_then(|bytes| bytes.checked_next_multiple_of(PAGE_BYTES));
        let states =
            count.checked_mul(Self::semaphore(1)).and_then(|bytes| bytes.max(1).checked_next_multiple_of(PAGE_BYTES));
        let bytes = states
            .zip(block)
            .and_then(|(states, block)| Some((states, block.checked_mul(count)?.checked_add(states)?)));
        let (first, bytes) = bytes.ok_or_else(|| failed()(io::ErrorKind::OutOfMemory.into()))?;
        let shared = Shared::create(bytes).map_err(failed())?;
        for index in 0..count {
            Counting::create(&shared, Self::semaphore(index), 1).map_err(failed())?;
        }
        Ok(Self { shared, count, numbers, first })
    }

    /// How many blocks there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Where the semaphore of a block lies; no more than the whole, of which `create` has seen that it can be counted.
    fn semaphore(index: usize) -> usize {
        index * (SEMAPHORE_BYTES + size_of::<State>())
    }

    /// Whether the block went from one state into another.
    fn turn(&self, index: usize, from: u32, to: u32) -> bool {
        let state = self.shared.at::<State>(Self::semaphore(index) + SEMAPHORE_BYTES);
        state.0.compare_exchange(from, to, AcqRel, Acquire).is_ok()
    }

    /// The block, which this process has just become the owner of.
    fn own(&self, index: usize) -> Block<'_> {
        let size = (self.numbers * size_of::<f64>()).next_multiple_of(PAGE_BYTES);
        let start = self.shared.place(self.first + index * size, self.numbers * size_of::<f64>());
        // Ended by the block's drop, or when it is handed over.
        live::begin();
        Block { blocks: self, index, start: start.cast() }
    }

    /// Becomes the owner of a free block, waiting until it is free for at most `limit`.
    ///
    /// # Errors
    /// If another process still has it then, or there is no such block.
    pub fn take(&self, index: usize, limit: Duration) -> Result<Block<'_>, Error> {
        self.check(index)?;
        let free = Counting::at(&self.shared, Self::semaphore(index)).acquire_within(limit);
        match free.map_err(Error::io("waiting for a shared block"))? && self.turn(index, FREE, OWNED) {
            true => Ok(self.own(index)),
            false => Err(Kind::Deadline { doing: "waiting for a shared block", limit }.into()),
        }
    }

    /// Becomes the owner of a block that another process has handed over.
    ///
    /// # Errors
    /// If it was not handed over, or has been received already, or there is no such block.
    pub fn receive(&self, index: usize) -> Result<Block<'_>, Error> {
        self.check(index)?;
        match self.turn(index, ON_ITS_WAY, OWNED) {
            true => Ok(self.own(index)),
            false => Err(Kind::NotHandedOver { block: index }.into()),
        }
    }

    fn check(&self, index: usize) -> Result<(), Error> {
        if index < self.count { Ok(()) } else { Err(Kind::NoSuchBlock { block: index, count: self.count }.into()) }
    }
}

impl Inherited for SharedBlocks {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.shared.fd()]
    }
}

impl Block<'_> {
    /// Gives the block up to whoever receives this index.
    pub fn hand_over(self) -> usize {
        self.blocks.turn(self.index, OWNED, ON_ITS_WAY);
        let index = self.index;
        std::mem::forget(self);
        live::end();
        index
    }
}

impl Deref for Block<'_> {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        // SAFETY: inside the mapping and aligned, as `place` asserted; any bits are an f64; and while this value lives its process
        // is the block's one owner and forks no copy of it (`live`), so that nobody writes.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.blocks.numbers) }
    }
}

impl DerefMut for Block<'_> {
    fn deref_mut(&mut self) -> &mut [f64] {
        // SAFETY: as in `deref`; nobody else reads or writes, and this value is borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.blocks.numbers) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        self.blocks.turn(self.index, OWNED, FREE);
        let freed = Counting::at(&self.blocks.shared, SharedBlocks::semaphore(self.index)).release();
        debug_assert!(freed.is_ok(), "a semaphore between 0 and 1 does not overflow");
        live::end();
    }
}
