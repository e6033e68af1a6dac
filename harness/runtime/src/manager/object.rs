//! What a type must be to live in a manager's server, and the table in which the server finds it by name.

use std::os::fd::BorrowedFd;
use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use linkme::distributed_slice;
use nix::poll::PollFlags;

use crate::codec::{self, Loading};
use crate::error::Error;
use crate::sys::fd;

/// A type whose objects live in a manager's server and are shared by proxies.
///
/// What clients may ask is the type `Request`, and nothing else can be asked: CPython's list of exposed methods, by construction. Many
/// clients ask at once, each in a thread of its own, so an object synchronises itself.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use multiprocess::manager::{Call, Managed};
///
/// struct Tickets(AtomicU64);
///
/// #[derive(bincode::Encode, bincode::Decode)]
/// enum Ask {
///     Next,
/// }
///
/// impl Managed for Tickets {
///     const NAME: &'static str = "example::Tickets";
///     type Setup = u64;
///     type Request = Ask;
///     type Reply = u64;
///     fn create(first: u64) -> Self {
///         Self(AtomicU64::new(first))
///     }
///     fn method(_: &Ask) -> &'static str {
///         "next"
///     }
///     fn serve(&self, _: Ask, _: &Call<'_>) -> u64 {
///         self.0.fetch_add(1, Relaxed)
///     }
/// }
/// multiprocess::register_managed!(Tickets);
/// ```
pub trait Managed: Send + Sync + 'static {
    /// The name under which the server finds it.
    const NAME: &'static str;
    /// What it is made of.
    type Setup: Encode + Decode<()>;
    /// What it can be asked.
    type Request: Encode + Decode<()>;
    /// What it answers.
    type Reply: Encode + Decode<()>;

    /// Makes one, in the server.
    fn create(setup: Self::Setup) -> Self;

    /// The name of the method that a request means, to count it by.
    fn method(request: &Self::Request) -> &'static str;

    /// Answers a request, in the thread of the client's connection. A panic is that call's error, and the object goes on.
    fn serve(&self, request: Self::Request, call: &Call<'_>) -> Self::Reply;

    /// A process that may have used this object has ended, or hung up.
    fn client_left(&self, client: ClientId) {
        let _ = client;
    }
}

/// A process that asks a manager, and no other even if its pid is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId {
    pid: u64,
    nonce: u64,
}

impl ClientId {
    pub(super) fn new(pid: u32, nonce: [u8; 8]) -> Self {
        Self { pid: u64::from(pid), nonce: u64::from_ne_bytes(nonce) }
    }

    pub(super) fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.pid.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.nonce.to_ne_bytes());
        bytes
    }

    /// From 16 bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let (numbers, _) = bytes.as_chunks::<8>();
        Self { pid: u64::from_ne_bytes(numbers[0]), nonce: u64::from_ne_bytes(numbers[1]) }
    }

    /// The pid it says it has.
    pub fn pid(self) -> u64 {
        self.pid
    }
}

/// One request, as its object sees it.
#[derive(Debug)]
pub struct Call<'a> {
    pub(super) client: ClientId,
    pub(super) socket: BorrowedFd<'a>,
    pub(super) deadline: Instant,
}

/// How long a waiting call goes without a look whether its client is still there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Call<'_> {
    /// Who asks.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// Until when the client waits for the answer.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the client has hung up, or was ended. It sends nothing before it has its answer.
    pub fn has_left(&self) -> bool {
        fd::wait(&mut [(self.socket, PollFlags::POLLIN)], Some(Instant::now())).is_ok_and(|ready| ready[0])
    }

    /// Waits until `ready` gives something, woken by `changed`; none at `deadline`, or when the client has left.
    pub fn wait<T, R>(
        &self,
        mut guard: MutexGuard<'_, T>,
        changed: &Condvar,
        deadline: Instant,
        mut ready: impl FnMut(&mut T) -> Option<R>,
    ) -> Option<R> {
        let deadline = deadline.min(self.deadline);
        loop {
            if let Some(result) = ready(&mut guard) {
                return Some(result);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.has_left() {
                return None;
            }
            let (back, _) = changed.wait_timeout(guard, left.min(LOOK_EVERY)).unwrap_or_else(PoisonError::into_inner);
            guard = back;
        }
    }
}

/// An object in the server, its types erased.
pub(super) trait Object: Send + Sync {
    /// Decodes and answers a request; tells the method, if it could be decoded.
    fn serve(
        &self,
        loading: Loading<'_>,
        call: &Call<'_>,
        count: &dyn Fn(&'static str, &'static str),
    ) -> Result<Vec<u8>, Error>;

    fn client_left(&self, client: ClientId);
}

impl<M: Managed> Object for M {
    fn serve(
        &self,
        mut loading: Loading<'_>,
        call: &Call<'_>,
        count: &dyn Fn(&'static str, &'static str),
    ) -> Result<Vec<u8>, Error> {
        let request: M::Request = loading.piece()?;
        loading.finish()?;
        count(M::NAME, M::method(&request));
        codec::dumps(&(super::server::DONE, Managed::serve(self, request, call)))
    }

    fn client_left(&self, client: ClientId) {
        Managed::client_left(self, client);
    }
}

/// One managed type of the program, its types erased.
#[doc(hidden)]
pub struct ManagedEntry {
    pub(super) name: &'static str,
    pub(super) create: fn(Loading<'_>) -> Result<Box<dyn Object>, Error>,
}

impl ManagedEntry {
    #[doc(hidden)]
    pub const fn of<M: Managed>() -> Self {
        Self {
            name: M::NAME,
            create: |mut loading| {
                let setup = loading.piece()?;
                loading.finish()?;
                Ok(Box::new(M::create(setup)))
            },
        }
    }
}

impl std::fmt::Debug for ManagedEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ManagedEntry").field(&self.name).finish()
    }
}

/// All managed types of the program.
#[doc(hidden)]
#[distributed_slice]
pub static OBJECTS: [ManagedEntry];

/// Registers a [`Managed`] type under its name.
#[macro_export]
macro_rules! register_managed {
    ($managed:ty) => {
        const _: () = {
            #[$crate::linkme::distributed_slice($crate::manager::OBJECTS)]
            #[linkme(crate = $crate::linkme)]
            static ENTRY: $crate::manager::ManagedEntry = $crate::manager::ManagedEntry::of::<$managed>();
        };
    };
}
