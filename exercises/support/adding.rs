//! Sums of numbers that are counted: who adds them, whether where they lie or in a copy, and how many threads add at a time.
//!
//! One array is watched in each run of a program, from before its workers are there. Its counts lie in memory that forked processes share,
//! and nothing leads to them but adding.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use multiprocess::SharedAtomic;

use crate::place::Place;

/// How long a thread that adds waits for the others to come. If that was in vain, nobody waits again.
const PATIENCE: Duration = Duration::from_secs(2);

static WATCH: OnceLock<Watch> = OnceLock::new();

/// What was added up since an array is watched, by this process and by those it has forked.
///
/// ```
/// use exercises::adding;
///
/// let array = vec![1.0; 100];
/// let watch = adding::watch(&array);
/// let copy = array.clone();
/// assert_eq!(adding::total(&array[40..]) + adding::total(&copy[..30]), 90.0);
/// assert_eq!((watch.by_parent(), watch.by_workers(), watch.in_copies()), (90, 0, 30));
/// ```
#[derive(Debug)]
pub struct Watch {
    parent: u32,
    place: Place,
    by_parent: SharedAtomic<u64>,
    by_workers: SharedAtomic<u64>,
    in_copies: SharedAtomic<u64>,
    expected: u64,
    presence: Mutex<Presence>,
    come: Condvar,
}

/// The threads of one process that are adding.
#[derive(Debug, Default)]
struct Presence {
    now: u64,
    most: u64,
    in_vain: bool,
}

/// Watches `array` for the rest of this run.
///
/// # Panics
/// If an array is watched already, or there is no memory for the counts.
pub fn watch(array: &[f64]) -> &'static Watch {
    watch_threads(array, 1)
}

/// The same where `threads` threads should add at one time: each waits for the others before it first adds, so that their number says
/// whether they could, and not how fast they were started.
///
/// ```
/// use exercises::adding;
///
/// let array = [1.0, 2.0];
/// let watch = adding::watch_threads(&array, 2);
/// std::thread::scope(|scope| {
///     scope.spawn(|| adding::total(&array[..1]));
///     scope.spawn(|| adding::total(&array[1..]));
/// });
/// assert_eq!(watch.at_once(), 2);
/// ```
///
/// # Panics
/// As [`watch`].
pub fn watch_threads(array: &[f64], threads: u64) -> &'static Watch {
    let count = || SharedAtomic::new(0).expect("there is memory for a count");
    let watch = Watch {
        parent: std::process::id(),
        place: Place::of(array),
        by_parent: count(),
        by_workers: count(),
        in_copies: count(),
        expected: threads,
        presence: Mutex::default(),
        come: Condvar::new(),
    };
    WATCH.set(watch).expect("one array is watched in each run of a program");
    WATCH.get().expect("it has just been set")
}

/// The sum of the numbers, added one after the other. In Python's place this is a library's work, which needs no interpreter.
pub fn total(numbers: &[f64]) -> f64 {
    let _adding = Adding::begin(numbers);
    numbers.iter().sum()
}

/// Replaces each number by the sum of `from` and all numbers up to it.
///
/// ```
/// let mut numbers = [1.0, 2.0, 3.0];
/// exercises::adding::running(&mut numbers, 10.0);
/// assert_eq!(numbers, [11.0, 13.0, 16.0]);
/// ```
pub fn running(numbers: &mut [f64], from: f64) {
    let _adding = Adding::begin(numbers);
    let mut sum = from;
    for number in numbers {
        sum += *number;
        *number = sum;
    }
}

impl Watch {
    /// Numbers that the process added that watches.
    pub fn by_parent(&self) -> u64 {
        self.by_parent.load()
    }

    /// Numbers that other processes added.
    pub fn by_workers(&self) -> u64 {
        self.by_workers.load()
    }

    /// Numbers, of those of all processes, that did not lie in the array.
    pub fn in_copies(&self) -> u64 {
        self.in_copies.load()
    }

    /// How many threads of this process added at one time, at most.
    pub fn at_once(&self) -> u64 {
        self.present().most
    }

    fn note(&self, numbers: &[f64]) {
        let count = numbers.len() as u64;
        let by = if std::process::id() == self.parent { &self.by_parent } else { &self.by_workers };
        by.fetch_add(count);
        if !self.place.holds(numbers) {
            self.in_copies.fetch_add(count);
        }
    }

    fn enter(&self) {
        let mut presence = self.present();
        presence.now += 1;
        presence.most = presence.most.max(presence.now);
        self.come.notify_all();
        let alone = |presence: &mut Presence| presence.most < self.expected && !presence.in_vain;
        let waited = self.come.wait_timeout_while(presence, PATIENCE, alone);
        let (mut presence, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            presence.in_vain = true;
            self.come.notify_all();
        }
    }

    fn present(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that adds, for as long as it does.
struct Adding(Option<&'static Watch>);

impl Adding {
    fn begin(numbers: &[f64]) -> Self {
        // To add nothing is not to add.
        let watch = WATCH.get().filter(|_| !numbers.is_empty());
        if let Some(watch) = watch {
            watch.note(numbers);
            watch.enter();
        }
        Self(watch)
    }
}

impl Drop for Adding {
    fn drop(&mut self) {
        if let Some(watch) = self.0 {
            watch.present().now -= 1;
        }
    }
}
