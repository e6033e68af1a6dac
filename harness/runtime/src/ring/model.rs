//! The protocol under every order that the memory model allows, by loom, and four wrong versions that it must catch.
//!
//! The model has no limits: a side that sleeps is woken or never runs again, which loom reports as a deadlock. So the 50 ms after which a
//! real side looks up are not what makes the protocol work.

use std::marker::PhantomData;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use loom::sync::atomic::{AtomicU32, AtomicU64, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::protocol::{Memory, Reader, Side, Writer};

/// What a version of the memory does as the real one, or not.
trait Version {
    /// Stores of an index release what came before.
    const RELEASES: bool = true;
    /// Fences are fences.
    const FENCES: bool = true;
    /// A flag is cleared before its sleeper is woken.
    const CLEARS: bool = true;
    /// A reader that waits has told the writer of all the room.
    const TELLS: bool = true;
}

struct Right;
impl Version for Right {}

struct StoresRelaxed;
impl Version for StoresRelaxed {
    const RELEASES: bool = false;
}

struct NoFences;
impl Version for NoFences {
    const FENCES: bool = false;
}

struct WakesWithoutClearing;
impl Version for WakesWithoutClearing {
    const CLEARS: bool = false;
}

struct WaitsUntold;
impl Version for WaitsUntold {
    const TELLS: bool = false;
}

/// Loom's atomics, and a futex of its mutex and condition.
struct Model<V>(PhantomData<V>);

/// A word that can be slept on. The kernel compares the word and goes to sleep under a lock that a wake takes, too (futex(2)).
struct Flag {
    word: AtomicU32,
    bucket: Mutex<()>,
    woken: Condvar,
}

impl Flag {
    fn new() -> Self {
        Self { word: AtomicU32::new(0), bucket: Mutex::new(()), woken: Condvar::new() }
    }
}

impl<V: Version> Memory for Model<V> {
    type Index = AtomicU64;
    type Flag = Flag;

    fn load(index: &AtomicU64) -> u64 {
        index.load(Ordering::Acquire)
    }

    fn store(index: &AtomicU64, value: u64) {
        index.store(value, if V::RELEASES { Ordering::Release } else { Ordering::Relaxed });
    }

    fn is_set(flag: &Flag) -> bool {
        flag.word.load(Ordering::Relaxed) != 0
    }

    fn set(flag: &Flag, set: bool) {
        if set || V::CLEARS {
            flag.word.store(u32::from(set), Ordering::Relaxed);
        }
    }

    fn fence() {
        if V::FENCES {
            fence(Ordering::SeqCst);
        }
    }

    fn sleep(flag: &Flag, _limit: Duration) {
        let bucket = flag.bucket.lock().unwrap();
        if flag.word.load(Ordering::Relaxed) == 1 {
            drop(flag.woken.wait(bucket).unwrap());
        }
    }

    fn wake(flag: &Flag) {
        let _bucket = flag.bucket.lock().unwrap();
        flag.woken.notify_one();
    }
}

/// One direction. Bytes are relaxed atomics: what a side has not acquired it may read as it was before.
struct Direction {
    head: AtomicU64,
    tail: AtomicU64,
    writer_sleeps: Flag,
    reader_sleeps: Flag,
    bytes: Vec<AtomicU64>,
}

impl Direction {
    fn new(capacity: u64) -> Self {
        Self {
            head: AtomicU64::new(0),
            tail: AtomicU64::new(0),
            writer_sleeps: Flag::new(),
            reader_sleeps: Flag::new(),
            bytes: (0..capacity).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn byte(&self, index: u64) -> &AtomicU64 {
        &self.bytes[index as usize % self.bytes.len()]
    }

    /// Writes the numbers from 1 to `count`, waiting for room as the ring does.
    fn write<V: Version>(&self, count: u64) {
        let side: Side<'_, Model<V>> = Side {
            mine: &self.head,
            theirs: &self.tail,
            i_sleep: &self.writer_sleeps,
            they_sleep: &self.reader_sleeps,
        };
        let writer = Writer::new(self.bytes.len() as u64);
        for number in 1..=count {
            await_ready(&side, || writer.room(&side, 1).unwrap());
            self.byte(writer.head()).store(number, Ordering::Relaxed);
            writer.wrote(&side, 1);
        }
    }

    /// Reads so many numbers, and demands that they are the ones that were written.
    fn read<V: Version>(&self, count: u64) {
        let side: Side<'_, Model<V>> = Side {
            mine: &self.tail,
            theirs: &self.head,
            i_sleep: &self.reader_sleeps,
            they_sleep: &self.writer_sleeps,
        };
        // Never by itself, only before it waits: the latest that it can be.
        let reader = Reader::new(self.bytes.len() as u64, self.bytes.len() as u64 + 1);
        for number in 1..=count {
            if reader.available(&side).unwrap().is_none() {
                if V::TELLS {
                    reader.tell(&side);
                }
                await_ready(&side, || reader.available(&side).unwrap());
            }
            assert_eq!(self.byte(reader.tail()).load(Ordering::Relaxed), number);
            reader.read(&side, 1);
        }
        reader.tell(&side);
    }
}

/// The loop of the ring's waiter without its limits.
fn await_ready<V: Version>(side: &Side<'_, Model<V>>, ready: impl Fn() -> Option<u64>) {
    loop {
        let seen = side.seen();
        if ready().is_some() {
            return;
        }
        side.sleep(seen, Duration::MAX);
    }
}

/// Sends `count` numbers through a ring that holds `capacity`, in every order with at most so many preemptions.
fn explore<V: Version + 'static>(capacity: u64, count: u64, preemptions: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(move || {
        let direction = Arc::new(Direction::new(capacity));
        let writer = Arc::clone(&direction);
        let writing = thread::spawn(move || writer.write::<V>(count));
        direction.read::<V>(count);
        writing.join().unwrap();
    });
}

