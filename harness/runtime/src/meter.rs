//! Counters, exact and per process: dumps, loads, messages, tasks, and what a lesson counts besides.
//!
//! Each process adds to one slot of atomics. A worker's slot lies in memory it shares with its parent, so that its counts
//! are there even after it was killed. All accesses are relaxed: a counter publishes nothing but itself, and the parent reads
//! a worker's slot only after it has reaped the worker, which the kernel orders after everything the worker did.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use linkme::distributed_slice;

use crate::sys::pid::{Status, Usage};
use crate::sys::shared::current_slot;

/// How many different marks one program can have.
const MARKS_AT_MOST: usize = 16;

/// Calls, bytes and time of one kind of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How often.
    pub calls: u64,
    /// How many bytes.
    pub bytes: u64,
    /// How long, summed over the calls.
    pub time: Duration,
}

/// What one process counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks (chunks) carried out.
    pub tasks: u64,
    /// Frames written.
    pub messages: u64,
    /// Values turned into bytes.
    pub dumps: Traffic,
    /// Bytes turned into values.
    pub loads: Traffic,
    /// Frames written, waiting for room included.
    pub writes: Traffic,
    /// Frames read, from the header to the last byte.
    pub reads: Traffic,
    /// Waits for a queue's write lock; `bytes` are those of the frames that were to be written.
    pub lock_waits: Traffic,
    /// Waits for a slot of a bounded queue; no bytes.
    pub slot_waits: Traffic,
    /// Time inside the mapped function.
    pub work: Duration,
    /// The marks that were made at least once, by name.
    pub marks: BTreeMap<&'static str, u64>,
}

impl Traffic {
    /// Counts one more, of no time.
    pub(crate) fn add_one(&mut self, bytes: usize) {
        self.calls += 1;
        self.bytes += bytes as u64;
    }

    fn plus(self, other: Self) -> Self {
        Self { calls: self.calls + other.calls, bytes: self.bytes + other.bytes, time: self.time + other.time }
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            calls: self.calls - earlier.calls,
            bytes: self.bytes - earlier.bytes,
            time: self.time.saturating_sub(earlier.time),
        }
    }
}

impl Counts {
    /// The sum of both, as of two workers that had the same place one after the other.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (name, count) in &other.marks {
            *self.marks.entry(name).or_default() += count;
        }
        Self {
            tasks: self.tasks + other.tasks,
            messages: self.messages + other.messages,
            dumps: self.dumps.plus(other.dumps),
            loads: self.loads.plus(other.loads),
            writes: self.writes.plus(other.writes),
            reads: self.reads.plus(other.reads),
            lock_waits: self.lock_waits.plus(other.lock_waits),
            slot_waits: self.slot_waits.plus(other.slot_waits),
            work: self.work + other.work,
            marks: self.marks,
        }
    }

    /// What was counted after `earlier`, an earlier state of the same process.
    ///
    /// ```
    /// let earlier = multiprocess::meter::counts();
    /// assert_eq!(multiprocess::meter::counts().since(&earlier).tasks, 0);
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let marks = self.marks.iter().map(|(name, count)| (*name, count - earlier.marks.get(name).unwrap_or(&0)));
        Self {
            tasks: self.tasks - earlier.tasks,
            messages: self.messages - earlier.messages,
            dumps: self.dumps.since(earlier.dumps),
            loads: self.loads.since(earlier.loads),
            writes: self.writes.since(earlier.writes),
            reads: self.reads.since(earlier.reads),
            lock_waits: self.lock_waits.since(earlier.lock_waits),
            slot_waits: self.slot_waits.since(earlier.slot_waits),
            work: self.work.saturating_sub(earlier.work),
            marks: marks.filter(|(_, count)| *count > 0).collect(),
        }
    }
}

/// A worker that has ended: what it counted, how it ended, what it used.
#[derive(Clone, Debug)]
pub struct WorkerReport {
    /// Its process id while it lived.
    pub pid: u32,
    /// How it ended.
    pub status: Status,
    /// Its counts.
    pub counts: Counts,
    /// What the kernel says it used.
    pub usage: Usage,
}

#[derive(Debug)]
#[repr(C)]
pub(crate) struct Tally {
    calls: AtomicU64,
    bytes: AtomicU64,
    ns: AtomicU64,
}

