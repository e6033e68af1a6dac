//! Memory behind [`SharedArray`](crate::SharedArray): one mapping with a label and a table of claims at its head and plain numbers behind it.
//!
//! A forked child inherits the mapping itself, at the same address; another process maps what it is handed. Numbers are reached only
//! through a [`Claim`], and the table, which lies in the shared memory, keeps the claims of all processes apart. No lock is taken and nothing
//! is waited for. The claim of a process that dies stays in the table, since what it was writing may be half done: whoever wants a range that
//! overlaps is refused at once and told its pid, and all other ranges are as free as before.

use std::io;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use nix::sys::mman::MapFlags;

use super::live;
use super::shared::{Backing, Mapping, Shareable, available};
use crate::memory::label::LABEL_BYTES;

/// A plain number: what may lie in memory that is shared with other processes. It is aligned to no more than a page of 4,096 bytes, or an
/// array of it does not compile.
///
/// # Safety
/// Every pattern of its bits is a value of it, it has no padding and nothing to drop, and it holds no address.
pub unsafe trait Plain: Copy + Send + Sync + 'static {}

macro_rules! plain {
    ($($number:ty),*) => {$(
        // SAFETY: a primitive number is nothing but its bits.
        unsafe impl Plain for $number {}
    )*};
}
plain!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64);

/// One entry of the table. `owner` is 0 in a free one; `end` is 0 as long as the range is not announced.
#[repr(C)]
struct Entry {
    owner: AtomicU64,
    first: AtomicU64,
    end: AtomicU64,
}

// SAFETY: atomic integers; zeros are a free entry.
unsafe impl Shareable for Entry {}

/// How many claims there can be at a time.
const ENTRIES: usize = 336;

/// The smallest page of any Linux: a mapping begins at a multiple of it.
const PAGE_BYTES: usize = 4_096;

/// Where the numbers begin: two pages, in which the label and the table fit.
const HEAD_BYTES: usize = 2 * PAGE_BYTES;
const _: () = assert!(LABEL_BYTES + ENTRIES * size_of::<Entry>() <= HEAD_BYTES);

/// Marks the owner of a claim that excludes all others; the rest of `owner` is the pid.
const EXCLUSIVE: u64 = 1 << 32;

/// Numbers in shared memory.
#[derive(Debug)]
pub(crate) struct Numbers<T> {
    backing: Backing,
    /// There from the beginning where it was made; where it was handed over, from the first claim on: who only passes it on maps nothing.
    mapping: OnceLock<Mapping>,
    len: usize,
    // Not a `T`: the numbers are reached through claims only, which keep threads apart as well as processes.
    _of: PhantomData<fn() -> T>,
}

/// Why there is no claim.
#[derive(Debug)]
pub(crate) enum Refused {
    /// This range overlaps and is claimed by the process with this pid.
    Overlaps(Range<usize>, u32),
    /// Every entry of the table is taken.
    Full,
    /// The memory that was handed over cannot be mapped.
    Unmapped(io::Error),
}

impl<T: Plain> Numbers<T> {
    /// Makes room for `len` zeros and fills the page table. What is more than the memory of the machine is refused at once.
    pub(crate) fn zeroed(len: usize) -> io::Result<Self> {
        let bytes = Self::bytes(len).ok_or(io::ErrorKind::OutOfMemory)?;
        available(bytes)?;
        let backing = Backing::create(bytes)?;
        let mapping = OnceLock::from(backing.map(MapFlags::MAP_POPULATE)?);
        Ok(Self { backing, mapping, len, _of: PhantomData })
    }

    /// The numbers that a peer has made; none if the memory has not exactly the length of so many.
    pub(crate) fn over(backing: Backing, len: usize) -> Option<Self> {
        let mapping = OnceLock::new();
        (Self::bytes(len) == Some(backing.len())).then_some(Self { backing, mapping, len, _of: PhantomData })
    }

