//! Work that is told apart by the process that does it, counted in memory that forked processes share.

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use multiprocess::{Error, SharedAtomic};

static SCALES: OnceLock<Scales> = OnceLock::new();

/// The process that weighed last in this memory: a forked one finds its parent's number, or none.
static WEIGHED_LAST: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
struct Scales {
    home: u32,
    processes: SharedAtomic<u64>,
    items: SharedAtomic<u64>,
    items_at_home: SharedAtomic<u64>,
}

/// What was weighed, and by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// How many processes weighed at least one item; the one that set up the scales is not counted.
    pub processes: u64,
    /// How many items they weighed.
    pub items: u64,
    /// How many items the process weighed that set up the scales.
    pub items_at_home: u64,
}

/// Sets up the scales, once: what this process weighs from now on is counted, and what the processes weigh that it forks.
///
/// # Errors
/// If the system has no memory for the counts.
pub fn set_up_scales() -> Result<(), Error> {
    let count = || SharedAtomic::new(0);
    let scales = Scales { home: process::id(), processes: count()?, items: count()?, items_at_home: count()? };
    // Whoever comes second finds them set up.
    let _ = SCALES.set(scales);
    Ok(())
}

/// The weight of an item.
///
/// ```
/// exercises::set_up_scales().unwrap();
/// assert_eq!(exercises::weigh(1_234), 1 + 2 + 3 + 4);
/// assert_eq!(exercises::weighed().items_at_home, 1);
/// ```
pub fn weigh(item: u64) -> u64 {
    if let Some(scales) = SCALES.get() {
        scales.note(process::id());
    }
    std::iter::successors(Some(item), |rest| (*rest >= 10).then_some(rest / 10)).map(|rest| rest % 10).sum()
}

/// What was weighed since the scales were set up.
pub fn weighed() -> Weighed {
    SCALES.get().map(Scales::counts).unwrap_or_default()
}

impl Scales {
    fn note(&self, process: u32) {
        if process == self.home {
            self.items_at_home.fetch_add(1);
            return;
        }
        self.items.fetch_add(1);
        if WEIGHED_LAST.swap(process, Relaxed) != process {
            self.processes.fetch_add(1);
        }
    }

    fn counts(&self) -> Weighed {
        Weighed { processes: self.processes.load(), items: self.items.load(), items_at_home: self.items_at_home.load() }
    }
}
