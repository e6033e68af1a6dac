//! The memory of a ring: two directions of indices, flags and bytes.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::shared::{Shareable, Shared};

/// On a pair of cache lines of its own: processors fetch lines of 64 bytes in pairs, and what one side writes all the time must not be
/// fetched with what the other does.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Line<T>(pub(crate) T);

/// What the two sides of one direction tell each other. All zero bytes are the valid beginning.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Lines {
    /// Bytes written since the beginning; only the writer changes it.
    pub(crate) head: Line<AtomicU64>,
    /// Bytes read since the beginning; only the reader changes it.
    pub(crate) tail: Line<AtomicU64>,
    /// 1 while the writer sleeps, or is about to.
    pub(crate) writer_sleeps: Line<AtomicU32>,
    /// 1 while the reader sleeps, or is about to.
    pub(crate) reader_sleeps: Line<AtomicU32>,
}

// SAFETY: it is made of atomic integers, of which every pattern of bits is a value.
unsafe impl Shareable for Lines {}

/// The memory of both directions.
#[derive(Debug)]
pub(crate) struct Area {
    shared: Shared,
    capacity: usize,
}

/// Where the bytes begin: after the lines, on a page of their own.
const BYTES_BEGIN: usize = 4096;
const _: () = assert!(2 * size_of::<Lines>() <= BYTES_BEGIN);

impl Area {
    /// Zeroed memory for two directions of `capacity` bytes each, a power of two of at least a page.
    pub(crate) fn create(capacity: usize) -> io::Result<Self> {
        assert!(capacity.is_power_of_two() && capacity >= BYTES_BEGIN, "the capacity was rounded");
        let bytes = capacity.checked_mul(2).and_then(|both| both.checked_add(BYTES_BEGIN));
        let bytes = bytes.ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { shared: Shared::create(bytes)?, capacity })
    }

    /// The memory that another process has made by [`create`](Self::create), for the same capacity.
    pub(crate) fn map(memory: OwnedFd, capacity: usize) -> io::Result<Self> {
        assert!(capacity.is_power_of_two() && capacity >= BYTES_BEGIN, "the capacity is one that a ring can have");
        Ok(Self { shared: Shared::map(memory, BYTES_BEGIN + 2 * capacity)?, capacity })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// The indices and flags of one of the two directions.
    pub(crate) fn lines(&self, direction: usize) -> &Lines {
        assert!(direction < 2, "there are two directions");
        self.shared.at(direction * size_of::<Lines>())
    }

    /// Copies `bytes` into a direction, from the place of index `at` on, around its end if need be.
    #[inline]
    pub(crate) fn copy_in(&self, direction: usize, at: u64, bytes: &[u8]) {
        let (first, second) = bytes.split_at(self.until_end(at, bytes.len()));
        self.put(direction, at, first);
        if !second.is_empty() {
            self.put(direction, 0, second);
        }
    }

    /// Copies bytes of a direction, from the place of index `at` on, into `bytes`.
    #[inline]
    pub(crate) fn copy_out(&self, direction: usize, at: u64, bytes: &mut [u8]) {
        let (first, second) = bytes.split_at_mut(self.until_end(at, bytes.len()));
        self.take(direction, at, first);
        if !second.is_empty() {
            self.take(direction, 0, second);
        }
    }

    #[inline]
    fn put(&self, direction: usize, at: u64, part: &[u8]) {
        let place = self.place(direction, at, part.len());
        // SAFETY: `place` has room for the part inside the mapping, which is no Rust object and so overlaps none. Nothing refers to it: only
        // this copy and that of `take` touch it. The protocol keeps the two apart; a process that breaks it can make bytes come out wrong, and
        // any bytes are a valid `u8`.
        unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), place, part.len()) };
    }

    #[inline]
    fn take(&self, direction: usize, at: u64, part: &mut [u8]) {
        let place = self.place(direction, at, part.len());
        // SAFETY: as in `put`, the other way.
        unsafe { std::ptr::copy_nonoverlapping(place, part.as_mut_ptr(), part.len()) };
    }

    /// How many of `bytes` bytes from index `at` on come before the end of the memory.
    fn until_end(&self, at: u64, bytes: usize) -> usize {
        (self.capacity - self.offset(at)).min(bytes)
    }

    fn offset(&self, at: u64) -> usize {
        // Less than the capacity, so that it fits.
        (at & (self.capacity as u64 - 1)) as usize
    }

    /// Where the byte of index `at` lies, with `bytes` bytes from there on inside this direction.
    fn place(&self, direction: usize, at: u64, bytes: usize) -> *mut u8 {
        let offset = self.offset(at);
        assert!(direction < 2 && bytes <= self.capacity - offset, "{bytes} bytes at {offset} lie outside a direction");
        let start = self.shared.place(BYTES_BEGIN + direction * self.capacity, self.capacity).as_ptr().cast::<u8>();
        // SAFETY: the offset is less than the capacity, and so many bytes lie there, as `place` has asserted.
        unsafe { start.add(offset) }
    }
}
