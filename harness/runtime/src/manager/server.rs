//! A manager's server: it accepts, and each connection has a thread that answers its requests.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::address::{Address, WELCOME};
use super::object::{Call, ClientId, OBJECTS, Object};
use super::{State, kinds};
use crate::codec::{self, Loading};
use crate::error::Error;
use crate::function::panic_message;
use crate::meter::SLOT_BYTES;
use crate::start::{Arrival, LOST};
use crate::sys::fd;
use crate::sys::shared::{Shared, set_current_slot};
use crate::{frame, waiting};

/// The requests: make an object, hold one, release one, call one, tell the state.
pub(super) const CREATE: u8 = 0;
pub(super) const HOLD: u8 = 1;
pub(super) const RELEASE: u8 = 2;
pub(super) const CALL: u8 = 3;
pub(super) const STATE: u8 = 4;

/// The answers: what was asked for, a failure with its reason, no such object, no such type.
pub(super) const DONE: u8 = 0;
pub(super) const FAILED: u8 = 1;
pub(super) const NO_OBJECT: u8 = 2;
pub(super) const NO_TYPE: u8 = 3;

/// How long accepting pauses when this process has no room for another connection.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the server stays for answers that are on their way when its owner has hung up.
const SETTLE_WITHIN: Duration = Duration::from_millis(200);

/// Everything the threads share. Locked for moments, and never while an object works.
#[derive(Default)]
struct House {
    objects: BTreeMap<u64, Kept>,
    clients: BTreeMap<ClientId, Guest>,
    made: u64,
    /// Requests whose answers are not written yet.
    answering: u64,
    calls: BTreeMap<(&'static str, &'static str), u64>,
}

struct Kept {
    object: Arc<dyn Object>,
    proxies: u64,
}

/// What a process holds. Its last connection gives it back, whatever way that ends.
#[derive(Default)]
struct Guest {
    connections: u64,
    proxies: BTreeMap<u64, u64>,
}

/// The house, as every thread has it.
type Rooms = Arc<Mutex<House>>;

fn locked(house: &Mutex<House>) -> MutexGuard<'_, House> {
    house.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The life of a server, to its exit code: it leaves when its owner hangs up, and its threads with it.
pub(crate) fn arrived_manager(mut arrival: Arrival) -> Result<i32, Error> {
    let failed = "preparing a manager";
    let Some(slot) = arrival.descriptors.pop() else { return Ok(LOST) };
    // Kept for the rest of this process's life: it counts in it to the end.
    let slot: &'static Shared = Box::leak(Box::new(Shared::map(slot, SLOT_BYTES).map_err(Error::io(failed))?));
    set_current_slot(slot.at(0));
    let address: Arc<Address> = Arc::new(codec::loads(&arrival.message()?)?);
    let listener = address.listen().map_err(Error::io(failed))?;
    listener.set_nonblocking(true).map_err(Error::io(failed))?;
    arrival.ready().map_err(Error::io(failed))?;
    let house = Rooms::default();
    loop {
        let mut events = [(arrival.socket.as_fd(), PollFlags::POLLIN), (listener.as_fd(), PollFlags::POLLIN)];
        let ready = fd::wait(&mut events, None).map_err(Error::io("waiting for clients"))?;
        if ready[0] {
            settle(&house);
            return Ok(0);
        }
        let Ok((stream, _)) = listener.accept() else {
            // No descriptor is free, or the client has left again.
            let _ = fd::wait(&mut [(arrival.socket.as_fd(), PollFlags::POLLIN)], Some(Instant::now() + PAUSE));
            continue;
        };
        let (house, address) = (Arc::clone(&house), Arc::clone(&address));
        // Without room for a thread the stream is dropped with the closure, and the client sees that it was refused.
        let _ = std::thread::Builder::new().name("client".to_owned()).spawn(move || attend(&stream, &house, &address));
    }
}

/// Waits until the answers that are on their way are written and counted, but for no call that itself waits.
fn settle(house: &Rooms) {
    let deadline = Instant::now() + SETTLE_WITHIN;
    while locked(house).answering > 0 && Instant::now() < deadline {
        let _ = fd::wait(&mut [], Some(Instant::now() + Duration::from_millis(1)));
    }
}

/// The life of a connection.
fn attend(stream: &UnixStream, house: &Rooms, address: &Address) {
    let Ok(client) = address.who(stream) else { return };
    // Before the welcome: a client that has it may hang up another connection, and keeps what it holds by this one.
    locked(house).clients.entry(client).or_default().connections += 1;
    if (&*stream).write_all(&[WELCOME]).is_ok() {
        serve(stream, house, client);
    }
    leave(house, client);
}

fn serve(stream: &UnixStream, house: &Rooms, client: ClientId) {
    // A torn or too large frame ends this connection and no other; so does the end of the client.
    while let Ok(Some(request)) = frame::read(&mut &*stream) {
        locked(house).answering += 1;
        let answered = answer(&request, house, client, stream);
        let sent = answered.is_ok_and(|answer| frame::write(&mut &*stream, &answer).is_ok());
        locked(house).answering -= 1;
        if !sent {
            return;
        }
    }
}

