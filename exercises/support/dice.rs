//! Dice whose faces processes count together, and a rival who always comes in between.

use std::cell::Cell;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use multiprocess::{Error, Inherited, Lock, LockGuard, RawArray, SharedAtomic};

/// Faces of a die.
const FACES: usize = 6;

/// How long a turn is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Throws of a die, and a table in shared memory on which processes count the faces, with one lock.
///
/// Nothing has to go wrong in a race, and so few races are seen. Here a rival makes them visible: whenever a number was read, and the reader
/// does not hold the lock any more, or never did, another process comes and adds 1 to that number. It takes the lock for it. Who stores what he
/// made of the number that he read has then lost the rival's addition. What the rival added is taken off when the table is judged.
///
/// Everything is counted: how often the lock was taken, how many throws were looked at while it was held, and by whom.
///
/// ```
/// let dice = exercises::Dice::new(&[0, 3, 3]).unwrap();
/// dice.set(3, dice.get(3) + 1); // The rival was here between the two.
/// assert_eq!(dice.counted()[3], 0);
/// let turn = dice.lock().unwrap();
/// dice.set(3, dice.get(3) + 1);
/// drop(turn);
/// assert_eq!((dice.counted()[3], dice.turns()), (1, 1));
/// ```
#[derive(Debug)]
pub struct Dice {
    throws: Vec<u8>,
    table: RawArray<u64>,
    of_rival: RawArray<u64>,
    lock: Lock,
    turns: SharedAtomic<u64>,
    longest: SharedAtomic<u64>,
    lookers: SharedAtomic<u64>,
    /// What follows is not shared: after a fork each process has its own.
    own: Own,
}

#[derive(Debug, Default)]
struct Own {
    holds: Cell<bool>,
    read: Cell<Option<usize>>,
    looks: Cell<u64>,
    looks_before: Cell<u64>,
    looker: Cell<u32>,
}

/// The lock, held until this is dropped.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct Turn<'a> {
    dice: &'a Dice,
    guard: Option<LockGuard<'a>>,
}

impl Dice {
    /// The faces that were thrown, each from 0 to 5, and an empty table.
    ///
    /// # Errors
    /// If there is no memory left to share.
    pub fn new(throws: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            throws: throws.iter().map(|face| face % FACES as u8).collect(),
            table: RawArray::zeroed(FACES)?,
            of_rival: RawArray::zeroed(FACES)?,
            lock: Lock::new()?,
            turns: SharedAtomic::new(0)?,
            longest: SharedAtomic::new(0)?,
            lookers: SharedAtomic::new(0)?,
            own: Own::default(),
        })
    }

    /// How many throws there are.
    pub fn throws(&self) -> usize {
        self.throws.len()
    }

    /// Looks at one throw: a face from 0 to 5.
    pub fn face(&self, throw: usize) -> usize {
        let own = std::process::id();
        if self.own.looker.replace(own) != own {
            self.lookers.fetch_add(1);
        }
        self.own.looks.update(|looks| looks + 1);
        usize::from(self.throws[throw])
    }

    /// Takes the lock, CPython's `table.get_lock()`. It is held until what this returns is dropped; who has it cannot take it again.
    ///
    /// # Errors
    /// If others held it for half a minute, or one died with it.
    pub fn lock(&self) -> Result<Turn<'_>, Error> {
        let guard = self.lock.acquire(PATIENCE)?;
        self.turns.fetch_add(1);
        self.own.holds.set(true);
        self.own.looks_before.set(self.own.looks.get());
        Ok(Turn { dice: self, guard: Some(guard) })
    }

    /// What the table has for `face`.
    pub fn get(&self, face: usize) -> u64 {
        let read = at(&self.table, face);
        self.own.read.set(Some(face));
        if !self.own.holds.get() {
            self.let_the_rival_in();
        }
        read
    }

    /// Writes into the table what it is to have for `face`.
    pub fn set(&self, face: usize, count: u64) {
        put(&self.table, face, count);
    }

    /// What the processes have counted, without what the rival has. Less than nothing where the rival's additions are lost.
    pub fn counted(&self) -> Vec<i64> {
        let tables = self.table.to_vec().into_iter().zip(self.of_rival.to_vec());
        tables.map(|(all, of_rival)| all.wrapping_sub(of_rival).cast_signed()).collect()
    }

    /// How often the lock was taken, by all processes but the rival.
    pub fn turns(&self) -> u64 {
        self.turns.load()
    }

    /// How many throws were looked at while the lock was held, in the turn with the most of them.
    pub fn longest_turn(&self) -> u64 {
        self.longest.load()
    }

    /// How many throws this process has looked at.
    pub fn own_looks(&self) -> u64 {
        self.own.looks.get()
    }

    /// How many processes have looked at a throw.
    pub fn lookers(&self) -> u64 {
        self.lookers.load()
    }

    /// Adds 1 to what was read last, as another process would.
    fn let_the_rival_in(&self) {
        let Some(face) = self.own.read.take() else { return };
        if let Ok(_guard) = self.lock.acquire(PATIENCE) {
            put(&self.table, face, at(&self.table, face).wrapping_add(1));
            put(&self.of_rival, face, at(&self.of_rival, face) + 1);
        }
    }
}

fn at(numbers: &RawArray<u64>, face: usize) -> u64 {
    numbers.load(face).expect("a die has six faces, from 0 to 5")
}

fn put(numbers: &RawArray<u64>, face: usize, number: u64) {
    numbers.store(face, number).expect("a die has six faces, from 0 to 5");
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let (dice, own) = (self.dice, &self.dice.own);
        let looks = own.looks.get() - own.looks_before.get();
        // Nobody else does this now: the lock is still held.
        dice.longest.store(dice.longest.load().max(looks));
        own.holds.set(false);
        drop(self.guard.take());
        dice.let_the_rival_in();
    }
}

impl Inherited for Dice {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let shared: [&dyn Inherited; 6] =
            [&self.table, &self.of_rival, &self.lock, &self.turns, &self.longest, &self.lookers];
        shared.into_iter().flat_map(Inherited::descriptors).collect()
    }
}
