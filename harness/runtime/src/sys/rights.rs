//! Handing descriptors to another program over a socket (unix(7), SCM_RIGHTS).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, recvmsg, sendmsg};

/// The most descriptors that go in one message (`SCM_MAX_FD`, unix(7)).
const AT_MOST: usize = 253;

/// Sends descriptors together with a few bytes, at least one.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let raw: Vec<RawFd> = descriptors.iter().map(|descriptor| descriptor.as_raw_fd()).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &[][..] } else { &rights[..] };
    loop {
        match sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], control, MsgFlags::MSG_NOSIGNAL, None) {
            Ok(sent) if sent == bytes.len() => return Ok(()),
            Ok(_) => return Err(io::Error::other("the socket took only a part of a message of a few bytes")),
            Err(Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// Receives what [`send`] has sent: fills `bytes`, and returns the descriptors, closed on exec. They are fewer than were sent, the first
/// of them, if this process has no room for more; the kernel has closed the others then.
///
/// Fails with `UnexpectedEof` if the other end is closed.
pub(crate) fn receive(socket: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<Vec<OwnedFd>> {
    let expected = bytes.len();
    let mut space = nix::cmsg_space!([RawFd; AT_MOST]);
    let got = loop {
        let mut parts = [IoSliceMut::new(bytes)];
        match recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
            Ok(received) => break received.bytes,
            Err(Errno::EINTR) => {}
            Err(fault) => return Err(fault.into()),
        }
    };
    let came = descriptors_in(&space);
    if got == expected { Ok(came) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
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
