//! Where processes wait to be told something: exactly those who wait, oldest first, and never one that has died.
//!
//! `README.md` beside this file holds the protocol and the argument.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Instant;

use super::robust::Guard;
use crate::error::{Error, Kind};
use crate::sys::futex;
use crate::sys::lock::{Held, LOCK_BYTES, Lock, Taken};
use crate::sys::shared::Shared;

/// How many can wait at the same time.
const PLACES: usize = 256;

/// A place is a lock, which whoever waits there holds as long, and a line of words: its state, and the ticket it came with.
const PLACE_BYTES: usize = LOCK_BYTES + LINE;
const LINE: usize = 64;
const TICKET: usize = 8;

/// In front of the places: the next ticket, and how many places have ever been taken.
const USED: usize = 8;

/// How much shared memory a room takes, in bytes.
pub(super) const ROOM_BYTES: usize = LINE + PLACES * PLACE_BYTES;

/// A state: nobody is waiting here to be told. Whoever died here may still be waiting by its state.
const EMPTY: u32 = 0;
const WAITING: u32 = 1;
/// The least of the states of who has been told: its message is that much less.
const TOLD: u32 = 2;

/// A waiting room at an offset of shared memory. Everything but the wait itself happens under one lock, the room's, whose guard is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room<'a> {
    shared: &'a Shared,
    offset: usize,
}

/// A place in the room, taken by this thread.
#[derive(Debug)]
pub(super) struct Place<'a> {
    state: &'a AtomicU32,
    /// As long as it is held, somebody lives here.
    _life: Held<'a>,
}

/// Who is in a room.
#[derive(Debug, Default)]
pub(super) struct Present {
    /// The places of those who wait, oldest first.
    places: Vec<usize>,
    /// Those who died waiting and had not been found before, by pid if they had time to leave it.
    pub(super) died: Vec<Option<u32>>,
}

impl Present {
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }
}

/// A place where nobody lives.
#[derive(Debug)]
struct Vacant<'a> {
    life: Held<'a>,
    /// Whether somebody died there unnoticed, and who it was if that is known.
    died: Option<Option<u32>>,
}

impl<'a> Room<'a> {
    /// Makes the room usable. Done once, before any other process knows of it.
    pub(super) fn create(shared: &'a Shared, offset: usize) -> Result<Self, Error> {
        let room = Self { shared, offset };
        for place in 0..PLACES {
            Lock::create(shared, room.place(place)).map_err(Error::io("making a waiting room"))?;
        }
        Ok(room)
    }

    /// The room that was made at this offset.
    pub(super) fn at(shared: &'a Shared, offset: usize) -> Self {
        Self { shared, offset }
    }

    fn place(self, place: usize) -> usize {
        self.offset + LINE + place * PLACE_BYTES
    }

    fn state(self, place: usize) -> &'a AtomicU32 {
        self.shared.at(self.place(place) + LOCK_BYTES)
    }

    fn ticket(self, place: usize) -> &'a AtomicU64 {
        self.shared.at(self.place(place) + LOCK_BYTES + TICKET)
    }

    fn next_ticket(self) -> &'a AtomicU64 {
        self.shared.at(self.offset)
    }

    fn used(self) -> &'a AtomicU32 {
        self.shared.at(self.offset + USED)
    }

    /// The life of a place if nobody lives there.
    fn vacant(self, place: usize) -> Result<Option<Vacant<'a>>, Error> {
        let failed = Error::io("looking at a waiting room");
        match Lock::at(self.shared, self.place(place)).try_take() {
            Ok(None) => Ok(None),
            Ok(Some(Taken::Whole(life))) => Ok(Some(Vacant { life, died: None })),
            Ok(Some(Taken::Orphaned(orphan))) => {
                let died = Some(orphan.owner);
                orphan.repair().map(|life| Some(Vacant { life, died })).map_err(failed)
            }
            Err(fault) => Err(failed(fault)),
        }
    }

    /// Takes a place. From now on this thread can be told something, even before it [waits](Place::wait).
    pub(super) fn enter(self, _lock: &Guard<'_>) -> Result<Place<'a>, Error> {
        for place in 0..PLACES {
            if let Some(Vacant { life, .. }) = self.vacant(place)? {
                // All of these only change under the room's lock, which orders them.
                self.ticket(place).store(self.next_ticket().fetch_add(1, Relaxed), Relaxed);
                self.used().fetch_max(u32::try_from(place + 1).unwrap_or(u32::MAX), Relaxed);
                self.state(place).store(WAITING, SeqCst);
                return Ok(Place { state: self.state(place), _life: life });
            }
        }
        Err(Kind::TooManyWaiting { places: PLACES }.into())
    }

    /// Who waits and lives. A dead one's place is free afterwards.
    pub(super) fn present(self, _lock: &Guard<'_>) -> Result<Present, Error> {
        let mut present = Present::default();
        for place in 0..(self.used().load(Relaxed) as usize).min(PLACES) {
            if self.state(place).load(SeqCst) != WAITING {
                continue;
            }
            match self.vacant(place)? {
                None => present.places.push(place),
                Some(Vacant { died, life: _life }) => {
                    self.state(place).store(EMPTY, SeqCst);
                    present.died.extend(died);
                }
            }
        }
        present.places.sort_by_key(|place| self.ticket(*place).load(Relaxed));
        Ok(present)
    }

    /// Tells those who are `present`, oldest first, `message` of their number among those told, until `count` were; tells how many were.
    /// Whoever has left at its deadline meanwhile is not, and costs nobody else his message.
    pub(super) fn tell(self, _lock: &Guard<'_>, present: &Present, count: usize, message: impl Fn(u32) -> u32) -> u32 {
        let mut told = 0;
        for place in &present.places {
            if told as usize >= count {
                break;
            }
            let state = self.state(*place);
            // The other half is in `Place::leave`: of the two exchanges one succeeds.
            if state.compare_exchange(WAITING, TOLD + message(told), SeqCst, SeqCst).is_ok() {
                futex::wake(state);
                told += 1;
            }
        }
        told
    }
}

impl Place<'_> {
    /// Waits to be told, until `deadline`, without the room's lock; what it was told, if it was.
    pub(super) fn wait(&self, deadline: Instant) -> Result<Option<u32>, Error> {
        loop {
            let told = self.state.load(SeqCst).checked_sub(TOLD);
            let left = deadline.saturating_duration_since(Instant::now());
            if told.is_some() || left.is_zero() {
                return Ok(told);
            }
            futex::wait(self.state, WAITING, left).map_err(Error::io("waiting to be told"))?;
        }
    }

    /// Frees the place; what was told at the last moment, if it was. Who leaves under the room's lock leaves at no moment between a look at
    /// who is [present](Room::present) and what they are [told](Room::tell). A place that is only dropped is found free at the next look.
    pub(super) fn leave(self) -> Option<u32> {
        // The other half is in `Room::tell`: of the two exchanges one succeeds.
        self.state.compare_exchange(WAITING, EMPTY, SeqCst, SeqCst).err().and_then(|told| {
            self.state.store(EMPTY, SeqCst);
            told.checked_sub(TOLD)
        })
    }
}
