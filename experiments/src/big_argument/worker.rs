//! One worker that is there before the clock starts, and what it can be told to sum.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use multiprocess::classic::{Config, Pool};
use multiprocess::meter::{self, Counts, WorkerReport};
use multiprocess::{Function, SharedArray, StartMethod, register_function};

use super::sum::sum;
use super::variants::Fault;

// ANCHOR: argument
/// The post's task: what it sums is its argument. A reference within a process; its bytes from one process to another.
#[derive(Encode, Decode)]
pub(crate) struct SumArgument;

impl Function for SumArgument {
    const NAME: &'static str = "big_argument::SumArgument";
    type State = ();
    type Item = Arc<Vec<u8>>;
    type Output = u64;

    fn call(&self, _: &(), argument: Arc<Vec<u8>>) -> u64 {
        sum(&argument)
    }
}
register_function!(SumArgument);
// ANCHOR_END: argument

/// The array of this process, and of the worker that it forks then.
pub(super) static INHERITED: OnceLock<Vec<Arc<Vec<u8>>>> = OnceLock::new();

/// The same in memory that both share.
pub(super) static SHARED: OnceLock<SharedArray<u8>> = OnceLock::new();

// ANCHOR: elsewhere
/// Where a worker finds an array that is no argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Place {
    /// In the memory it had when it was forked.
    Inherited,
    /// In memory that it shares with its parent.
    Shared,
    /// Nowhere: there is nothing to sum.
    Nowhere,
}

/// Sums what is there already.
#[derive(Encode, Decode)]
pub(crate) struct SumThere;

impl Function for SumThere {
    const NAME: &'static str = "big_argument::SumThere";
    type State = ();
    type Item = Place;
    type Output = u64;

    fn call(&self, _: &(), place: Place) -> u64 {
        match place {
            Place::Inherited => {
                let pieces = INHERITED.get().expect("the array is there before the fork");
                pieces.iter().map(|piece| sum(piece)).sum()
            }
            Place::Shared => {
                let shared = SHARED.get().expect("the array is there before the fork");
                shared.read(0..shared.len(), sum).expect("nobody writes meanwhile")
            }
            Place::Nowhere => 0,
        }
    }
}
register_function!(SumThere);
// ANCHOR_END: elsewhere

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
pub(super) const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// How long the messages of the first task may take to be counted.
const SETTLING: Duration = Duration::from_secs(10);

/// A pool whose one worker has carried out a task without an argument, and what it had counted by then.
pub(super) struct One {
    pub(super) pool: Pool<()>,
    /// How long the start took, the first task included.
    pub(super) start: Duration,
    before: Counts,
}

impl One {
    pub(super) fn start(method: StartMethod) -> Result<Self, Fault> {
        let begin = Instant::now();
        let sent = meter::counts().messages;
        let pool = Pool::start(Config::new(1).start_method(method).deadline(POOL_DEADLINE))?;
        pool.apply(SumThere, Place::Nowhere)?;
        let start = begin.elapsed();
        // A message arrives a moment before its sender counts it; then the counts stand still.
        let deadline = Instant::now() + SETTLING;
        loop {
            let counts = pool.worker_counts();
            let before = counts.first().cloned().ok_or("the pool has no worker")?;
            if before.messages > 0 && meter::counts().messages > sent {
                return Ok(Self { pool, start, before });
            }
            if Instant::now() > deadline {
                return Err("the messages of the first task were not counted".into());
            }
            thread::yield_now();
        }
    }

    /// Ends the pool; its worker's counts without those of the first task.
    pub(super) fn finish(self) -> Result<Vec<WorkerReport>, Fault> {
        let mut reports = self.pool.finish()?;
        for report in &mut reports {
            report.counts = report.counts.since(&self.before);
        }
        Ok(reports)
    }
}
