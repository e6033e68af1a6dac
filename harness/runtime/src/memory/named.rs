//! Segments of shared memory that have a name, as CPython's `SharedMemory`: whoever knows the name attaches, and whoever is killed leaves it.
//!
//! Everything else in this library shares memory without a name, because that cannot be left behind. This is for the lesson that shows
//! how it can, and for programs that meet by name. What CPython's lacks is an owner: here the name tells the process that made the
//! segment, and [`sweep`], which every `create` begins with, removes those whose owner is dead.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, OFlag, fallocate};
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;

pub use super::owner::sweep;
use super::owner::{self, Owner};
pub use super::tracker::Tracker;
use crate::error::{Error, Kind};
use crate::sys::shared::{Backing, Shared, available};

/// Who unlinks a segment that nobody has unlinked.
#[derive(Clone, Copy, Debug)]
pub enum Tracking<'a> {
    /// The process that made it, when it drops its value; if it was killed before, the next [`sweep`]. Who attaches is not responsible.
    OwnerOnly,
    /// The tracker, once every process that has it is gone. As in CPython **attaching registers, too** (bpo-38119, gh-82300): the exit of a
    /// process that has only looked, and that has a tracker of its own, unlinks the segment of the process that made it. CPython 3.13 has
    /// `track=False` against it.
    AsCPython(&'a Tracker),
}

/// A named segment, CPython's `shared_memory.SharedMemory`: a file in `/dev/shm` (shm_open(3)), mapped.
///
/// Its bytes are read and written by copying, byte by byte and in no order that others could rely on: any process may write at the same
/// time, and a reader then sees some bytes of before and some of after.
///
/// The kernel has no seals for it: whoever opens it by its name can cut it off, and who then touches it is ended by SIGBUS, as in CPython.
/// Its pages are reserved when it is made, so that a full `/dev/shm` is an error there and not a SIGBUS later, as it is in CPython.
///
/// ```
/// use multiprocess::named::{SharedMemory, Tracking};
/// let segment = SharedMemory::create(10, Tracking::OwnerOnly).unwrap();
/// segment.write(4, b"hello").unwrap();
/// let same = SharedMemory::attach(segment.name(), Tracking::OwnerOnly).unwrap(); // In another process.
/// let mut bytes = [0; 6];
/// same.read(4, &mut bytes).unwrap();
/// assert_eq!(&bytes, b"hello\0");
/// ```
#[derive(Debug)]
pub struct SharedMemory<'a> {
    name: String,
    shared: Shared,
    tracking: Tracking<'a>,
    /// The process that unlinks it when it drops this value; 0 for nobody.
    unlinks: u32,
    unlinked: AtomicBool,
}

impl<'a> SharedMemory<'a> {
    /// Makes a segment of `bytes` zeros with a new name, which this process owns. Sweeps first.
    ///
    /// # Errors
    /// If `bytes` is 0, there is less memory than that, or the tracker is gone.
    pub fn create(bytes: usize, tracking: Tracking<'a>) -> Result<Self, Error> {
        let failed = "making a named segment";
        if bytes == 0 {
            return Err(Kind::NoBytes.into());
        }
        sweep()?;
        available(bytes).map_err(Error::io(failed))?;
        let owner = Owner::this_process().map_err(Error::io(failed))?;
        let (name, file) = loop {
            let name = owner.new_name();
            let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR;
            match shm_open(name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR) {
                Ok(file) => break (name, file),
                // Somebody has the same random number.
                Err(Errno::EEXIST) => {}
                Err(fault) => return Err(Error::io(failed)(fault.into())),
            }
        };
        let made = sized(file, bytes).map_err(Error::io(failed)).and_then(|shared| {
            registered(tracking, &name)?;
            Ok(shared)
        });
        match made {
            Ok(shared) => {
                let unlinks = if matches!(tracking, Tracking::OwnerOnly) { std::process::id() } else { 0 };
                Ok(Self { name, shared, tracking, unlinks, unlinked: AtomicBool::new(false) })
            }
            Err(fault) => {
                // Ours, and known to nobody yet.
                let _ = shm_unlink(name.as_str());
                Err(fault)
            }
        }
    }