impl Tally {
    const fn zero() -> Self {
        Self { calls: AtomicU64::new(0), bytes: AtomicU64::new(0), ns: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, bytes: usize, since: Instant) {
        self.calls.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
        add_time(&self.ns, since.elapsed());
    }

    /// Counts one, of which the time would cost more than itself.
    pub(crate) fn count(&self, bytes: usize) {
        self.calls.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts many at once, with the time that all of them took.
    pub(crate) fn add_many(&self, traffic: Traffic) {
        self.calls.fetch_add(traffic.calls, Relaxed);
        self.bytes.fetch_add(traffic.bytes, Relaxed);
        add_time(&self.ns, traffic.time);
    }

    fn read(&self) -> Traffic {
        Traffic {
            calls: self.calls.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            time: Duration::from_nanos(self.ns.load(Relaxed)),
        }
    }
}

/// The counters of one process; all zero bytes are a valid, empty slot.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot {
    tasks: AtomicU64,
    work_ns: AtomicU64,
    pub(crate) dumps: Tally,
    pub(crate) loads: Tally,
    pub(crate) writes: Tally,
    pub(crate) reads: Tally,
    pub(crate) lock_waits: Tally,
    pub(crate) slot_waits: Tally,
    marks: [AtomicU64; MARKS_AT_MOST],
}

/// How much shared memory a slot takes, in bytes.
pub(crate) const SLOT_BYTES: usize = size_of::<Slot>();

/// The slot of a process whose parent gave it none.
pub(crate) static HOME: Slot = Slot {
    tasks: AtomicU64::new(0),
    work_ns: AtomicU64::new(0),
    dumps: Tally::zero(),
    loads: Tally::zero(),
    writes: Tally::zero(),
    reads: Tally::zero(),
    lock_waits: Tally::zero(),
    slot_waits: Tally::zero(),
    marks: [const { AtomicU64::new(0) }; MARKS_AT_MOST],
};

impl Slot {
    pub(crate) fn task_done(&self, since: Instant) {
        self.tasks.fetch_add(1, Relaxed);
        add_time(&self.work_ns, since.elapsed());
    }

    /// Counts a task whose time is added with that of others, by [`add_work`](Self::add_work).
    pub(crate) fn task_ended(&self) {
        self.tasks.fetch_add(1, Relaxed);
    }

    /// Adds the time of tasks that are counted already.
    pub(crate) fn add_work(&self, time: Duration) {
        add_time(&self.work_ns, time);
    }

    pub(crate) fn counts(&self) -> Counts {
        let marks = marks_by_name()
            .iter()
            .zip(&self.marks)
            .map(|(mark, count)| (mark.name, count.load(Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect();
        let writes = self.writes.read();
        Counts {
            tasks: self.tasks.load(Relaxed),
            messages: writes.calls,
            dumps: self.dumps.read(),
            loads: self.loads.read(),
            writes,
            reads: self.reads.read(),
            lock_waits: self.lock_waits.read(),
            slot_waits: self.slot_waits.read(),
            work: Duration::from_nanos(self.work_ns.load(Relaxed)),
            marks,
        }
    }
}

/// The slot this process counts in.
pub(crate) fn slot() -> &'static Slot {
    current_slot()
}

/// What this process has counted so far.
///
/// ```
/// let before = multiprocess::meter::counts();
/// multiprocess::codec::dumps(&(1_u8, 2_u8)).unwrap();
/// let after = multiprocess::meter::counts();
/// assert_eq!(after.dumps.calls - before.dumps.calls, 1);
/// ```
pub fn counts() -> Counts {
    slot().counts()
}

/// Bytes of heap memory in use by this process, as the C library's allocator counts them (mallinfo2(3)); none elsewhere.
///
/// ```
/// let before = multiprocess::meter::heap_bytes();
/// let kept = vec![1_u8; 1 << 20];
/// let after = multiprocess::meter::heap_bytes();
/// assert!(before.zip(after).is_none_or(|(before, after)| after - before >= kept.len() as u64));
/// ```
pub fn heap_bytes() -> Option<u64> {
    crate::sys::heap_bytes()
}

fn add_time(counter: &AtomicU64, time: Duration) {
    counter.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
}

/// Something a lesson counts by name, in whatever process it happens. Declared with [`mark!`](crate::mark).
#[derive(Debug)]
pub struct Mark {
    name: &'static str,
    place: OnceLock<usize>,
}

/// All marks of the program.
#[doc(hidden)]
#[distributed_slice]
pub static MARKS: [&'static Mark];

impl Mark {
    #[doc(hidden)]
    pub const fn named(name: &'static str) -> Self {
        Self { name, place: OnceLock::new() }
    }

    /// Counts one more.
    ///
    /// # Panics
    /// If the program declares more than sixteen marks.
    pub fn count(&self) {
        let place = *self.place.get_or_init(|| {
            let place = marks_by_name().iter().position(|mark| mark.name == self.name);
            place.filter(|place| *place < MARKS_AT_MOST).expect("a program declares at most sixteen marks")
        });
        slot().marks[place].fetch_add(1, Relaxed);
    }
}

/// The link order is arbitrary; the order by name is the same in every process of the program.
fn marks_by_name() -> &'static [&'static Mark] {
    static SORTED: OnceLock<Vec<&'static Mark>> = OnceLock::new();
    SORTED.get_or_init(|| {
        let mut marks: Vec<_> = MARKS.iter().copied().collect();
        marks.sort_by_key(|mark| mark.name);
        marks
    })
}

/// Declares a static [`Mark`]: a named count, exact across all processes of a pool.
///
/// ```
/// multiprocess::mark!(static SURPRISES = "surprises");
/// SURPRISES.count();
/// assert_eq!(multiprocess::meter::counts().marks["surprises"], 1);
/// ```
#[macro_export]
macro_rules! mark {
    ($visibility:vis static $mark:ident = $name:literal) => {
        $visibility static $mark: $crate::meter::Mark = $crate::meter::Mark::named($name);
        const _: () = {
            #[$crate::linkme::distributed_slice($crate::meter::MARKS)]
            #[linkme(crate = $crate::linkme)]
            static ENTRY: &'static $crate::meter::Mark = &$mark;
        };
    };
}
