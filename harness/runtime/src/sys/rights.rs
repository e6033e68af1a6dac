//! Handing descriptors to another program over a socket (unix(7), SCM_RIGHTS).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, recvmsg, sendmsg};

/// How many descriptors go in one message.
const COUNT: usize = 3;

/// What came of a message.
#[derive(Debug)]
pub(crate) enum Received {
    /// All of it.
    Whole([OwnedFd; COUNT]),
    /// Less, as a rule because this process has no room for more descriptors. These are the first of those that were sent; the kernel
    /// has closed the others.
    Part(Vec<OwnedFd>),
    /// Nothing: the other end is closed.
    End,
}

impl Received {
    /// The descriptors, if all of them came.
    pub(crate) fn whole(self) -> io::Result<[OwnedFd; COUNT]> {
        match self {
            Self::Whole(descriptors) => Ok(descriptors),
            Self::Part(_) => Err(io::Error::other("not all of the descriptors that were sent could be taken")),
            Self::End => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Sends three descriptors together with a few bytes, at least one.
pub(crate) fn send(socket: &OwnedFd, bytes: &[u8], descriptors: [BorrowedFd<'_>; COUNT]) -> io::Result<()> {
    let raw = descriptors.map(|descriptor| descriptor.as_raw_fd());
    let rights = [ControlMessage::ScmRights(&raw)];
    loop {
        match sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &rights, MsgFlags::MSG_NOSIGNAL, None) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// Receives what [`send`] has sent: fills `bytes`, and returns the descriptors, closed on exec.
pub(crate) fn receive(socket: &OwnedFd, bytes: &mut [u8]) -> io::Result<Received> {
    let expected = bytes.len();
    let mut space = nix::cmsg_space!([RawFd; COUNT]);
    let got = loop {
        let mut parts = [IoSliceMut::new(bytes)];
        match recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
            Ok(received) => break received.bytes,
            Err(Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    };
    let came = descriptors_in(&space);
    if got == 0 {
        return Ok(Received::End);
    }
    Ok(match <[OwnedFd; COUNT]>::try_from(came) {
        Ok(descriptors) if got == expected => Received::Whole(descriptors),
        Ok(descriptors) => Received::Part(descriptors.into()),
        Err(came) => Received::Part(came),
    })
}

/// The descriptors that the kernel has left in `space`, which was zeroed before: one header, then the descriptors (cmsg(3)).
///
/// Not by nix's iterator, which gives none of them when some are missing, and so would leave those that came open for ever.
fn descriptors_in(space: &[u8]) -> Vec<OwnedFd> {
    let beginning = size_of::<libc::cmsghdr>();
    if space.len() < beginning {
        return Vec::new();
    }
    // SAFETY: as many bytes are there, as just seen, and any bytes are a header; it need not be aligned to be copied.
    let header = unsafe { space.as_ptr().cast::<libc::cmsghdr>().read_unaligned() };
    // No header was written if no descriptor came; then all of this is 0.
    if (header.cmsg_level, header.cmsg_type) != (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
        return Vec::new();
    }
    // What this type is depends on the C library.
    let length: usize = header.cmsg_len as _;
    let (descriptors, _) = space[beginning..length.clamp(beginning, space.len())].as_chunks::<{ size_of::<RawFd>() }>();
    // SAFETY: SCM_RIGHTS has just made these descriptors for this process alone; each is wrapped once.
    descriptors.iter().map(|raw| unsafe { OwnedFd::from_raw_fd(RawFd::from_ne_bytes(*raw)) }).collect()
}
