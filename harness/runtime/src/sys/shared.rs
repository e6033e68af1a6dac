//! The one kind of shared memory there is: a mapping that several processes have, in every case but one made from a sealed memfd.
//!
//! A memfd has no name, so that nothing is ever left in `/dev/shm`, and it goes with its last descriptor and its last mapping. Its seals
//! (fcntl(2), F_ADD_SEALS) keep its length: a mapping of a file that a peer may shorten ends whoever touches it by SIGBUS. The
//! exception is a segment of a name ([`Backing::unsealed`]), for which the kernel has no seals.
//!
//! Whoever has the descriptor can also write(2) to it, as whoever may open `/proc/self/mem` can write there. No type can see that; the claims
//! and locks in shared memory are a contract between processes that use this library.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{self, AtomicPtr, AtomicUsize, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use crate::meter::{HOME, Slot};
use crate::pool::Seat;
use crate::trace::Head;
use crate::trace::ring::{Entry, RingHead};

/// What can live in memory that other processes change at the same time.
///
/// # Safety
/// All zero bytes are a valid value, so is whatever another process leaves there, and every change goes through shared references:
/// atomics, or a process-shared lock.
pub(crate) unsafe trait Shareable: Sync {}

// SAFETY: a slot is made of atomic integers.
unsafe impl Shareable for Slot {}
// SAFETY: made of atomic integers.
unsafe impl Shareable for Head {}
// SAFETY: made of atomic integers.
unsafe impl Shareable for RingHead {}
// SAFETY: made of atomic integers.
unsafe impl Shareable for Entry {}

macro_rules! shareable {
    ($($atomic:ident),*) => {$(
        // SAFETY: an atomic integer; every pattern of bits is a value of it.
        unsafe impl Shareable for atomic::$atomic {}
    )*};
}
shareable!(
    AtomicU8,
    AtomicU16,
    AtomicU32,
    AtomicU64,
    AtomicUsize,
    AtomicI8,
    AtomicI16,
    AtomicI32,
    AtomicI64,
    AtomicIsize
);
/// A cache line of numbers.
pub(crate) type Line = [atomic::AtomicU64; 8];

// SAFETY: a line is made of atomic integers.
unsafe impl Shareable for Line {}
// SAFETY: a seat is a slot and atomic integers.
unsafe impl Shareable for Seat {}

/// A file in memory that can be mapped: as long as its length tells, for as long as anybody has it.
#[derive(Debug)]
pub(crate) struct Backing {
    fd: OwnedFd,
    bytes: usize,
    /// Which file it is (device and inode), so that a descriptor which means another one by now is noticed before it is mapped.
    file: (u64, u64),
}

/// A mapping of shared memory: where its contents are reached.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<libc::c_void>,
    bytes: usize,
    /// How many locks in it this process holds: see [`Mapping::pin`]. Relaxed: whoever drops the mapping has it alone, and so has seen every
    /// change by those who borrowed it.
    pins: AtomicUsize,
}

/// Shared memory and a mapping of it, zeroed when it is created.
#[derive(Debug)]
pub(crate) struct Shared {
    backing: Backing,
    mapping: Mapping,
}

// SAFETY: the mapping is plain memory at a fixed address for as long as the value lives; what is in it is reached only
// through types that synchronise their own access (atomics and the robust lock).
unsafe impl Send for Mapping {}
// SAFETY: as for Send.
unsafe impl Sync for Mapping {}

impl Backing {
    /// A new memfd of so many zeros, whose length is sealed.
    pub(crate) fn create(bytes: usize) -> io::Result<Self> {
        fits(bytes)?;
        let fd = memfd_create("multiprocess", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        nix::unistd::ftruncate(&fd, i64::try_from(bytes).map_err(io::Error::other)?)?;
        fcntl(&fd, FcntlArg::F_ADD_SEALS(keeps_its_length() | SealFlag::F_SEAL_SEAL))?;
        Self::unsealed(fd)
    }

    /// What a peer has made by [`create`](Self::create): it demands that nobody can change its length. It is not mapped yet, so that what
    /// this costs does not depend on the length.
    pub(crate) fn sealed(fd: OwnedFd) -> io::Result<Self> {
        let seals =
            fcntl(&fd, FcntlArg::F_GET_SEALS).map_err(|_| invalid("it is no memory that can be sealed (memfd)"))?;
        let seals = SealFlag::from_bits_retain(seals);
        if !seals.contains(keeps_its_length()) {
            return Err(invalid("its length is not sealed"));
        }
        let mode = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?) & OFlag::O_ACCMODE;
        match mode == OFlag::O_RDWR && !seals.intersects(SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_FUTURE_WRITE) {
            true => Self::unsealed(fd),
            false => Err(invalid("it cannot be written")),
        }
    }