#[test]
fn every_order_carries_the_numbers_and_wakes_whoever_sleeps() {
    explore::<Right>(1, 2, 3);
    explore::<Right>(2, 3, 2);
}

/// A wrong version, to be run by [`caught`].
fn explore_wrong<V: Version + 'static>() {
    explore::<V>(1, 2, 3);
}

#[test]
#[ignore = "fails on purpose, when the next test runs it"]
fn wrong_stores_relaxed() {
    explore_wrong::<StoresRelaxed>();
}

#[test]
fn an_index_stored_without_release_is_caught() {
    caught("wrong_stores_relaxed", "assertion `left == right` failed");
}

#[test]
#[ignore = "fails on purpose, when the next test runs it"]
fn wrong_no_fences() {
    explore_wrong::<NoFences>();
}

#[test]
fn a_wake_that_is_lost_without_fences_is_caught() {
    caught("wrong_no_fences", "deadlock");
}

#[test]
#[ignore = "fails on purpose, when the next test runs it"]
fn wrong_wakes_without_clearing() {
    explore_wrong::<WakesWithoutClearing>();
}

#[test]
fn a_side_woken_before_it_slept_is_caught() {
    caught("wrong_wakes_without_clearing", "deadlock");
}

#[test]
#[ignore = "fails on purpose, when the next test runs it"]
fn wrong_waits_untold() {
    explore_wrong::<WaitsUntold>();
}

#[test]
fn a_reader_that_waits_with_room_untold_is_caught() {
    caught("wrong_waits_untold", "deadlock");
}

/// Demands that loom finds the fault of a wrong version. In a process of its own: loom aborts where it meets a deadlock.
#[track_caller]
fn caught(test: &str, fault: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "--nocapture", &format!("ring::model::{test}")]).env("RUST_BACKTRACE", "0");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(fault), "{test}: {}: {said}", output.status);
}
