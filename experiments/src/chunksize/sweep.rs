//! A sweep: one warm pool maps the same items again and again, cut differently each time.

use std::error::Error;
use std::time::{Duration, Instant};

use harness::environment::usable_cores;
use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Pool};

use super::cuts::{Cut, batches};
use super::model::{self, Point};
use super::tasks::{Add, AddBatch};
use crate::turns;
use crate::warm::Warm;

type Fault = Box<dyn Error + Send + Sync>;

/// What is handed to one call of `map`.
enum Job {
    Chunks(Vec<u64>, Chunksize),
    Batches(Vec<Vec<u64>>),
}

impl Job {
    fn new(cut: Cut, costs: &[u64], workers: usize) -> Self {
        match cut.chunksize(costs.len(), workers) {
            Some(chunksize) => Self::Chunks(costs.to_vec(), chunksize),
            None => Self::Batches(batches(costs, &cut.sizes(costs.len(), workers))),
        }
    }

    // ANCHOR: by_hand
    /// Maps and adds up what was really added.
    fn carry_out(self, pool: &Pool<()>) -> Result<u64, multiprocess::Error> {
        match self {
            Self::Chunks(costs, chunksize) => Ok(pool.map(Add, costs, chunksize)?.iter().sum()),
            // To the pool each batch is one item.
            Self::Batches(batches) => Ok(pool.map(AddBatch, batches, Chunksize::from(1))?.iter().flatten().sum()),
        }
    }
    // ANCHOR_END: by_hand
}

/// One map over one pool, cut in one way. The pool's start and end are not timed.
pub(super) fn single(cut: Cut, costs: &[u64], workers: usize) -> Result<Outcome, Fault> {
    let job = Job::new(cut, costs, workers);
    let warm = Warm::start(workers)?;
    let measured = Measured::take(|| Ok::<_, Fault>((job.carry_out(&warm.pool)?, Vec::new())))?;
    Ok(measured.with_workers(warm.finish()?).answer(u64::to_string))
}

/// What one point of a sweep took in one round.
struct Lap {
    elapsed: Duration,
    /// Of each worker, the time without a task.
    idle: Vec<Duration>,
}

/// Sweeps `cuts` over the same items, `rounds` times, on one pool; answers with the additions of a single map, which must be the same
/// in all.
///
/// The points come in an order that differs between subjects and between rounds.
pub(super) fn sweep(cuts: &[Cut], costs: &[u64], workers: usize, rounds: usize) -> Result<Outcome, Fault> {
    let total: u64 = costs.iter().sum();
    let turns: Vec<usize> = (0..rounds).flat_map(|round| turns::order(cuts.len(), round)).collect();
    let jobs: Vec<(usize, Job)> = turns.into_iter().map(|at| (at, Job::new(cuts[at], costs, workers))).collect();
    let warm = Warm::start(workers)?;
    let measured = Measured::take(|| {
        let mut laps: Vec<Vec<Lap>> = cuts.iter().map(|_| Vec::new()).collect();
        for (at, job) in jobs {
            let before = warm.pool.worker_counts();
            let begin = Instant::now();
            let done = job.carry_out(&warm.pool)?;
            let elapsed = begin.elapsed();
            if done != total {
                return Err(format!("the map at {} did {done} of {total} additions", cuts[at].name()).into());
            }
            let after = warm.pool.worker_counts();
            let worked = after.iter().zip(&before).map(|(after, before)| after.since(before).work);
            let idle = worked.map(|work| elapsed.saturating_sub(work)).collect();
            laps[at].push(Lap { elapsed, idle });
        }
        Ok::<_, Fault>((laps, Vec::new()))
    })?;
    let measured = measured.with_workers(warm.finish()?);
    let mut laps = Vec::new();
    let outcome = measured.answer(|taken| {
        laps = taken.iter().map(|laps| middle(laps)).collect();
        total.to_string()
    });
    Ok(reported(outcome, cuts, &laps, costs, workers).iterations((cuts.len() * rounds) as u64))
}

/// The median lap: time and idle time are then of the same map.
fn middle(laps: &[Lap]) -> (u64, Vec<u64>) {
    let mut sorted: Vec<&Lap> = laps.iter().collect();
    sorted.sort_by_key(|lap| lap.elapsed);
    let ns = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    sorted.get(sorted.len().saturating_sub(1) / 2).map_or((0, Vec::new()), |lap| {
        let mut idle: Vec<u64> = lap.idle.iter().map(ns).collect();
        idle.sort_unstable();
        (ns(&lap.elapsed), idle)
    })
}

/// Adds, for every point, its time, its tasks, its largest chunk, and the idle time of each worker; then the model.
fn reported(mut outcome: Outcome, cuts: &[Cut], laps: &[(u64, Vec<u64>)], costs: &[u64], workers: usize) -> Outcome {
    let mut points = Vec::new();
    for (cut, (ns, idle)) in cuts.iter().zip(laps) {
        let sizes = cut.sizes(costs.len(), workers);
        let makespan = makespan(costs, &sizes, workers);
        points.push(Point { makespan, tasks: sizes.len() as f64, ns: *ns as f64 });
        let name = cut.name();
        let mean = idle.iter().sum::<u64>() / idle.len().max(1) as u64;
        outcome = outcome
            .fact(&format!("map_{name}_ns"), *ns)
            .fact(&format!("chunk_{name}_items"), sizes.first().copied().unwrap_or(0) as u64)
            .fact(&format!("map_{name}_tasks"), sizes.len() as u64)
            .fact(&format!("ideal_{name}_additions"), makespan as u64)
            .fact(&format!("idle_{name}_ns"), mean)
            .series(&format!("idle_{name}_ns"), idle.clone());
    }
    let Some((addition, task)) = model::fit(&points) else { return outcome };
    curve(outcome, costs, workers).fact("model_addition_fs", (addition * 1e6) as u64).fact("model_task_ns", task as u64)
}

fn makespan(costs: &[u64], sizes: &[usize], workers: usize) -> f64 {
    let tasks: Vec<u64> = batches(costs, sizes).iter().map(|batch| batch.iter().sum()).collect();
    model::makespan(&tasks, workers, usable_cores())
}

/// What the model needs for its curve: tasks and makespan at chunksizes from 1 to one chunk with all items, about 30 per decade.
fn curve(outcome: Outcome, costs: &[u64], workers: usize) -> Outcome {
    let largest = costs.len().max(1);
    let mut chunksizes: Vec<usize> =
        (0..).map(|step| 10_f64.powf(f64::from(step) / 30.0) as usize).take_while(|size| *size < largest).collect();
    chunksizes.push(largest);
    chunksizes.dedup();
    let sizes = |chunksize: &usize| Cut::Items(*chunksize).sizes(costs.len(), workers);
    let tasks = chunksizes.iter().map(|chunksize| sizes(chunksize).len() as u64).collect();
    let ideal = chunksizes.iter().map(|chunksize| makespan(costs, &sizes(chunksize), workers) as u64).collect();
    outcome
        .series("model_chunk_items", chunksizes.iter().map(|size| *size as u64).collect())
        .series("model_tasks", tasks)
        .series("model_ideal_additions", ideal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lap_keeps_its_own_idle_times() {
        let lap =
            |elapsed, idle| Lap { elapsed: Duration::from_nanos(elapsed), idle: vec![Duration::from_nanos(idle)] };
        assert_eq!(middle(&[lap(30, 3), lap(10, 1), lap(20, 2)]), (20, vec![2]));
        assert_eq!(middle(&[]), (0, Vec::new()));
    }
}