    /// A file whose length any process may change that can open it. Who touches what was cut off is ended by SIGBUS; that is no breach of
    /// memory safety, and no promise.
    pub(crate) fn unsealed(fd: OwnedFd) -> io::Result<Self> {
        let about = nix::sys::stat::fstat(&fd)?;
        let bytes = usize::try_from(about.st_size).map_err(io::Error::other)?;
        Ok(Self { fd, bytes, file: (about.st_dev, about.st_ino) })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// How long the memory is.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// Copies its first bytes without a mapping; fewer if there are not so many.
    pub(crate) fn first(&self, bytes: &mut [u8]) -> io::Result<usize> {
        Ok(nix::sys::uio::pread(&self.fd, bytes, 0)?)
    }

    /// Maps all of it.
    pub(crate) fn map(&self, flags: MapFlags) -> io::Result<Mapping> {
        let length = NonZeroUsize::new(self.bytes).ok_or_else(|| invalid("shared memory of no bytes"))?;
        // In a forked child that did not keep it, the descriptor is closed or means something else.
        match nix::sys::stat::fstat(&self.fd) {
            Ok(about) if (about.st_dev, about.st_ino) == self.file => {}
            Ok(_) | Err(Errno::EBADF) => {
                return Err(invalid("the descriptor of the shared memory was not kept in this process"));
            }
            Err(fault) => return Err(fault.into()),
        }
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address the kernel chooses disturbs no other memory. It is as long as the file, which keeps its length
        // if it is sealed; if not, an access beyond its end is a signal and touches nothing.
        let start = unsafe { mmap(None, length, protection, flags | MapFlags::MAP_SHARED, &self.fd, 0) }?;
        Ok(Mapping { pins: AtomicUsize::new(0), start, bytes: self.bytes })
    }
}

impl Shared {
    /// Makes `bytes` bytes of zeroed memory that children can map too.
    pub(crate) fn create(bytes: usize) -> io::Result<Self> {
        Self::over(Backing::create(bytes)?)
    }

    /// Maps the memory behind a descriptor that a parent has made with [`Shared::create`].
    pub(crate) fn map(fd: OwnedFd, bytes: usize) -> io::Result<Self> {
        let backing = Backing::sealed(fd)?;
        match backing.len() >= bytes {
            true => Self::over(backing),
            false => Err(invalid("the shared memory is shorter than its description")),
        }
    }

    /// Maps it.
    pub(crate) fn over(backing: Backing) -> io::Result<Self> {
        Ok(Self { mapping: backing.map(MapFlags::empty())?, backing })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.backing.fd()
    }
}

impl Deref for Shared {
    type Target = Mapping;

    fn deref(&self) -> &Mapping {
        &self.mapping
    }
}

impl Mapping {
    /// How long the mapping is.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// A `T` at `offset`, shared with every process that maps this memory.
    pub(crate) fn at<T: Shareable>(&self, offset: usize) -> &T {
        &self.slice(offset, 1)[0]
    }

    /// `len` times a `T` from `offset` on, shared with every process that maps this memory.
    pub(crate) fn slice<T: Shareable>(&self, offset: usize, len: usize) -> &[T] {
        assert!(offset.is_multiple_of(align_of::<T>()), "offset {offset} is not aligned");
        let inside = len.checked_mul(size_of::<T>()).is_some_and(|bytes| self.holds(offset, bytes));
        assert!(inside, "{len} values at {offset} lie outside the shared memory");
        // SAFETY: the addition stays inside the mapping, as asserted.
        let first = unsafe { self.start.byte_add(offset) }.cast::<T>();
        // SAFETY: aligned (a mapping begins at a page) and inside the mapping, as asserted; any bytes are valid, and shared references to
        // them are all there ever are, by the contract of `Shareable`.
        unsafe { std::slice::from_raw_parts(first.as_ptr(), len) }
    }

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

impl Mapping {
    /// Keeps the mapping where it is, whoever drops it, until it is [unpinned](Self::unpin) as often. A thread's list of the robust mutexes
    /// that it holds leads through their memory (get_robust_list(2)), and a guard may be forgotten.
    pub(super) fn pin(&self) {
        self.pins.fetch_add(1, Relaxed);
    }

    /// The other half of [`pin`](Self::pin).
    pub(super) fn unpin(&self) {
        self.pins.fetch_sub(1, Relaxed);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if *self.pins.get_mut() > 0 {
            return;
        }
        // SAFETY: `start` and `bytes` are those of our own mapping, and every reference into it borrowed `self`.
        let unmapped = unsafe { munmap(self.start, self.bytes) };
        debug_assert!(unmapped.is_ok(), "unmapping our own mapping fails only on wrong arguments");
    }
}

/// The seals without which no mapping is safe to touch.
fn keeps_its_length() -> SealFlag {
    SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Refuses what is more than all memory and swap of the machine, as the kernel does for memory without a file (proc(5),
/// `overcommit_memory`); to a memfd it would give any length, and end the process when it is touched.
pub(crate) fn fits(bytes: usize) -> io::Result<()> {
    let machine = nix::sys::sysinfo::sysinfo()?;
    let there = machine.ram_total().saturating_add(machine.swap_total());
    if bytes as u64 <= there { Ok(()) } else { Err(io::ErrorKind::OutOfMemory.into()) }
}

/// Below this, pages that are filled at once are not asked for first.
const SMALL_BYTES: usize = 64 << 20;

/// Refuses what is more than can be had just now (proc(5), `MemAvailable`). Where that is not told, nothing is refused here.
pub(crate) fn available(bytes: usize) -> io::Result<()> {
    if bytes <= SMALL_BYTES {
        return Ok(());
    }
    fits(bytes)?;
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let field = |name| {
        let line = told.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let there = field("MemAvailable:").map(|kib| (kib + field("SwapFree:").unwrap_or(0)).saturating_mul(1_024));
    match there {
        Some(there) if (bytes as u64) > there => Err(io::ErrorKind::OutOfMemory.into()),
        _ => Ok(()),
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
