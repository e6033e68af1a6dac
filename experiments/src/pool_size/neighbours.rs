//! A competing load: processes that work for themselves as long as they are there, one for each core, and count what they do.

use std::time::{Duration, Instant};

use multiprocess::{Error, Process, SharedAtomic};

use super::work::add;

/// Additions between two looks at the clock of the shared counter: some ten microseconds.
const STRETCH: u64 = 20_000;

/// How long they may take to get going; on a core that others use as well each waits for its turn.
const START_WITHIN: Duration = Duration::from_secs(60);

/// The processes. They end when this is dropped, or with this process.
pub(super) struct Neighbours {
    added: Vec<SharedAtomic<u64>>,
    _processes: Vec<Process>,
}

impl Neighbours {
    // ANCHOR: neighbours
    /// Starts so many, and waits until each of them works.
    pub(super) fn start(count: usize) -> Result<Self, Error> {
        let added = (0..count).map(|_| SharedAtomic::new(0)).collect::<Result<Vec<_>, _>>()?;
        let busy = |own: &SharedAtomic<u64>| -> i32 {
            loop {
                own.fetch_add(add(STRETCH));
            }
        };
        let processes = added.iter().map(|own| Process::start(&[], || busy(own))).collect::<Result<_, _>>()?;
        let neighbours = Self { added, _processes: processes };
        let deadline = Instant::now() + START_WITHIN;
        while neighbours.added.iter().any(|own| own.load() == 0) && Instant::now() < deadline {
            std::thread::yield_now();
        }
        Ok(neighbours)
    }
    // ANCHOR_END: neighbours

    /// What all of them have added so far.
    pub(super) fn added(&self) -> u64 {
        self.added.iter().map(SharedAtomic::load).sum()
    }
}
