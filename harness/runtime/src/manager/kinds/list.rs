//! A list: CPython's `SyncManager.list`.

use std::sync::{Mutex, PoisonError};

use bincode::{Decode, Encode};

use super::{Bytes, meant, typed_proxy};
use crate::codec;
use crate::error::Error;
use crate::manager::{Call, Managed};

/// The object behind a [`List`], in the server.
#[derive(Debug, Default)]
pub struct RawList(Mutex<Vec<Bytes>>);

/// What a list is asked.
#[derive(Debug, Encode, Decode)]
pub enum Ask {
    /// To take this as its last.
    Push(Bytes),
    /// To give its last away.
    Pop,
    /// For what is at this place.
    Get(u64),
    /// To have this at this place.
    Set(u64, Bytes),
    /// How long it is.
    Len,
    /// For all of it.
    All,
}

/// What a list answers.
#[derive(Debug, Encode, Decode)]
pub enum Answer {
    /// An item, if there is one.
    Item(Option<Bytes>),
    /// A length.
    Length(u64),
    /// All items.
    Items(Vec<Bytes>),
}

impl Managed for RawList {
    const NAME: &'static str = "list";
    type Setup = ();
    type Request = Ask;
    type Reply = Answer;

    fn create((): ()) -> Self {
        Self::default()
    }

    fn method(request: &Ask) -> &'static str {
        match request {
            Ask::Push(_) => "push",
            Ask::Pop => "pop",
            Ask::Get(_) => "get",
            Ask::Set(..) => "set",
            Ask::Len => "len",
            Ask::All => "all",
        }
    }

    fn serve(&self, request: Ask, _: &Call<'_>) -> Answer {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
        match request {
            Ask::Push(item) => {
                items.push(item);
                Answer::Length(items.len() as u64)
            }
            Ask::Pop => Answer::Item(items.pop()),
            Ask::Get(at) => Answer::Item(items.get(place(at)).cloned()),
            Ask::Set(at, item) => Answer::Item(items.get_mut(place(at)).map(|known| std::mem::replace(known, item))),
            Ask::Len => Answer::Length(items.len() as u64),
            Ask::All => Answer::Items(items.clone()),
        }
    }
}

typed_proxy! {
    /// A list in a manager's server.
    List<T>(RawList)
}

impl<T: Encode + Decode<()>> List<T> {
    /// Adds an item at the end; tells how long the list is then.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call), and if the item cannot be encoded.
    pub fn push(&self, item: &T) -> Result<u64, Error> {
        self.length(&Ask::Push(codec::dumps(item)?))
    }

    /// Takes the last item; none if there is none.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn pop(&self) -> Result<Option<T>, Error> {
        self.item(&Ask::Pop)
    }

    /// The item at `place`, counted from 0; none if there is none.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn get(&self, place: u64) -> Result<Option<T>, Error> {
        self.item(&Ask::Get(place))
    }

    /// Puts an item at `place` and tells which was there; none if there is no such place, and nothing is put.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call), and if the item cannot be encoded.
    pub fn set(&self, place: u64, item: &T) -> Result<Option<T>, Error> {
        self.item(&Ask::Set(place, codec::dumps(item)?))
    }

    /// How long it is.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn count(&self) -> Result<u64, Error> {
        self.length(&Ask::Len)
    }

    /// All items, in one request.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn all(&self) -> Result<Vec<T>, Error> {
        match self.raw.call(&Ask::All)? {
            Answer::Items(items) => items.iter().map(|item| codec::loads(item)).collect(),
            _ => Ok(Vec::new()),
        }
    }

    fn item(&self, request: &Ask) -> Result<Option<T>, Error> {
        match self.raw.call(request)? {
            Answer::Item(item) => meant(item),
            _ => Ok(None),
        }
    }

    fn length(&self, request: &Ask) -> Result<u64, Error> {
        match self.raw.call(request)? {
            Answer::Length(length) => Ok(length),
            _ => Ok(0),
        }
    }
}
