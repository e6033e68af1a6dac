//! A proxy: asks an object that lives in a manager's server.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bincode::de::{BorrowDecode, BorrowDecoder, Decoder};
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use super::CALL_WITHIN;
use super::address::Address;
use super::client::Client;
use super::object::Managed;
use super::server::{CALL, CREATE, HOLD};
use crate::error::Error;
use crate::{codec, waiting};

/// One object of a manager, to be asked from any thread and any process: a forked child uses its parent's proxies as they are, without
/// listing them, and a proxy can be encoded into what is sent to another. The object lives for as long as any process holds a proxy of it;
/// whoever sends one holds it until it has arrived.
///
/// Every call is one request, and ends by its answer, by the server's end, or at a limit.
pub struct Proxy<M: Managed> {
    object: u64,
    limit: Duration,
    /// None only while it is dropped.
    client: Mutex<Option<Arc<Client>>>,
    kind: PhantomData<fn() -> M>,
}

impl<M: Managed> std::fmt::Debug for Proxy<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("type", &M::NAME).field("object", &self.object).finish_non_exhaustive()
    }
}

impl<M: Managed> Proxy<M> {
    pub(super) fn create(address: &Address, setup: &M::Setup) -> Result<Self, Error> {
        let deadline = waiting::after(CALL_WITHIN);
        let client = Client::of(address, deadline)?;
        let made = client.ask(&codec::dumps(&(CREATE, M::NAME, setup))?, deadline, CALL_WITHIN)?;
        Ok(Self::of(codec::loads(&made)?, CALL_WITHIN, client))
    }

    fn of(object: u64, limit: Duration, client: Arc<Client>) -> Self {
        Self { object, limit, client: Mutex::new(Some(client)), kind: PhantomData }
    }

    /// Limits every call of this proxy; 30 seconds if it is not called.
    #[must_use]
    pub fn limited(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// If the server is gone ([`Error::is_manager_died`]); if the method panicked, or the request could not be decoded
    /// ([`Error::is_call_failed`]); if the object is gone ([`Error::is_no_such_object`]); at the limit ([`Error::is_deadline`]), and then the
    /// request may be carried out all the same.
    pub fn call(&self, request: &M::Request) -> Result<M::Reply, Error> {
        self.call_longer(request, Duration::ZERO)
    }

    /// The same for a method that itself may wait, for at most `longer`.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_longer(&self, request: &M::Request, longer: Duration) -> Result<M::Reply, Error> {
        let limit = self.limit.saturating_add(longer).min(waiting::FAR);
        let deadline = waiting::after(limit);
        let patience = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        let message = codec::dumps(&(CALL, self.object, patience, request))?;
        codec::loads(&self.client(deadline)?.ask(&message, deadline, limit)?)
    }

    /// Another proxy of the same object.
    ///
    /// # Errors
    /// If the server or the object is gone.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let deadline = waiting::after(self.limit);
        Self::held(self.object, self.limit, self.client(deadline)?, deadline)
    }

    /// A new proxy, which the server counts.
    fn held(object: u64, limit: Duration, client: Arc<Client>, deadline: Instant) -> Result<Self, Error> {
        client.ask(&codec::dumps(&(HOLD, object))?, deadline, limit)?;
        Ok(Self::of(object, limit, client))
    }

    /// The client to ask through. In a forked child the first use makes one of its own and holds the object for it, too.
    fn client(&self, deadline: Instant) -> Result<Arc<Client>, Error> {
        let mut place = self.place();
        let client = place.as_ref().expect("only a drop takes it away");
        if client.is_own() {
            return Ok(Arc::clone(client));
        }
        let own = Client::of(client.address(), deadline)?;
        own.ask(&codec::dumps(&(HOLD, self.object))?, deadline, self.limit)?;
        // The parent's client is a copy whose descriptors are closed: it is never dropped here.
        std::mem::forget(place.replace(Arc::clone(&own)));
        Ok(own)
    }

    fn place(&self) -> MutexGuard<'_, Option<Arc<Client>>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the server may take to hear that a proxy is gone. A silent one costs this once, however many proxies are dropped.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);

impl<M: Managed> Drop for Proxy<M> {
    fn drop(&mut self) {
        let Some(client) = self.place().take() else { return };
        if !client.is_own() {
            return std::mem::forget(client);
        }
        client.release(self.object, waiting::after(RELEASE_WITHIN));
    }
}

impl<M: Managed> Encode for Proxy<M> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let place = self.place();
        place.as_ref().expect("only a drop takes it away").address().encode(encoder)?;
        (self.object, self.limit).encode(encoder)
    }
}

impl<M: Managed, C> Decode<C> for Proxy<M> {
    /// Connects with the server, and holds the object.
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let address = Address::decode(decoder)?;
        let (object, limit) = <(u64, Duration)>::decode(decoder)?;
        let deadline = waiting::after(limit);
        let held = Client::of(&address, deadline).and_then(|client| Self::held(object, limit, client, deadline));
        held.map_err(|fault| DecodeError::OtherString(fault.to_string()))
    }
}

impl<'de, M: Managed, C> BorrowDecode<'de, C> for Proxy<M> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }
}