    /// Attaches the segment that another process has made under this name. It is the other's: dropping this unlinks nothing. With
    /// [`Tracking::AsCPython`], however, it is registered.
    ///
    /// # Errors
    /// If there is none ([`Error::is_no_such_segment`]), it is empty, or it cannot be mapped.
    pub fn attach(name: &str, tracking: Tracking<'a>) -> Result<Self, Error> {
        let failed = "attaching a named segment";
        let file = shm_open(name, OFlag::O_RDWR, Mode::empty()).map_err(|fault| missing_or(failed, name, fault))?;
        let shared = Backing::unsealed(file).and_then(Shared::over).map_err(Error::io(failed))?;
        registered(tracking, name)?;
        Ok(Self { name: name.to_owned(), shared, tracking, unlinks: 0, unlinked: AtomicBool::new(false) })
    }

    /// Its name, by which another process attaches. It lies in `/dev/shm` under this.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Never: there are no empty segments.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies bytes out of it, beginning with that at `offset`.
    ///
    /// # Errors
    /// If it ends before, and then nothing is copied.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result<(), Error> {
        // Relaxed, here and in `write`: the bytes publish nothing; who waits for them learns of them in another way, which orders them.
        let part = self.part(offset, bytes.len())?;
        bytes.iter_mut().zip(part).for_each(|(byte, shared)| *byte = shared.load(Relaxed));
        Ok(())
    }

    /// Copies bytes into it, beginning with that at `offset`.
    ///
    /// # Errors
    /// If it ends before, and then nothing is copied.
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        let part = self.part(offset, bytes.len())?;
        bytes.iter().zip(part).for_each(|(byte, shared)| shared.store(*byte, Relaxed));
        Ok(())
    }

    fn part(&self, offset: usize, len: usize) -> Result<&[AtomicU8], Error> {
        match offset.checked_add(len) {
            Some(end) if end <= self.len() => Ok(self.shared.slice(offset, len)),
            _ => Err(Kind::OutsideSegment { offset, len, bytes: self.len() }.into()),
        }
    }

    /// Gives this process's mapping back and leaves the name, CPython's `close`. The segment then stays until somebody unlinks it or its owner
    /// has ended and a [`sweep`] comes by.
    pub fn close(mut self) {
        self.unlinks = 0;
    }

    /// Removes the name, which anybody may do. The memory stays for those who have it.
    ///
    /// # Errors
    /// If it is gone already ([`Error::is_no_such_segment`]), or the tracker is.
    pub fn unlink(&self) -> Result<(), Error> {
        let removed = shm_unlink(self.name.as_str());
        self.unlinked.store(true, Relaxed);
        removed.map_err(|fault| missing_or("unlinking a named segment", &self.name, fault))?;
        match self.tracking {
            Tracking::OwnerOnly => Ok(()),
            Tracking::AsCPython(tracker) => tracker.unregister(&self.name),
        }
    }
}

impl Drop for SharedMemory<'_> {
    fn drop(&mut self) {
        if self.unlinks == std::process::id() && !self.unlinked.load(Relaxed) {
            // Somebody else may have done it.
            let _ = shm_unlink(self.name.as_str());
        }
    }
}

/// Gives a new file its length and its pages.
fn sized(file: OwnedFd, bytes: usize) -> io::Result<Shared> {
    let len = i64::try_from(bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
    loop {
        match fallocate(&file, FallocateFlags::empty(), 0, len) {
            Ok(()) => return Backing::unsealed(file).and_then(Shared::over),
            Err(Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
}

fn registered(tracking: Tracking<'_>, name: &str) -> Result<(), Error> {
    match tracking {
        Tracking::OwnerOnly => Ok(()),
        Tracking::AsCPython(tracker) => tracker.register(name),
    }
}

fn missing_or(doing: &'static str, name: &str, fault: Errno) -> Error {
    match fault {
        Errno::ENOENT => Kind::NoSuchSegment { name: name.to_owned() }.into(),
        Errno::EINVAL | Errno::ENAMETOOLONG => Kind::SegmentName { name: name.to_owned() }.into(),
        _ => Error::io(doing)(fault.into()),
    }
}

/// Whether a segment of this name is there.
///
/// # Errors
/// If the name cannot be one.
pub fn exists(name: &str) -> Result<bool, Error> {
    owner::path(name).map(|path| path.exists()).ok_or_else(|| Kind::SegmentName { name: name.to_owned() }.into())
}
