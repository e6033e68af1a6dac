//! A piece of memory that several processes map: a memfd, so nothing is ever left in `/dev/shm`.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use crate::meter::{HOME, Slot};

/// What can live in memory that other processes change at the same time.
///
/// # Safety
/// All zero bytes are a valid value, and every change goes through shared references: atomics, or a process-shared lock.
pub(crate) unsafe trait Shareable: Sync {}

// SAFETY: a slot is made of atomic integers.
unsafe impl Shareable for Slot {}

/// A shared mapping, zeroed when it is created.
#[derive(Debug)]
pub(crate) struct Shared {
    fd: OwnedFd,
    start: NonNull<libc::c_void>,
    bytes: usize,
}

// SAFETY: the mapping is plain memory at a fixed address for as long as the value lives; what is in it is reached only
// through types that synchronise their own access (atomics and the robust lock).
unsafe impl Send for Shared {}
// SAFETY: as for Send.
unsafe impl Sync for Shared {}

impl Shared {
    /// Makes `bytes` bytes of zeroed memory that children can map too.
    pub(crate) fn create(bytes: usize) -> io::Result<Self> {
        let fd = memfd_create("multiprocess", MFdFlags::MFD_CLOEXEC)?;
        nix::unistd::ftruncate(&fd, i64::try_from(bytes).map_err(io::Error::other)?)?;
        Self::map(fd, bytes)
    }

    /// Maps the memory behind a descriptor that a parent has made with [`Shared::create`].
    pub(crate) fn map(fd: OwnedFd, bytes: usize) -> io::Result<Self> {
        let there = std::fs::File::from(fd.try_clone()?).metadata()?.len();
        if there < bytes as u64 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the shared memory is shorter than its description",
            ));
        }
        let length = std::num::NonZeroUsize::new(bytes)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "shared memory of no bytes"))?;
        // SAFETY: a new mapping at an address the kernel chooses disturbs no other memory; the file was seen to be long
        // enough, and nobody shortens it, so that no access inside it can fault.
        let start =
            unsafe { mmap(None, length, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, &fd, 0) }?;
        Ok(Self { fd, start, bytes })
    }

    /// How long the mapping is.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// A `T` at `offset`, shared with every process that maps this memory.
    pub(crate) fn at<T: Shareable>(&self, offset: usize) -> &T {
        assert!(offset.is_multiple_of(align_of::<T>()), "offset {offset} is not aligned");
        assert!(self.holds(offset, size_of::<T>()), "offset {offset} lies outside the shared memory");
        // SAFETY: the addition stays inside the mapping, as asserted.
        let place = unsafe { self.start.byte_add(offset) }.cast::<T>();
        // SAFETY: aligned and inside the mapping, as asserted; zeroed memory is a valid `T`, and shared references to it are
        // all there ever are, by the contract of `Shareable`.
        unsafe { place.as_ref() }
    }
}

impl Shared {
    /// Whether `bytes` bytes at `offset` lie inside.
    fn holds(&self, offset: usize, bytes: usize) -> bool {
        offset.checked_add(bytes).is_some_and(|end| end <= self.bytes)
    }

    /// Where `bytes` bytes at `offset` lie, aligned as numbers are. Whoever uses the place sees to it that one uses it at a time.
    pub(super) fn place(&self, offset: usize, bytes: usize) -> NonNull<libc::c_void> {
        assert!(offset.is_multiple_of(align_of::<u64>()), "offset {offset} is not aligned");
        assert!(self.holds(offset, bytes), "{bytes} bytes at {offset} lie outside the shared memory");
        // SAFETY: the addition stays inside the mapping, as asserted.
        unsafe { self.start.byte_add(offset) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: `start` and `bytes` are those of our own mapping, and every reference into it borrowed `self`.
        let unmapped = unsafe { munmap(self.start, self.bytes) };
        debug_assert!(unmapped.is_ok(), "unmapping our own mapping fails only on wrong arguments");
    }
}

/// The slot of this process: its own, or the one its parent gave it.
static CURRENT: AtomicPtr<Slot> = AtomicPtr::new((&raw const HOME).cast_mut());

/// The slot that this process counts in.
pub(crate) fn current_slot() -> &'static Slot {
    // SAFETY: its writers are its initialiser and `set_current_slot`, and both put a `&'static Slot` into it.
    unsafe { &*CURRENT.load(Relaxed) }
}

/// Makes this process count in `slot` from now on.
pub(crate) fn set_current_slot(slot: &'static Slot) {
    CURRENT.store(std::ptr::from_ref(slot).cast_mut(), Relaxed);
}
