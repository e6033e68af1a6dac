//! One value: CPython's `SyncManager.Value`, and the step it lacks.

use std::sync::{Mutex, PoisonError};

use bincode::{Decode, Encode};

use super::{Bytes, typed_proxy};
use crate::codec;
use crate::error::Error;
use crate::manager::{Call, Managed, Manager};

/// The object behind a [`Value`], in the server.
#[derive(Debug)]
pub struct RawValue(Mutex<Bytes>);

/// What a value is asked.
#[derive(Debug, Encode, Decode)]
pub enum Ask {
    /// For what it is.
    Get,
    /// To become this.
    Set(Bytes),
    /// To become larger by this; it is an `i64`.
    AddInteger(i64),
    /// To become larger by this; it is an `f64`.
    AddReal(f64),
}

impl Managed for RawValue {
    const NAME: &'static str = "value";
    type Setup = Bytes;
    type Request = Ask;
    type Reply = Result<Bytes, String>;

    fn create(setup: Bytes) -> Self {
        Self(Mutex::new(setup))
    }

    fn method(request: &Ask) -> &'static str {
        match request {
            Ask::Get => "get",
            Ask::Set(_) => "set",
            Ask::AddInteger(_) | Ask::AddReal(_) => "add",
        }
    }

    fn serve(&self, request: Ask, _: &Call<'_>) -> Self::Reply {
        let mut value = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match request {
            Ask::Get => {}
            Ask::Set(new) => {
                *value = new;
                return Ok(Bytes::new());
            }
            Ask::AddInteger(by) => {
                let sum = loaded::<i64>(&value)?.checked_add(by).ok_or("the sum does not fit into an i64")?;
                *value = dumped(&sum)?;
            }
            Ask::AddReal(by) => *value = dumped(&(loaded::<f64>(&value)? + by))?,
        }
        Ok(value.clone())
    }
}

fn loaded<T: Decode<()>>(bytes: &[u8]) -> Result<T, String> {
    codec::loads(bytes).map_err(|fault| fault.to_string())
}

fn dumped<T: Encode>(value: &T) -> Result<Bytes, String> {
    codec::dumps(value).map_err(|fault| fault.to_string())
}

typed_proxy! {
    /// A value in a manager's server. [`get`](Self::get) and [`set`](Self::set) are a request each: what is set may be based on what is no longer true.
    Value<T>(RawValue)
}

impl<T: Encode + Decode<()>> Value<T> {
    pub(in crate::manager) fn made(manager: &Manager, value: &T) -> Result<Self, Error> {
        manager.create::<RawValue>(&codec::dumps(value)?).map(Self::of)
    }

    /// What it is.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn get(&self) -> Result<T, Error> {
        codec::loads(&self.ask(&Ask::Get)?)
    }

    /// Makes it `value`.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call), and if the value cannot be encoded.
    pub fn set(&self, value: &T) -> Result<(), Error> {
        self.ask(&Ask::Set(codec::dumps(value)?)).map(drop)
    }
}

impl<T> Value<T> {
    fn ask(&self, request: &Ask) -> Result<Bytes, Error> {
        self.raw.call(request)?.map_err(|why| crate::error::Kind::CallFailed { why }.into())
    }
}

impl Value<i64> {
    /// Adds in one step, one request; tells the sum.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call), and if the sum is no `i64`.
    pub fn add(&self, by: i64) -> Result<i64, Error> {
        codec::loads(&self.ask(&Ask::AddInteger(by))?)
    }
}

impl Value<f64> {
    /// Adds in one step, one request; tells the sum.
    ///
    /// # Errors
    /// As [`Proxy::call`](crate::manager::Proxy::call).
    pub fn add(&self, by: f64) -> Result<f64, Error> {
        codec::loads(&self.ask(&Ask::AddReal(by))?)
    }
}
