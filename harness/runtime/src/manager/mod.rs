//! Objects that live in a server process and are shared through proxies, CPython's `multiprocessing.managers`.
//!
//! Every call of a proxy is one request and one reply, counted by the server. So `value += 1` is two requests, and two processes that do
//! it at once lose one of the two; [`Value::add`] is one request, and [`Lock`] makes the two one step. `README.md` beside this file
//! describes the protocol.

mod address;
mod client;
pub mod kinds;
mod object;
mod proxy;
mod server;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};

use crate::error::{Error, Kind};
use crate::meter::{Counts, SLOT_BYTES, Slot, WorkerReport};
use crate::start::{LEAVE_WITHIN, REAP_WITHIN, Role, Started, Starter};
use crate::sys::shared::Shared;
use crate::{StartMethod, codec, waiting};

use address::Address;
use client::Client;
use kinds::dict::RawDict;
pub use kinds::dict::{Dict, Namespace};
pub use kinds::list::List;
use kinds::list::RawList;
use kinds::lock::RawLock;
pub use kinds::lock::{Held, Lock};
pub use kinds::queue::ManagedQueue;
use kinds::queue::RawQueue;
pub use kinds::value::Value;
pub use object::{Call, ClientId, Managed, ManagedEntry, OBJECTS};
pub use proxy::Proxy;
pub(crate) use server::arrived_manager;

/// How long a call may take unless its proxy says otherwise.
const CALL_WITHIN: Duration = Duration::from_secs(30);

/// How long a server may take to start.
const START_WITHIN: Duration = Duration::from_secs(60);

/// A server process that holds objects. Dropping it ends the server, and with it the objects: proxies that are left get
/// [`Error::is_manager_died`].
///
/// ```no_run
/// use multiprocess::{Process, StartMethod};
/// use multiprocess::manager::Manager;
/// use std::time::Duration;
///
/// // The first line of `main` is `multiprocess::init()`.
/// let manager = Manager::start(StartMethod::Spawn).unwrap();
/// let total = manager.value(0_i64).unwrap();
/// let add = || i32::from(total.add(5).is_err());
/// let mut processes: Vec<_> = (0..4).map(|_| Process::start(&[], add).unwrap()).collect();
/// for process in &mut processes {
///     process.join(Duration::from_secs(10)).unwrap();
/// }
/// assert_eq!(total.get().unwrap(), 20);
/// assert_eq!(manager.state().unwrap().requests(), 5);
/// ```
pub struct Manager {
    /// Ended before the server that has forked it.
    started: Started,
    _starter: Starter,
    address: Address,
    slot: Shared,
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("pid", &self.pid()).finish_non_exhaustive()
    }
}

impl Manager {
    /// Starts a server. With `fork` this process must have a single thread.
    ///
    /// # Errors
    /// If this process is daemonic ([`Error::is_daemonic`]), a fork is refused ([`Error::is_fork_refused`]), the server ended before it was ready
    /// ([`Error::is_start_failed`]), or the system has no room for it.
    pub fn start(method: StartMethod) -> Result<Self, Error> {
        let starter = Starter::new(method, Role::Manager, &[], |arrival| {
            arrived_manager(arrival).unwrap_or_else(|fault| {
                eprintln!("manager {}: {fault}", std::process::id());
                1
            })
        })?
        .may_have_children();
        let deadline = waiting::after(START_WITHIN);
        let address = Address::invent().map_err(Error::io("inventing a manager's address"))?;
        let slot = Shared::create(SLOT_BYTES).map_err(Error::io("making room for counts"))?;
        let started = starter.start([0; 2], &[slot.fd()], &codec::dumps(&address)?, deadline)?;
        started.wait_until_ready(deadline)?;
        let address = address.of_server(started.pid());
        Ok(Self { started, _starter: starter, address, slot })
    }

    /// The server's pid.
    pub fn pid(&self) -> u32 {
        self.started.pid()
    }

