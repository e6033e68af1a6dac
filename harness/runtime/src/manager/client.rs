//! A process as a manager's client: its connections, one for each thread that asks at the same time.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::CALL_WITHIN;
use super::address::{Address, random};
use super::object::ClientId;
use super::server::RELEASE;
use crate::codec::{self, Loading};
use crate::error::{Error, Kind};
use crate::frame;
use crate::waiting::Waiting;

/// All proxies of one manager in one process share it. While it lives it has at least one connection: the server holds for it what its
/// proxies hold, until the last connection ends.
#[derive(Debug)]
pub(super) struct Client {
    address: Address,
    id: ClientId,
    /// The process it was made in. A forked child has a copy whose descriptors are closed, and makes a client of its own.
    process: u32,
    lines: Mutex<Lines>,
    /// Some while the server is silent: it let nobody in, or heard of no release, in time. Then what is released is only noted, and told when
    /// the server has answered again.
    owed: Mutex<Option<Vec<u64>>>,
}

/// Connections that no thread uses.
#[derive(Debug, Default)]
struct Lines {
    idle: Vec<File>,
    /// Given up, since an answer may still come by them. They stay open while there is no other: the server is not to take this process for
    /// gone.
    late: Vec<File>,
}

impl Lines {
    fn put_back(&mut self, socket: File) {
        self.idle.push(socket);
        self.late.clear();
    }

    fn give_up(&mut self, socket: File) {
        if self.idle.is_empty() {
            self.late.push(socket);
        }
    }
}

/// The clients of this process, and of the process it was forked from.
static CLIENTS: Mutex<Vec<Weak<Client>>> = Mutex::new(Vec::new());

impl Client {
    /// This process's client of the manager at `address`.
    pub(super) fn of(address: &Address, deadline: Instant) -> Result<Arc<Self>, Error> {
        if let Some(own) = Self::known(&mut Self::all(), address) {
            return Ok(own);
        }
        let process = std::process::id();
        let nonce = random().map_err(Error::io("inventing a client's name"))?;
        let id = ClientId::new(process, nonce);
        // Without the lock: a manager that lets nobody in keeps no thread from another.
        let first = address.connect(id, deadline, CALL_WITHIN)?;
        let lines = Lines { idle: vec![first], late: Vec::new() };
        let client =
            Arc::new(Self { address: address.clone(), id, process, lines: Mutex::new(lines), owed: Mutex::new(None) });
        let mut clients = Self::all();
        // Another thread may have been faster; its client is used, and this one, which holds nothing, hangs up.
        if let Some(own) = Self::known(&mut clients, address) {
            return Ok(own);
        }
        clients.push(Arc::downgrade(&client));
        Ok(client)
    }

    fn all() -> MutexGuard<'static, Vec<Weak<Self>>> {
        CLIENTS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(clients: &mut Vec<Weak<Self>>, address: &Address) -> Option<Arc<Self>> {
        clients.retain(|client| client.strong_count() > 0);
        // A parent's client is among them in a forked child. Its proxies are never dropped here, so that this is never its last owner.
        let mut known = clients.iter().filter_map(Weak::upgrade);
        known.find(|client| client.is_own() && client.address == *address)
    }

    /// Whether it is this process's own, and not a copy that a fork has left.
    pub(super) fn is_own(&self) -> bool {
        self.process == std::process::id()
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request and waits for what its answer says after the word `DONE`.
    pub(super) fn ask(&self, request: &[u8], deadline: Instant, limit: Duration) -> Result<Vec<u8>, Error> {
        let answer = self.exchange(self.line(deadline, limit)?, request, deadline, limit)?;
        // The server has been heard again.
        let owed = self.owed().take();
        owed.into_iter().flatten().for_each(|object| self.release(object, deadline));
        self.understood(answer)
    }

    /// Tells the server that one proxy less is held. If it does not let this process in by the deadline, or is known to be silent, that is noted
    /// for later; if it is told and does not answer, it hears of it when it goes on.
    pub(super) fn release(&self, object: u64, deadline: Instant) {
        let Ok(message) = codec::dumps(&(RELEASE, object)) else { return };
        if let Some(owed) = &mut *self.owed() {
            return owed.push(object);
        }
        let limit = deadline.saturating_duration_since(Instant::now());
        match self.line(deadline, limit) {
            Ok(socket) => {
                let answered = self.exchange(socket, &message, deadline, limit);
                if answered.is_err_and(|fault| fault.is_deadline()) {
                    self.owed().get_or_insert_default();
                }
            }
            // A server that is gone holds nothing any more.
            Err(fault) if fault.is_manager_died() => {}
            Err(_) => self.owed().get_or_insert_default().push(object),
        }
    }

    fn exchange(&self, socket: File, request: &[u8], deadline: Instant, limit: Duration) -> Result<Vec<u8>, Error> {
        let answered = frame::write(&mut Waiting::until(&socket, deadline), request)
            .map_err(Error::io("asking a manager"))
            .and_then(|()| frame::read(&mut Waiting::until(&socket, deadline)));
        match answered {
            Ok(Some(answer)) => {
                self.lines().put_back(socket);
                Ok(answer)
            }
            ended => Err(self.without_answer(socket, ended.err(), deadline, limit)),
        }
    }

    /// Why there is no answer. The connection is given up, since its answer may come later. One that has ended is replaced, if there is time,
    /// which also tells whether the server is gone.
    fn without_answer(&self, socket: File, fault: Option<Error>, deadline: Instant, limit: Duration) -> Error {
        if Instant::now() >= deadline {
            self.lines().give_up(socket);
            return Kind::Deadline { doing: "waiting for a manager's answer", limit }.into();
        }
        match self.connect(deadline.min(Instant::now() + RECONNECT_WITHIN), limit) {
            Ok(other) => self.lines().put_back(other),
            Err(fault) if fault.is_manager_died() => return fault,
            Err(_) => {}
        }
        let hung_up =
            |kind| matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof);
        match fault {
            Some(fault) if !fault.io_kind().is_some_and(hung_up) => fault,
            _ => Kind::ManagerRefused { pid: self.address.server() }.into(),
        }
    }

    /// A connection to ask by.
    fn line(&self, deadline: Instant, limit: Duration) -> Result<File, Error> {
        let idle = self.lines().idle.pop();
        let line = idle.map_or_else(|| self.connect(deadline, limit), Ok);
        if line.as_ref().is_err_and(Error::is_deadline) {
            self.owed().get_or_insert_default();
        }
        line
    }

    fn connect(&self, deadline: Instant, limit: Duration) -> Result<File, Error> {
        self.address.connect(self.id, deadline, limit)
    }

    fn understood(&self, mut answer: Vec<u8>) -> Result<Vec<u8>, Error> {
        let mut loading = Loading::of(&answer);
        let word: u8 = loading.piece()?;
        match word {
            super::server::DONE => {
                answer.drain(..1);
                Ok(answer)
            }
            super::server::NO_OBJECT => Err(Kind::NoSuchObject { object: loading.piece()? }.into()),
            super::server::NO_TYPE => Err(Kind::UnknownName { kind: "managed type", name: loading.piece()? }.into()),
            _ => Err(Kind::CallFailed { why: loading.piece()? }.into()),
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn owed(&self) -> MutexGuard<'_, Option<Vec<u64>>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a server may take to let a client in again.
const RECONNECT_WITHIN: Duration = Duration::from_millis(500);
