//! A lock whose owner may die: CPython's `SyncManager.Lock`, given back by the server when its owner's process has ended.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use bincode::{Decode, Encode};

use crate::error::{Error, Kind};
use crate::manager::{Call, ClientId, Managed, Proxy};
use crate::waiting;

/// The object behind a [`Lock`], in the server.
#[derive(Debug, Default)]
pub struct RawLock {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    owner: Option<ClientId>,
    /// The last owner's process ended without giving it back.
    orphaned: bool,
}

/// What a lock is asked.
#[derive(Debug, Encode, Decode)]
pub enum Ask {
    /// To become the client's, within so many nanoseconds.
    Acquire(u64),
    /// To become free.
    Release,
}

/// What a lock answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Answer {
    /// It is the client's, or free again.
    Done,
    /// It is the client's; the last owner died with it.
    Orphaned,
    /// It did not become free in time, or is not the client's to release.
    Refused,
}

impl Managed for RawLock {
    const NAME: &'static str = "lock";
    type Setup = ();
    type Request = Ask;
    type Reply = Answer;

    fn create((): ()) -> Self {
        Self::default()
    }

    fn method(request: &Ask) -> &'static str {
        match request {
            Ask::Acquire(_) => "acquire",
            Ask::Release => "release",
        }
    }

    fn serve(&self, request: Ask, call: &Call<'_>) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match request {
            Ask::Acquire(within) => {
                let take = |state: &mut State| {
                    if state.owner.is_some() {
                        return None;
                    }
                    state.owner = Some(call.client());
                    let orphaned = std::mem::take(&mut state.orphaned);
                    Some(if orphaned { Answer::Orphaned } else { Answer::Done })
                };
                let deadline = waiting::after(Duration::from_nanos(within));
                call.wait(state, &self.freed, deadline, take).unwrap_or(Answer::Refused)
            }
            Ask::Release if state.owner == Some(call.client()) => {
                state.owner = None;
                self.freed.notify_one();
                Answer::Done
            }
            Ask::Release => Answer::Refused,
        }
    }

    fn client_left(&self, client: ClientId) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.owner == Some(client) {
            *state = State { owner: None, orphaned: true };
            self.freed.notify_one();
        }
    }
}

/// A lock in a manager's server: one process has it at a time, and one thread of that. Taking it is one request, giving it back another.
///
/// A process that dies with it gives it back; the next owner is told ([`Held::is_orphaned`]).
#[derive(Debug, Encode, Decode)]
pub struct Lock(Proxy<RawLock>);

/// The lock, held. Dropping it gives it back.
#[derive(Debug)]
pub struct Held<'a> {
    lock: &'a Lock,
    orphaned: bool,
}

impl Lock {
    pub(in crate::manager) fn of(raw: Proxy<RawLock>) -> Self {
        Self(raw)
    }

    /// Takes it, within `limit`.
    ///
    /// # Errors
    /// As [`Proxy::call`]; and [`Error::is_deadline`] if it does not become free in time.
    pub fn acquire(&self, limit: Duration) -> Result<Held<'_>, Error> {
        let within = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        match self.0.call_longer(&Ask::Acquire(within), limit)? {
            Answer::Refused => Err(Kind::Deadline { doing: "waiting for a manager's lock", limit }.into()),
            answer => Ok(Held { lock: self, orphaned: answer == Answer::Orphaned }),
        }
    }

    /// Another proxy of the same lock.
    ///
    /// # Errors
    /// If the server or the lock is gone.
    pub fn try_clone(&self) -> Result<Self, Error> {
        self.0.try_clone().map(Self)
    }
}

impl Held<'_> {
    /// Whether the owner before died with the lock, perhaps in the middle of what it guards.
    pub fn is_orphaned(&self) -> bool {
        self.orphaned
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // A server that is gone has no lock any more; one that is late hears of it when this process ends.
        let _ = self.lock.0.call(&Ask::Release);
    }
}