    /// What the server has counted so far. Exact once it has ended.
    pub fn counts(&self) -> Counts {
        self.slot.at::<Slot>(0).counts()
    }

    /// Makes an object of the registered type `M` in the server.
    ///
    /// # Errors
    /// If the server is gone ([`Error::is_manager_died`]), `M` is not registered there, or making it panics ([`Error::is_call_failed`]).
    pub fn create<M: Managed>(&self, setup: &M::Setup) -> Result<Proxy<M>, Error> {
        Proxy::create(&self.address, setup)
    }

    /// Makes a [`Value`].
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn value<T: Encode + Decode<()>>(&self, value: T) -> Result<Value<T>, Error> {
        Value::made(self, &value)
    }

    /// Makes an empty [`List`].
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn list<T: Encode + Decode<()>>(&self) -> Result<List<T>, Error> {
        self.create::<RawList>(&()).map(List::of)
    }

    /// Makes an empty [`Dict`].
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn dict<K: Encode + Decode<()>, V: Encode + Decode<()>>(&self) -> Result<Dict<K, V>, Error> {
        self.create::<RawDict>(&()).map(Dict::of)
    }

    /// Makes an empty [`Namespace`].
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn namespace(&self) -> Result<Namespace, Error> {
        self.create::<RawDict>(&()).map(Namespace::of)
    }

    /// Makes an empty [`ManagedQueue`] for at most `room` items.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn queue<T: Encode + Decode<()>>(&self, room: usize) -> Result<ManagedQueue<T>, Error> {
        self.create::<RawQueue>(&(room as u64)).map(ManagedQueue::of)
    }

    /// Makes a free [`Lock`].
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn lock(&self) -> Result<Lock, Error> {
        self.create::<RawLock>(&()).map(Lock::of)
    }

    /// What the server holds and has done. Asking for it is not counted.
    ///
    /// # Errors
    /// If the server is gone ([`Error::is_manager_died`]).
    pub fn state(&self) -> Result<State, Error> {
        let deadline = waiting::after(CALL_WITHIN);
        codec::loads(&Client::of(&self.address, deadline)?.ask(
            &codec::dumps(&server::STATE)?,
            deadline,
            CALL_WITHIN,
        )?)
    }

    /// Tells the server to leave, and waits for its end.
    ///
    /// # Errors
    /// If it still runs at `limit`; it is killed then.
    pub fn finish(mut self, limit: Duration) -> Result<WorkerReport, Error> {
        self.started.hang_up();
        let ended = self.started.wait_until(waiting::after(limit)).map_err(Error::io("waiting for a manager"))?;
        let Some((status, usage)) = ended else {
            // Nobody waits for it a second time: when `self` is dropped it has ended.
            self.started.kill();
            self.started.wait_until(waiting::after(REAP_WITHIN)).map_err(Error::io("waiting for a killed manager"))?;
            return Err(Kind::Deadline { doing: "waiting for a manager to end", limit }.into());
        };
        Ok(WorkerReport { pid: self.pid(), status, counts: self.counts(), usage })
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // Without its owner the server leaves. If it does not, it is killed with `started`.
        self.started.hang_up();
        let _ = self.started.wait_until(Instant::now() + LEAVE_WITHIN);
    }
}

/// What a server holds, and what it has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct State {
    /// Objects that somebody holds a proxy of: CPython's `_number_of_objects`.
    pub objects: u64,
    /// Processes that are connected.
    pub clients: u64,
    /// Their connections, each with a thread of its own.
    pub connections: u64,
    /// Calls that were answered, by type and method, as in `value.get`; panics and refusals included.
    pub calls: BTreeMap<String, u64>,
}

impl State {
    /// All calls together.
    pub fn requests(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Calls of one method, as in `value.get`.
    pub fn requests_of(&self, method: &str) -> u64 {
        self.calls.get(method).copied().unwrap_or(0)
    }
}
