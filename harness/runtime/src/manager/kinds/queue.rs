//! A bounded queue in the server: CPython's `SyncManager.Queue`.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use bincode::{Decode, Encode};

use super::{Bytes, typed_proxy};
use crate::codec;
use crate::error::{Error, Kind};
use crate::manager::{Call, Managed};
use crate::waiting;

/// The object behind a [`ManagedQueue`], in the server.
#[derive(Debug)]
pub struct RawQueue {
    items: Mutex<VecDeque<Bytes>>,
    changed: Condvar,
    room: usize,
}

/// What a queue is asked.
#[derive(Debug, Encode, Decode)]
pub enum Ask {
    /// To take this, within so many nanoseconds.
    Put(Bytes, u64),
    /// For its first item, within so many nanoseconds.
    Get(u64),
    /// How many items it has.
    Len,
}

/// What a queue answers.
#[derive(Debug, Encode, Decode)]
pub enum Answer {
    /// It has taken the item, or has so many.
    Length(u64),
    /// The item.
    Item(Bytes),
    /// There was no room, or no item, in time.
    Refused,
}

impl Managed for RawQueue {
    const NAME: &'static str = "queue";
    type Setup = u64;
    type Request = Ask;
    type Reply = Answer;

    fn create(room: u64) -> Self {
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        Self { items: Mutex::default(), changed: Condvar::new(), room }
    }

    fn method(request: &Ask) -> &'static str {
        match request {
            Ask::Put(..) => "put",
            Ask::Get(_) => "get",
            Ask::Len => "len",
        }
    }

    fn serve(&self, request: Ask, call: &Call<'_>) -> Answer {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = |within| waiting::after(Duration::from_nanos(within));
        let answer = match request {
            Ask::Put(item, within) => {
                let mut item = Some(item);
                call.wait(items, &self.changed, deadline(within), |items| {
                    let room = items.len() < self.room;
                    items.extend(item.take_if(|_| room));
                    room.then_some(Answer::Length(items.len() as u64))
                })
            }
            Ask::Get(within) => {
                call.wait(items, &self.changed, deadline(within), |items| items.pop_front().map(Answer::Item))
            }
            Ask::Len => return Answer::Length(items.len() as u64),
        };
        // Putters and getters wait for the same thing to change; each looks for itself.
        self.changed.notify_all();
        answer.unwrap_or(Answer::Refused)
    }
}

typed_proxy! {
    /// A bounded queue in a manager's server. Putting and getting are a request each, which waits in the server. An item that was on its way to
    /// a process that died is lost, as in CPython.
    ManagedQueue<T>(RawQueue)
}

impl<T: Encode + Decode<()>> ManagedQueue<T> {
    /// Puts an item, within `limit`.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call); [`Error::is_full`] if there is no room in time; and if the item cannot be encoded.
    pub fn put(&self, item: &T, limit: Duration) -> Result<(), Error> {
        match self.raw.call_longer(&Ask::Put(codec::dumps(item)?, nanos(limit)), limit)? {
            Answer::Refused => Err(Kind::Full { limit, waiting: 0 }.into()),
            _ => Ok(()),
        }
    }

    /// Gets the first item, within `limit`.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call); [`Error::is_empty`] if none comes in time.
    pub fn get(&self, limit: Duration) -> Result<T, Error> {
        match self.raw.call_longer(&Ask::Get(nanos(limit)), limit)? {
            Answer::Item(item) => codec::loads(&item),
            _ => Err(Kind::Empty { limit }.into()),
        }
    }

    /// How many items it has.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn count(&self) -> Result<u64, Error> {
        match self.raw.call(&Ask::Len)? {
            Answer::Length(length) => Ok(length),
            _ => Ok(0),
        }
    }
}

fn nanos(limit: Duration) -> u64 {
    u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX)
}
