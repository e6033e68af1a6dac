//! A sweep: pools of different sizes map the same items, one pool after the other, in a drawn order.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use harness::{Measured, Outcome};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{Barrier, Function, register_function};

use super::neighbours::Neighbours;
use super::work::Additions;
use crate::turns;

pub(super) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

// ANCHOR: points
/// How many workers the pools have: parts and multiples of `cores`, and `most`, which none exceeds.
pub(super) fn points(cores: usize, most: usize) -> Vec<usize> {
    let whole = |quarters: usize| (cores * quarters).is_multiple_of(4).then_some(cores * quarters / 4);
    let parts = [2, 3, 4, 6, 8, 12, 16].into_iter().filter_map(whole);
    let mut points: Vec<usize> =
        [1, most].into_iter().chain(parts).filter(|workers| (1..=most).contains(workers)).collect();
    points.sort_unstable();
    points.dedup();
    points
}
// ANCHOR_END: points

/// Where the workers of each pool come together before the clock starts. They are forked, so that they inherit it.
static MEETINGS: OnceLock<Vec<Barrier>> = OnceLock::new();

/// Ends when every worker of a pool is inside such a task; the item is the place of the pool's size among the points.
#[derive(Encode, Decode)]
struct Meet;

impl Function for Meet {
    const NAME: &'static str = "pool_size::Meet";
    type State = ();
    type Item = usize;
    type Output = ();

    fn call(&self, _: &(), point: usize) {
        let meetings = MEETINGS.get().expect("the barriers are there before the fork");
        meetings[point].wait(POOL_DEADLINE).expect("every worker comes");
    }
}
register_function!(Meet);

/// How often processes gave up their cores to wait, and how often the kernel took them away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Switches {
    voluntary: u64,
    involuntary: u64,
}

impl Switches {
    /// Of these processes so far, as the kernel tells them; 0 where it does not.
    fn of(pids: &[u32]) -> Self {
        let files = pids.iter().filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok());
        files.map(|status| Self::read(&status)).fold(Self::default(), |sum, own| Self {
            voluntary: sum.voluntary + own.voluntary,
            involuntary: sum.involuntary + own.involuntary,
        })
    }

    fn read(status: &str) -> Self {
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        Self { voluntary: number("voluntary_ctxt_switches:"), involuntary: number("nonvoluntary_ctxt_switches:") }
    }
}

/// What a pool of one size took.
#[derive(Clone, Copy, Debug, Default)]
struct Lap {
    map: Duration,
    /// From before the pool's start until after its end.
    whole: Duration,
    switches: Switches,
    /// What the neighbours added during the map.
    neighbours: u64,
}

/// The items, and how they are mapped.
pub(super) struct Job {
    pub(super) costs: Vec<u64>,
    pub(super) chunksize: Chunksize,
}

// ANCHOR: lap
/// A pool is started, its workers meet, it maps the items, and ends.
fn lap(job: &Job, point: usize, workers: usize, neighbours: Option<&Neighbours>) -> Result<Lap, Failed> {
    let added = || neighbours.map_or(0, Neighbours::added);
    let start = Instant::now();
    let pool = Pool::start(Config::new(workers).deadline(POOL_DEADLINE))?;
    let started = start.elapsed();
    pool.map(Meet, vec![point; workers], Chunksize::from(1))?;
    let pids = pool.worker_pids();
    let (before, elsewhere, begin) = (Switches::of(&pids), added(), Instant::now());
    let sums = pool.map(Additions, job.costs.clone(), job.chunksize)?;
    let (map, elsewhere, after) = (begin.elapsed(), added() - elsewhere, Switches::of(&pids));
    let end = Instant::now();
    pool.finish()?;
    let (sum, total): (u64, u64) = (sums.iter().sum(), job.costs.iter().sum());
    if sum != total {
        return Err(format!("{workers} workers did {sum} of {total} additions").into());
    }
    let switches = Switches {
        voluntary: after.voluntary.saturating_sub(before.voluntary),
        involuntary: after.involuntary.saturating_sub(before.involuntary),
    };
    Ok(Lap { map, whole: started + map + end.elapsed(), switches, neighbours: elsewhere })
}
// ANCHOR_END: lap

/// Sweeps the sizes, in an order that differs between subjects; answers with the additions of a single map, which are the same in all.
pub(super) fn sweep(job: &Job, sizes: &[usize], neighbours: Option<&Neighbours>) -> Result<Outcome, Failed> {
    let meetings = sizes.iter().map(|workers| Barrier::new(*workers)).collect::<Result<_, _>>()?;
    MEETINGS.set(meetings).map_err(|_| "a subject has one sweep")?;
    let order = turns::order(sizes.len(), 0);
    let measured = Measured::take(|| {
        let mut laps = vec![Lap::default(); sizes.len()];
        for point in order {
            laps[point] = lap(job, point, sizes[point], neighbours)?;
        }
        // The workers of all these pools are many, and are not reported one by one.
        Ok::<_, Failed>((laps, Vec::new()))
    })?;
    let mut laps = Vec::new();
    let outcome = measured.answer(|taken| {
        laps.clone_from(taken);
        job.costs.iter().sum::<u64>().to_string()
    });
    let series = |of: fn(&Lap) -> u64| laps.iter().map(of).collect::<Vec<u64>>();
    let outcome = outcome
        .iterations(sizes.len() as u64)
        .series("workers", sizes.iter().map(|workers| *workers as u64).collect())
        .series("map_ns", series(|lap| ns(lap.map)))
        .series("pool_ns", series(|lap| ns(lap.whole)))
        .series("voluntary_switches", series(|lap| lap.switches.voluntary))
        .series("involuntary_switches", series(|lap| lap.switches.involuntary));
    let rate = |lap: &Lap| lap.neighbours.saturating_mul(1_000_000) / ns(lap.map).max(1);
    Ok(match neighbours {
        Some(_) => outcome.series("neighbours_additions_per_ms", laps.iter().map(rate).collect()),
        None => outcome,
    })
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_are_parts_and_multiples_of_the_cores() {
        assert_eq!(points(2, 8), [1, 2, 3, 4, 6, 8]);
        assert_eq!(points(1, 4), [1, 2, 3, 4]);
        assert_eq!(points(8, 32), [1, 4, 6, 8, 12, 16, 24, 32]);
        assert_eq!(points(2, 5), [1, 2, 3, 4, 5]);
        assert_eq!(points(64, 1), [1]);
    }

    #[test]
    fn switches_are_read_by_their_whole_names() {
        let status = "Name:\tlab\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(Switches::read(status), Switches { voluntary: 7, involuntary: 3 });
        assert_eq!(Switches::read(""), Switches::default());
    }
}