    /// How long the memory of `len` numbers is; none if there cannot be so many.
    fn bytes(len: usize) -> Option<usize> {
        const { assert!(align_of::<T>() <= PAGE_BYTES, "a shared number is aligned to no more than a page") };
        let bytes = len.checked_mul(size_of::<T>())?.checked_add(HEAD_BYTES)?;
        isize::try_from(bytes).is_ok().then_some(bytes)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn backing(&self) -> &Backing {
        &self.backing
    }

    pub(crate) fn mapping(&self) -> io::Result<&Mapping> {
        if let Some(mapping) = self.mapping.get() {
            return Ok(mapping);
        }
        let mapping = self.backing.map(MapFlags::empty())?;
        // If another thread was faster, its mapping is as good, and this one goes.
        Ok(self.mapping.get_or_init(|| mapping))
    }

    /// Claims `range`, which the caller has seen to lie inside, and which is not empty.
    ///
    /// First announces it, then looks at all others and withdraws if one overlaps. Of two that overlap, the one that announces later
    /// in the single order of all `SeqCst` operations sees the other: at most one of them stays, possibly none.
    pub(crate) fn claim(&self, range: Range<usize>, exclusive: bool) -> Result<Claim<'_, T>, Refused> {
        assert!(range.start < range.end && range.end <= self.len, "a claim lies inside its array");
        let mapping = self.mapping().map_err(Refused::Unmapped)?;
        let table: &[Entry] = mapping.slice(LABEL_BYTES, ENTRIES);
        let owner = u64::from(std::process::id()) | if exclusive { EXCLUSIVE } else { 0 };
        let take = |entry: &&Entry| entry.owner.compare_exchange(0, owner, SeqCst, SeqCst).is_ok();
        let own = table.iter().find(take).ok_or(Refused::Full)?;
        own.first.store(range.start as u64, SeqCst);
        own.end.store(range.end as u64, SeqCst);
        // Ended by the claim's drop.
        live::begin();
        let claim = Claim { numbers: self, mapping, entry: own, range, exclusive };
        let others = table.iter().filter(|entry| !std::ptr::eq(*entry, own));
        match others.into_iter().find_map(|other| claim.conflict_with(other)) {
            None => Ok(claim),
            Some(refused) => Err(refused),
        }
    }
}

/// The right to read a range, or to read and write it alone, until it is dropped.
///
/// It must never be in reach of a forked child: there it would be a second right to the same range. Only `SharedArray::read` and
/// `SharedArray::write` hold one, on the stack, while they call a closure. That closure may try to fork: it is refused as long as
/// [`live`] counts a claim.
pub(crate) struct Claim<'a, T: Plain> {
    numbers: &'a Numbers<T>,
    mapping: &'a Mapping,
    entry: &'a Entry,
    range: Range<usize>,
    exclusive: bool,
}

impl<T: Plain> Claim<'_, T> {
    fn conflict_with(&self, other: &Entry) -> Option<Refused> {
        // The end first: a range is announced by its end, and taken back by it. If the entry passes to another claim between these
        // loads, that claim is announced after ours, sees ours and withdraws.
        let end = other.end.load(SeqCst) as usize;
        let first = other.first.load(SeqCst) as usize;
        let owner = other.owner.load(SeqCst);
        let overlaps = first < self.range.end && self.range.start < end;
        let excludes = self.exclusive || owner & EXCLUSIVE != 0;
        (overlaps && excludes).then_some(Refused::Overlaps(first..end, owner as u32))
    }

    fn start(&self) -> NonNull<T> {
        let first = self.mapping.place(HEAD_BYTES, self.numbers.len * size_of::<T>()).cast::<T>();
        // SAFETY: the numbers begin there, and the range lies among them, as `claim` has asserted.
        unsafe { first.add(self.range.start) }
    }

    /// The numbers of the range.
    pub(crate) fn numbers(&self) -> &[T] {
        // SAFETY: aligned (the head ends at a page, and `bytes` asserts that a `T` asks for no more), inside the mapping,
        // initialised (zeroed, and every bit pattern is a `T`); while this claim stands the table keeps every exclusive claim off the
        // range, in all threads and processes, and nobody forks a copy of it (`live`).
        unsafe { std::slice::from_raw_parts(self.start().as_ptr(), self.range.len()) }
    }

    /// The numbers of the range, to be changed. The claim is exclusive.
    pub(crate) fn numbers_mut(&mut self) -> &mut [T] {
        assert!(self.exclusive, "only an exclusive claim may write");
        // SAFETY: as for `numbers`; an exclusive claim keeps every other off the range, and is itself borrowed for as long.
        unsafe { std::slice::from_raw_parts_mut(self.start().as_ptr(), self.range.len()) }
    }
}

impl<T: Plain> Drop for Claim<'_, T> {
    fn drop(&mut self) {
        self.entry.end.store(0, SeqCst);
        self.entry.owner.store(0, SeqCst);
        live::end();
    }
}