/// Gives back what a client held, if this was its last connection.
fn leave(house: &Rooms, client: ClientId) {
    let mut held = locked(house);
    let Some(guest) = held.clients.get_mut(&client) else { return };
    guest.connections -= 1;
    if guest.connections > 0 {
        return;
    }
    let guest = held.clients.remove(&client).unwrap_or_default();
    let mut ended = Vec::new();
    for (object, proxies) in guest.proxies {
        ended.extend(held.release(object, proxies));
    }
    let objects: Vec<_> = held.objects.values().map(|kept| Arc::clone(&kept.object)).collect();
    // Outside the lock: objects are dropped, and told, in their own time.
    drop(held);
    drop(ended);
    for object in objects {
        // A panic in there is the object's own affair.
        let _ = catch_unwind(AssertUnwindSafe(|| object.client_left(client)));
    }
}

impl House {
    /// Takes proxies of an object away; gives the object back if they were the last.
    fn release(&mut self, object: u64, proxies: u64) -> Option<Arc<dyn Object>> {
        let kept = self.objects.get_mut(&object)?;
        kept.proxies = kept.proxies.saturating_sub(proxies);
        if kept.proxies > 0 { None } else { self.objects.remove(&object).map(|kept| kept.object) }
    }

    /// Counts a proxy that `client` holds.
    fn hold(&mut self, object: u64, client: ClientId) -> bool {
        let Some(kept) = self.objects.get_mut(&object) else { return false };
        kept.proxies += 1;
        *self.clients.entry(client).or_default().proxies.entry(object).or_default() += 1;
        true
    }

    fn state(&self) -> State {
        let named = |((kind, method), count): (&(&str, &str), &u64)| (format!("{kind}.{method}"), *count);
        State {
            objects: self.objects.len() as u64,
            clients: self.clients.len() as u64,
            connections: self.clients.values().map(|guest| guest.connections).sum(),
            calls: self.calls.iter().map(named).collect(),
        }
    }
}

/// Answers one request. An error ends the connection: what was said is not a request at all.
fn answer(request: &[u8], house: &Rooms, client: ClientId, stream: &UnixStream) -> Result<Vec<u8>, Error> {
    let mut loading = Loading::of(request);
    let word: u8 = loading.piece()?;
    match word {
        CREATE => {
            let name: String = loading.piece()?;
            create(&name, loading, house, client)
        }
        HOLD => {
            let object = last(loading)?;
            if locked(house).hold(object, client) { codec::dumps(&DONE) } else { codec::dumps(&(NO_OBJECT, object)) }
        }
        RELEASE => {
            let object = last(loading)?;
            let mut held = locked(house);
            // A client gives back no more than it holds.
            let guest = held.clients.get_mut(&client).and_then(|guest| guest.proxies.get_mut(&object));
            let holds = guest.is_some_and(|proxies| proxies.checked_sub(1).map(|left| *proxies = left).is_some());
            let ended = if holds { held.release(object, 1) } else { None };
            drop(held);
            drop(ended);
            codec::dumps(&DONE)
        }
        CALL => {
            let (object, patience): (u64, u64) = (loading.piece()?, loading.piece()?);
            let deadline = waiting::after(Duration::from_nanos(patience));
            call(object, loading, house, &Call { client, socket: stream.as_fd(), deadline })
        }
        _ => {
            loading.finish()?;
            codec::dumps(&(DONE, locked(house).state()))
        }
    }
}

/// The last piece of a request, a number.
fn last(mut loading: Loading<'_>) -> Result<u64, Error> {
    let number = loading.piece()?;
    loading.finish()?;
    Ok(number)
}

fn create(name: &str, loading: Loading<'_>, house: &Rooms, client: ClientId) -> Result<Vec<u8>, Error> {
    let Some(entry) = kinds::BUILT_IN.iter().chain(OBJECTS).find(|entry| entry.name == name) else {
        return codec::dumps(&(NO_TYPE, name));
    };
    match quietly(name, || (entry.create)(loading)) {
        Ok(object) => {
            let mut held = locked(house);
            held.made += 1;
            let number = held.made;
            held.objects.insert(number, Kept { object: object.into(), proxies: 0 });
            held.hold(number, client);
            codec::dumps(&(DONE, number))
        }
        Err(why) => codec::dumps(&(FAILED, why)),
    }
}

fn call(object: u64, loading: Loading<'_>, house: &Rooms, call: &Call<'_>) -> Result<Vec<u8>, Error> {
    let found = locked(house).objects.get(&object).map(|kept| Arc::clone(&kept.object));
    let Some(found) = found else { return codec::dumps(&(NO_OBJECT, object)) };
    let count = |kind, method| *locked(house).calls.entry((kind, method)).or_default() += 1;
    match quietly("a call", || found.serve(loading, call, &count)) {
        Ok(answer) => Ok(answer),
        Err(why) => codec::dumps(&(FAILED, why)),
    }
}

/// What the code of a type does; its errors and panics are answers, not the server's end.
fn quietly<T>(what: &str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(|fault| fault.to_string()),
        Err(panic) => Err(format!("{what} panicked: {}", panic_message(&*panic))),
    }
}
