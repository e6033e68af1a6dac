//! Handing descriptors to another program over a socket (unix(7), SCM_RIGHTS).

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// How many descriptors go in one message.
const COUNT: usize = 3;

/// Sends three descriptors together with a few bytes, at least one.
pub(crate) fn send(socket: &OwnedFd, bytes: &[u8], descriptors: [BorrowedFd<'_>; COUNT]) -> io::Result<()> {
    let raw = descriptors.map(|descriptor| descriptor.as_raw_fd());
    let rights = [ControlMessage::ScmRights(&raw)];
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &rights, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// Receives what [`send`] has sent: fills `bytes`, and returns the descriptors, closed on exec.
pub(crate) fn receive(socket: &OwnedFd, bytes: &mut [u8]) -> io::Result<[OwnedFd; COUNT]> {
    let expected = bytes.len();
    let mut parts = [IoSliceMut::new(bytes)];
    let mut space = nix::cmsg_space!([RawFd; COUNT]);
    let received = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let mut owned = Vec::new();
    for message in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(descriptors) = message {
            // SAFETY: SCM_RIGHTS has just made these descriptors for this process alone; each is wrapped once.
            owned.extend(descriptors.into_iter().map(|raw| unsafe { OwnedFd::from_raw_fd(raw) }));
        }
    }
    let whole = received.bytes == expected;
    owned.try_into().ok().filter(|_| whole).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
