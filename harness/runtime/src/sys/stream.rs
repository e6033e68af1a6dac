//! Reading and writing pipes and sockets without waiting, whatever their descriptors are set to, and asking how full they are.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Whether a call may sleep until there is something to read, or room to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleeping {
    /// As the descriptor is set.
    Allowed,
    /// Never (`RWF_NOWAIT`, preadv2(2)). Another process may use the same description, so that it is better left blocking.
    Never,
}

impl Sleeping {
    fn flags(self) -> libc::c_int {
        if self == Self::Never { libc::RWF_NOWAIT } else { 0 }
    }
}

/// The offset that means "where the stream is".
const HERE: libc::off_t = -1;

/// Reads what is there into `buffer`.
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8], sleeping: Sleeping) -> io::Result<usize> {
    if sleeping == Sleeping::Allowed {
        return Ok(nix::unistd::read(fd, buffer)?);
    }
    let part = IoSliceMut::new(buffer);
    // SAFETY: an IoSliceMut is an iovec (guaranteed by std) for memory that is borrowed mutably during the call.
    count(unsafe { libc::preadv2(fd.as_raw_fd(), (&raw const part).cast(), 1, HERE, libc::RWF_NOWAIT) })
}

/// Up to here two parts are copied together: that is cheaper than telling the kernel of both.
const COPIED: usize = 256;

/// Writes `first` and then `second`, as much as there is room for.
pub(crate) fn write(fd: BorrowedFd<'_>, first: &[u8], second: &[u8], sleeping: Sleeping) -> io::Result<usize> {
    let bytes = first.len() + second.len();
    if second.is_empty() {
        return write_one(fd, first, sleeping);
    }
    if bytes <= COPIED {
        let mut copy = [0; COPIED];
        copy[..first.len()].copy_from_slice(first);
        copy[first.len()..bytes].copy_from_slice(second);
        return write_one(fd, &copy[..bytes], sleeping);
    }
    let parts = [IoSlice::new(first), IoSlice::new(second)];
    // SAFETY: an IoSlice is an iovec (guaranteed by std) for memory that is borrowed during the call; there are two.
    count(unsafe { libc::pwritev2(fd.as_raw_fd(), parts.as_ptr().cast(), 2, HERE, sleeping.flags()) })
}

fn write_one(fd: BorrowedFd<'_>, bytes: &[u8], sleeping: Sleeping) -> io::Result<usize> {
    if sleeping == Sleeping::Allowed {
        return Ok(nix::unistd::write(fd, bytes)?);
    }
    let part = IoSlice::new(bytes);
    // SAFETY: as in `write`; there is one.
    count(unsafe { libc::pwritev2(fd.as_raw_fd(), (&raw const part).cast(), 1, HERE, libc::RWF_NOWAIT) })
}

fn count(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// How many bytes wait to be read in a pipe, whichever end is asked, or at a socket's own end (`FIONREAD`).
pub(crate) fn waiting_to_be_read(fd: BorrowedFd<'_>) -> io::Result<usize> {
    number(fd, libc::FIONREAD)
}

/// How much of what a socket has sent the other side has not read, with the kernel's overhead (`SIOCOUTQ`, the same number as `TIOCOUTQ`;
/// unix(7)).
pub(crate) fn not_yet_read(socket: BorrowedFd<'_>) -> io::Result<usize> {
    number(socket, libc::TIOCOUTQ)
}

fn number(fd: BorrowedFd<'_>, request: libc::Ioctl) -> io::Result<usize> {
    let mut value: libc::c_int = 0;
    // SAFETY: both requests write one int, to a writable local.
    super::check(unsafe { libc::ioctl(fd.as_raw_fd(), request, &raw mut value) })?;
    usize::try_from(value).map_err(io::Error::other)
}
