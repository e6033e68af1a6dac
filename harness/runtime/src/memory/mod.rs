//! What processes share, and how another process gets it: values and arrays with a lock or without, atomics, lists, segments of a name.
//!
//! CPython's `sharedctypes.py`, `heap.py` and `shared_memory.py`. Everything but a [named segment](named) is memory without a name, sealed in its
//! length ([`HandOver`]). `README.md` beside this file describes how it crosses, what holds while a process dies, and the tracker.

mod cells;
mod element;
pub(crate) mod label;
mod list;
mod locked;
pub mod named;
mod owner;
mod packed;
mod raw;
mod tracker;
#[cfg(feature = "ndarray")]
mod views;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::poll::PollFlags;

use crate::error::{Error, Kind};
use crate::sys::shared::{Backing, Shared};
use crate::sys::{fd, rights};
use crate::waiting;

pub use element::{Countable, Element};
pub use list::{ShareableItem, ShareableList};
pub use locked::{Array, ArrayGuard, Value, ValueGuard};
pub use raw::{RawArray, RawValue, SharedAtomic};

use label::{Content, Label};

/// What goes with the descriptor, so that one which is sent for something else is noticed before it is mapped.
const GREETING: &[u8; 8] = b"mp-share";

/// Shared memory that another process can be handed: a forked child has it already, a spawned one or a stranger gets it over a Unix socket.
///
/// What crosses is one descriptor and eight bytes, however much memory it is: nothing is copied, and the receiver's pages come as it
/// touches them. The memory tells itself what it holds, and the receiver checks that, its length, and its seals.
///
/// # Trust
/// Both ends are programs of this library, of one user. What a peer writes through the descriptor past claims and locks
/// (`write(2)`, a mapping of its own) no type can see, as with `/proc/self/mem`.
///
/// ```
/// use std::os::unix::net::UnixStream;
/// use std::time::Duration;
/// use multiprocess::{HandOver, SharedArray};
///
/// let limit = Duration::from_secs(10);
/// let (here, there) = UnixStream::pair().unwrap();
/// let array = SharedArray::of(&[1.5, 2.5]).unwrap();
/// array.send_to(&here, limit).unwrap();
/// // As a rule in another process:
/// let same = SharedArray::<f64>::receive_from(&there, limit).unwrap();
/// same.write(0..1, |numbers| numbers[0] = 40.0).unwrap();
/// assert_eq!(array.read(0..2, |numbers| numbers[0] + numbers[1]).unwrap(), 42.5);
/// ```
pub trait HandOver: Sized {
    /// The descriptor of the memory, to be sent to another process or kept in a forked one.
    fn descriptor(&self) -> BorrowedFd<'_>;

    /// Takes what lies behind a descriptor that [`descriptor`](Self::descriptor) gave, here or in another process.
    ///
    /// # Errors
    /// If it is not the memory of such a value ([`Error::is_wrong_memory`]): no memfd, not sealed, of another length, type or content; or
    /// if it cannot be mapped.
    fn from_descriptor(descriptor: OwnedFd) -> Result<Self, Error>;

    /// Sends it to the process at the other end of a Unix socket. This end goes on using it, too.
    ///
    /// # Errors
    /// If the other end is gone, or takes nothing for as long as `limit`.
    fn send_to(&self, socket: impl AsFd, limit: Duration) -> Result<(), Error> {
        let doing = "handing shared memory over";
        ready(&socket, PollFlags::POLLOUT, doing, limit)?;
        rights::send(socket.as_fd(), GREETING, &[self.descriptor()]).map_err(Error::io(doing))
    }

    /// Receives what the other end of a Unix socket sends by [`send_to`](Self::send_to).
    ///
    /// # Errors
    /// As [`from_descriptor`](Self::from_descriptor), and if the other end is gone, sends something else, or sends nothing for as long as `limit`.
    fn receive_from(socket: impl AsFd, limit: Duration) -> Result<Self, Error> {
        let doing = "receiving shared memory";
        ready(&socket, PollFlags::POLLIN, doing, limit)?;
        let mut greeting = [0; GREETING.len()];
        let received = rights::receive(socket.as_fd(), &mut greeting).map_err(Error::io(doing))?;
        match <[OwnedFd; 1]>::try_from(received) {
            Ok([descriptor]) if &greeting == GREETING => Self::from_descriptor(descriptor),
            Ok(_) => Err(wrong("the bytes that came with it are not a hand-over's".to_owned())),
            Err(came) => Err(wrong(format!("{} descriptors came with the message, not one", came.len()))),
        }
    }
}

fn ready(socket: &impl AsFd, events: PollFlags, doing: &'static str, limit: Duration) -> Result<(), Error> {
    let mut sockets = [(socket.as_fd(), events)];
    match fd::wait(&mut sockets, Some(waiting::after(limit))).map_err(Error::io(doing))?[0] {
        true => Ok(()),
        false => Err(Kind::Deadline { doing, limit }.into()),
    }
}

fn wrong(why: String) -> Error {
    Kind::WrongMemory { why }.into()
}

/// Checks the memory behind a descriptor and reads its label: how many `T` there are in `content`. Maps nothing.
pub(crate) fn labelled<T>(descriptor: OwnedFd, content: Content) -> Result<(Backing, usize), Error> {
    let backing = Backing::sealed(descriptor).map_err(|fault| match fault.kind() {
        std::io::ErrorKind::InvalidInput => wrong(fault.to_string()),
        _ => Error::io("receiving shared memory")(fault),
    })?;
    let label = Label::read(&backing).map_err(Error::io("reading the label of shared memory"))?;
    let len = label.and_then(|label| label.expect::<T>(content)).map_err(wrong)?;
    Ok((backing, len))
}

/// Maps memory that was checked.
fn mapped(backing: Backing) -> Result<Shared, Error> {
    Shared::over(backing).map_err(Error::io("mapping shared memory"))
}

/// What is said of memory that is not as long as its label tells.
pub(crate) fn wrong_length(bytes: usize, len: usize) -> Error {
    wrong(format!("it has {bytes} bytes, which {len} elements have not, of which its label tells"))
}

/// A handed-over value is inherited by its memory; it is listed if the child hands it on.
macro_rules! inherited {
    ($($name:ident<$bound:ident>),*) => {$(
        impl<T: $bound> crate::process::Inherited for $name<T> {
            fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
                vec![self.descriptor()]
            }
        }
    )*};
}
use crate::shared_array::{Plain, SharedArray};
inherited!(
    SharedArray<Plain>,
    RawValue<Element>,
    RawArray<Element>,
    Value<Element>,
    Array<Element>,
    SharedAtomic<Countable>
);

impl crate::process::Inherited for ShareableList {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.descriptor()]
    }
}
