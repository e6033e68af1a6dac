//! What a new process is sent, and how it takes it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::error::Error;
use crate::frame;
use crate::sys::rights;
use crate::trace::{self, Trace};

/// How long the announcement is: a count of descriptors, the length of a name, whether the last descriptor is a trace, whether the process is
/// daemonic, the place, the name.
const ANNOUNCEMENT_BYTES: usize = 64;

/// Where the two numbers of the place begin.
const PLACE: usize = 4;

/// Where the name begins.
const NAME: usize = PLACE + 2 * 8;

/// The longest name of a role.
const NAME_BYTES: usize = ANNOUNCEMENT_BYTES - NAME;

/// The most descriptors that go in one message (`SCM_MAX_FD`, unix(7)), without the lifeline of an executed process and a trace.
pub(crate) const DESCRIPTORS_AT_MOST: usize = 251;

/// What was sent to a process that has just come to life.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// Connected with whoever started this process; blocking.
    pub(crate) socket: File,
    /// The descriptors, in the order they were given.
    pub(crate) descriptors: Vec<OwnedFd>,
    /// Two numbers that mean what the role says, such as which worker of how many.
    pub(crate) place: [u64; 2],
    /// The name of what this process is to do; empty if it knows already.
    pub(super) role: String,
    /// Whether this process may have no children.
    pub(super) daemonic: bool,
}

/// What a new process is told first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announcement<'a> {
    /// The name of its role; empty if it knows already.
    pub(super) role: &'a str,
    /// Two numbers that mean what the role says.
    pub(super) place: [u64; 2],
    /// Whether it may have no children.
    pub(super) daemonic: bool,
}

/// Tells the process at the other end its role, with descriptors.
pub(super) fn announce(socket: &File, told: Announcement<'_>, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let Announcement { role, place, daemonic } = told;
    assert!(role.len() <= NAME_BYTES, "the role '{role}' has a longer name than {NAME_BYTES} bytes");
    assert!(descriptors.len() <= DESCRIPTORS_AT_MOST + 1, "{} descriptors are too many", descriptors.len());
    let trace = Trace::current();
    let descriptors: Vec<_> = descriptors.iter().copied().chain(trace.as_ref().map(Trace::fd)).collect();
    let mut bytes = [0; ANNOUNCEMENT_BYTES];
    // Both fit into a byte, as just asserted.
    bytes[0] = descriptors.len() as u8;
    bytes[1] = role.len() as u8;
    bytes[2] = trace.is_some().into();
    bytes[3] = daemonic.into();
    bytes[PLACE..PLACE + 8].copy_from_slice(&place[0].to_ne_bytes());
    bytes[PLACE + 8..NAME].copy_from_slice(&place[1].to_ne_bytes());
    bytes[NAME..NAME + role.len()].copy_from_slice(role.as_bytes());
    rights::send(socket.as_fd(), &bytes, &descriptors)
}

impl Arrival {
    /// Takes the announcement from `socket`. If whoever started this process records a trace, this process does from now on.
    pub(super) fn take(socket: OwnedFd) -> io::Result<Self> {
        let mut bytes = [0; ANNOUNCEMENT_BYTES];
        let mut descriptors = rights::receive(socket.as_fd(), &mut bytes)?;
        if descriptors.len() != usize::from(bytes[0]) {
            return Err(io::Error::other("not all of the descriptors that were sent could be taken"));
        }
        let name = bytes.get(NAME..NAME + usize::from(bytes[1])).and_then(|name| std::str::from_utf8(name).ok());
        let role = name.ok_or_else(|| io::Error::other("an announcement without a role"))?.to_owned();
        if bytes[2] != 0 {
            trace::adopt(descriptors.pop().ok_or_else(|| io::Error::other("an announcement without its trace"))?)?;
        }
        let (numbers, _) = bytes[PLACE..NAME].as_chunks::<8>();
        let place = [numbers[0], numbers[1]].map(u64::from_ne_bytes);
        Ok(Self { socket: socket.into(), descriptors, place, role, daemonic: bytes[3] != 0 })
    }

    /// Reads the message. Once, and after [`set_current_slot`](crate::sys::shared::set_current_slot): it is counted.
    pub(crate) fn message(&self) -> Result<Vec<u8>, Error> {
        let message = frame::read(&mut &self.socket)?;
        message.ok_or_else(|| Error::io("receiving a worker's preparation")(io::ErrorKind::UnexpectedEof.into()))
    }

    /// Tells whoever started this process that it is ready for its work.
    pub(crate) fn ready(&self) -> io::Result<()> {
        (&self.socket).write_all(&[1])
    }
}
