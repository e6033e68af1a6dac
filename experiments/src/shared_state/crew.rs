//! The processes that share: they meet before each round and after it, and only what lies between is timed.

use std::time::Duration;

use harness::Measured;
use multiprocess::meter::WorkerReport;
use multiprocess::{Barrier, Error, Process};
use record::Params;

pub(super) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Longer than any subject's deadline, which ends those who wait here together with their subject.
pub(super) const PATIENCE: Duration = Duration::from_secs(3_600);

/// How long a process may take to end that has nothing left to do.
const ENDING: Duration = Duration::from_secs(60);

/// The parameters of a variant.
pub(super) struct Setting {
    pub(super) workers: u64,
    pub(super) increments: u64,
    pub(super) trials: u64,
    /// How many times over increments in shared memory are done.
    pub(super) rounds: u64,
}

impl Setting {
    pub(super) fn new(params: &Params) -> Self {
        Self {
            workers: params["workers"],
            increments: params["increments"],
            trials: params["trials"],
            rounds: params["rounds"],
        }
    }

    /// What the counter ought to be in the end.
    pub(super) fn expected(&self) -> u64 {
        self.workers * self.increments
    }
}

/// What the rounds are: how many increments each process makes in each, and how many of the rounds are timed, from the first on.
pub(super) struct Rounds {
    pub(super) increments: Vec<u64>,
    pub(super) timed: usize,
}

// ANCHOR: meet
/// Forks `workers` processes. Each of them calls `prepare` once, and `work` in every round, with the round's place and its increments; the
/// parent calls `look` after each.
pub(super) fn run(
    workers: u64,
    rounds: &Rounds,
    prepare: impl Fn() -> Result<(), Error>,
    work: impl Fn(u64, usize, u64) -> Result<(), Error>,
    mut look: impl FnMut() -> Result<(), Error>,
) -> Result<Measured<()>, Failed> {
    let meeting = Barrier::new(usize::try_from(workers)? + 1)?;
    let life = |worker| {
        prepare()?;
        meeting.wait(PATIENCE)?;
        for (place, increments) in rounds.increments.iter().enumerate() {
            meeting.wait(PATIENCE)?;
            work(worker, place, *increments)?;
            meeting.wait(PATIENCE)?;
        }
        Ok(())
    };
    let mut crew = (0..workers)
        .map(|worker| Process::start(&[], || ended(&meeting, life(worker))))
        .collect::<Result<Vec<_>, _>>()?;
    // Everybody is there, and connected with whatever is shared.
    meeting.wait(PATIENCE)?;
    let mut round = || {
        meeting.wait(PATIENCE)?;
        meeting.wait(PATIENCE)?;
        look()
    };
    let timed = Measured::take(|| {
        (0..rounds.timed).try_for_each(|_| round())?;
        Ok::<_, Error>(((), Vec::new()))
    })?;
    (rounds.timed..rounds.increments.len()).try_for_each(|_| round())?;
    let reports = crew.iter_mut().map(|process| process.join(ENDING)).collect::<Result<Vec<WorkerReport>, _>>()?;
    Ok(timed.with_workers(reports))
}
// ANCHOR_END: meet

/// The exit code of a life. Whoever fails breaks the barrier, so that nobody waits for it.
fn ended(meeting: &Barrier, life: Result<(), Error>) -> i32 {
    let Err(fault) = life else { return 0 };
    if !fault.is_barrier_broken() {
        eprintln!("process {}: {fault}", std::process::id());
        let _ = meeting.abort(PATIENCE);
    }
    1
}
