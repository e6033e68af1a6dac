//! A file that nobody can forget to delete.

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::PathBuf;

use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::error::Error;
use crate::process::Inherited;

/// A file in the kernel's own tmpfs (memfd_create(2)): other processes open it by its path while this one holds it open, and
/// it is in no directory, so that whatever happens nothing of it is left.
///
/// ```
/// use std::io::Write;
/// let mut scratch = multiprocess::ScratchFile::create().unwrap();
/// scratch.file().write_all(b"forty-two").unwrap();
/// assert_eq!(std::fs::read(scratch.path()).unwrap(), b"forty-two");
/// ```
#[derive(Debug)]
pub struct ScratchFile(File);

impl ScratchFile {
    /// Makes an empty file.
    ///
    /// # Errors
    /// If there are no descriptors or no memory left.
    pub fn create() -> Result<Self, Error> {
        let fd = memfd_create("scratch", MFdFlags::MFD_CLOEXEC);
        Ok(Self(fd.map_err(|fault| Error::io("making a scratch file")(fault.into()))?.into()))
    }

    /// The file, to read and write.
    pub fn file(&mut self) -> &mut File {
        &mut self.0
    }

    /// The path under which other processes of this user open it, for as long as this process holds it open (proc(5)).
    pub fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.0.as_raw_fd()).into()
    }
}

impl Inherited for ScratchFile {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.0.as_fd()]
    }
}
