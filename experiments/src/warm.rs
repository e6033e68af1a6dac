//! A pool that is warm before the clock starts: each of its workers has carried out a task, and what it counts begins after that.
//!
//! One empty task per worker would not do: a worker that wakes early can take several of them, and the last to wake finds none. Here the
//! tasks meet at a barrier. A worker inside one of them cannot take another, so that each worker takes exactly one.

use std::error::Error;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::{self, Counts, WorkerReport};
use multiprocess::{Barrier, Function, register_function};

type Fault = Box<dyn Error + Send + Sync>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// How long the workers may take to come together; then the barrier breaks, and the map fails.
const MEETING_WITHIN: Duration = Duration::from_secs(600);

/// How long the last messages of the warm-up may take to be counted.
const SETTLING: Duration = Duration::from_secs(10);

/// Where the workers meet. They are forked, so that they inherit it.
static MEETING: OnceLock<Barrier> = OnceLock::new();

// ANCHOR: meet
/// Ends when every worker is inside such a task.
#[derive(Encode, Decode)]
struct Meet;

impl Function for Meet {
    const NAME: &'static str = "warm::Meet";
    type State = ();
    type Item = ();
    type Output = ();

    fn call(&self, _: &(), (): ()) {
        let meeting = MEETING.get().expect("the barrier is there before the fork");
        meeting.wait(MEETING_WITHIN).expect("every worker comes");
    }
}
register_function!(Meet);
// ANCHOR_END: meet

/// A pool of forked workers, each of which has carried out one task, with what they had counted by then. A subject has one.
pub(crate) struct Warm {
    pub(crate) pool: Pool<()>,
    before: Vec<Counts>,
}

impl Warm {
    // ANCHOR: warm
    /// Starts a pool, and lets its workers meet.
    pub(crate) fn start(workers: usize) -> Result<Self, Fault> {
        MEETING.set(Barrier::new(workers)?).map_err(|_| "a subject has one warm pool")?;
        let sent = meter::counts().messages;
        let pool = Pool::start(Config::new(workers).deadline(POOL_DEADLINE))?;
        pool.map(Meet, vec![(); workers], Chunksize::from(1))?;
        // A message arrives a moment before its sender counts it; then the counts stand still.
        let all = workers as u64;
        let deadline = Instant::now() + SETTLING;
        let mut before = pool.worker_counts();
        while before.iter().map(|counts| counts.messages).sum::<u64>() < all || meter::counts().messages - sent < all {
            if Instant::now() > deadline {
                return Err("the messages of the warm-up were not counted".into());
            }
            thread::yield_now();
            before = pool.worker_counts();
        }
        match before.iter().position(|counts| counts.tasks != 1) {
            Some(cold) => Err(format!("worker {cold} began {} tasks of the warm-up", before[cold].tasks).into()),
            None => Ok(Self { pool, before }),
        }
    }
    // ANCHOR_END: warm

    /// Ends the pool; its workers' counts without those of the warm-up. What the kernel says a worker used is that of its whole life.
    pub(crate) fn finish(self) -> Result<Vec<WorkerReport>, Fault> {
        let mut reports = self.pool.finish()?;
        for (report, before) in reports.iter_mut().zip(&self.before) {
            report.counts = report.counts.since(before);
        }
        Ok(reports)
    }
}
