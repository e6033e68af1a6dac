//! A map, and a namespace, which is a map from names to values of any type: CPython's `SyncManager.dict` and `Namespace`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bincode::{Decode, Encode};

use super::{Bytes, meant, typed_proxy};
use crate::codec;
use crate::error::Error;
use crate::manager::{Call, Managed, Proxy};

/// The object behind a [`Dict`] or a [`Namespace`], in the server: in the order of the encoded keys.
#[derive(Debug, Default)]
pub struct RawDict(Mutex<BTreeMap<Bytes, Bytes>>);

/// What a map is asked.
#[derive(Debug, Encode, Decode)]
pub enum Ask {
    /// To have this value under this key.
    Insert(Bytes, Bytes),
    /// To lose this key.
    Remove(Bytes),
    /// For the value of this key.
    Get(Bytes),
    /// How many keys there are.
    Len,
    /// For all of it.
    All,
}

/// What a map answers.
#[derive(Debug, Encode, Decode)]
pub enum Answer {
    /// A value, if there is one.
    Value(Option<Bytes>),
    /// How many keys there are.
    Length(u64),
    /// All keys with their values.
    Pairs(Vec<(Bytes, Bytes)>),
}

impl Managed for RawDict {
    const NAME: &'static str = "dict";
    type Setup = ();
    type Request = Ask;
    type Reply = Answer;

    fn create((): ()) -> Self {
        Self::default()
    }

    fn method(request: &Ask) -> &'static str {
        match request {
            Ask::Insert(..) => "insert",
            Ask::Remove(_) => "remove",
            Ask::Get(_) => "get",
            Ask::Len => "len",
            Ask::All => "all",
        }
    }

    fn serve(&self, request: Ask, _: &Call<'_>) -> Answer {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match request {
            Ask::Insert(key, value) => Answer::Value(pairs.insert(key, value)),
            Ask::Remove(key) => Answer::Value(pairs.remove(&key)),
            Ask::Get(key) => Answer::Value(pairs.get(&key).cloned()),
            Ask::Len => Answer::Length(pairs.len() as u64),
            Ask::All => Answer::Pairs(pairs.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
        }
    }
}

fn value<T: Decode<()>>(answer: Answer) -> Result<Option<T>, Error> {
    match answer {
        Answer::Value(value) => meant(value),
        _ => Ok(None),
    }
}

typed_proxy! {
    /// A map in a manager's server. Two keys are the same if they are encoded alike.
    Dict<K, V>(RawDict)
}

impl<K: Encode + Decode<()>, V: Encode + Decode<()>> Dict<K, V> {
    /// Puts a value under a key; tells which was there.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call), and if key or value cannot be encoded.
    pub fn insert(&self, key: &K, to: &V) -> Result<Option<V>, Error> {
        value(self.raw.call(&Ask::Insert(codec::dumps(key)?, codec::dumps(to)?))?)
    }

    /// Takes a key away; tells which value it had.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call), and if the key cannot be encoded.
    pub fn remove(&self, key: &K) -> Result<Option<V>, Error> {
        value(self.raw.call(&Ask::Remove(codec::dumps(key)?))?)
    }

    /// The value of a key; none if there is none.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call), and if the key cannot be encoded.
    pub fn get(&self, key: &K) -> Result<Option<V>, Error> {
        value(self.raw.call(&Ask::Get(codec::dumps(key)?))?)
    }

    /// How many keys it has.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn count(&self) -> Result<u64, Error> {
        match self.raw.call(&Ask::Len)? {
            Answer::Length(length) => Ok(length),
            _ => Ok(0),
        }
    }

    /// All keys and values, in one request, in the order of the encoded keys.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn all(&self) -> Result<Vec<(K, V)>, Error> {
        match self.raw.call(&Ask::All)? {
            Answer::Pairs(pairs) => {
                pairs.iter().map(|(key, value)| Ok((codec::loads(key)?, codec::loads(value)?))).collect()
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// Values of any type by name, in a manager's server.
#[derive(Debug, Encode, Decode)]
pub struct Namespace(Proxy<RawDict>);

impl Namespace {
    pub(in crate::manager) fn of(raw: Proxy<RawDict>) -> Self {
        Self(raw)
    }

    /// Gives a name a value, whatever it had.
    ///
    /// # Errors
    /// As [`Proxy::call`], and if the value cannot be encoded.
    pub fn set<T: Encode>(&self, name: &str, to: &T) -> Result<(), Error> {
        self.0.call(&Ask::Insert(name.into(), codec::dumps(to)?)).map(drop)
    }

    /// The value of a name; none if it has none.
    ///
    /// # Errors
    /// As [`Proxy::call`], and if the value is not a `T` ([`Error::is_decode`]), as far as its bytes tell.
    pub fn get<T: Decode<()>>(&self, name: &str) -> Result<Option<T>, Error> {
        value(self.0.call(&Ask::Get(name.into()))?)
    }

    /// Takes a name away; tells whether it had a value.
    ///
    /// # Errors
    /// As [`Proxy::call`].
    pub fn remove(&self, name: &str) -> Result<bool, Error> {
        Ok(matches!(self.0.call(&Ask::Remove(name.into()))?, Answer::Value(Some(_))))
    }

    /// Another proxy of the same object.
    ///
    /// # Errors
    /// If the server or the object is gone.
    pub fn try_clone(&self) -> Result<Self, Error> {
        self.0.try_clone().map(Self)
    }
}
