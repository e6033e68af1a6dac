//! The variants: the same primes, counted by one thread or process or by several, with a lock or without.
//!
//! One count is short, so each variant counts `rounds` times and reports the time of one. Threads are started once and count their part
//! that often; a pool is started, used once and ended in every round, except in `processes_started`. A fair split is made before the
//! measured time.

use std::convert::Infallible;
use std::hint::black_box;
use std::ops::Range;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bincode::{Decode, Encode};
use harness::{Measured, Outcome};
use multiprocess::StartMethod::{self, Fork, Spawn};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::WorkerReport;
use multiprocess::{Function, register_function};
use rayon::prelude::*;
use record::Params;

use super::division::{self, NoLock, Tally, count};
use super::echo::{self, Line, Load};
use super::setting::{Failed, Setting, with_lock};
use super::sieve;
use super::threads::{joined, repeat, under_lock, without_lock};
use crate::warm::Warm;

type Answered = Result<Outcome, Failed>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// Numbers that a thread of `rayon` takes at once: some 50 us at the post's size, and about a hundred pieces to share out.
const RAYON_BLOCK: usize = 1_024;

// ANCHOR: serial
pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let measured = Measured::take(|| {
        let tally = repeat(setting.rounds, &setting.numbers, &NoLock);
        Ok::<_, Infallible>((vec![tally], Vec::new()))
    })?;
    let outcome = setting.outcome(measured);
    // ANCHOR_END: serial
    // After the measured time: what each half of the numbers holds, as the post cuts them for two.
    let halves = division::post_split(&setting.numbers, 2);
    let divisions = |half: &Range<u32>| count(half.clone(), &NoLock).divisions;
    Ok(outcome.fact("first_half_divisions", divisions(&halves[0])).fact("second_half_divisions", divisions(&halves[1])))
}

pub(super) fn serial_gil(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let gil = setting.lock();
    let measured = Measured::take(|| {
        let tally = repeat(setting.rounds, &setting.numbers, &gil.attach());
        Ok::<_, Infallible>((vec![tally], Vec::new()))
    })?;
    Ok(with_lock(setting.outcome(measured), &gil, &["main"]))
}

fn threads_gil(setting: &Setting, parts: &[Range<u32>]) -> Answered {
    let gil = setting.lock();
    let measured = Measured::take(|| Ok::<_, Infallible>((under_lock(&gil, parts, setting.rounds), Vec::new())))?;
    Ok(with_lock(setting.outcome(measured), &gil, &["main"]))
}

pub(super) fn threads_gil_post_split(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    threads_gil(&setting, &setting.post_split())
}

pub(super) fn threads_gil_fair_split(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    threads_gil(&setting, &setting.fair_split())
}

pub(super) fn threads_gil_echo(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (gil, line, parts) = (setting.lock(), Line::new()?, setting.fair_split());
    let measured = Measured::take(|| {
        thread::scope(|scope| {
            // Before the channel, so that a panic ends the client before it ends the server.
            let hang_up = line.until_hung_up();
            let (counted, over) = mpsc::channel();
            // Enrolled here, so that the numbers of all threads are always the same.
            let server = gil.enrol();
            let server = scope.spawn(|| line.serve(&server.attach()));
            let client = scope.spawn(|| {
                let over = over;
                line.ask_until(&over)
            });
            let tallies = under_lock(&gil, &parts, setting.rounds);
            drop::<mpsc::Sender<()>>(counted);
            let asked = joined(client);
            drop(hang_up);
            joined(server).and(asked).map(|()| (tallies, Vec::new()))
        })
    })?;
    let mut outcome = with_lock(setting.outcome(measured), &gil, &["server", "main"]);
    for (name, load) in loads(setting.interval) {
        let latencies = echo::latencies(load, &setting.numbers, setting.requests)?;
        if let Some(median) = echo::median(&latencies) {
            outcome = outcome.fact(&format!("latency_{name}_ns"), median);
        }
        outcome = outcome.series(&format!("latencies_{name}_ns"), latencies);
    }
    Ok(outcome)
}

/// The loads under which a server's latency is measured, after the measured time.
fn loads(interval: Duration) -> [(&'static str, Load); 6] {
    let load = |spinners| Load { spinners, interval, think: echo::THINK };
    let tenth = |spinners| Load { interval: interval / 10, ..load(spinners) };
    [
        ("no_spinner", load(0)),
        ("1_spinner", load(1)),
        ("2_spinners", load(2)),
        ("1_spinner_tenth_interval", tenth(1)),
        ("2_spinners_tenth_interval", tenth(2)),
        ("1_spinner_no_think", Load { think: Duration::ZERO, ..load(1) }),
    ]
}

fn threads(setting: &Setting, parts: &[Range<u32>]) -> Answered {
    let measured = Measured::take(|| Ok::<_, Infallible>((without_lock(parts, setting.rounds), Vec::new())))?;
    Ok(setting.outcome(measured))
}

pub(super) fn threads_post_split(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    threads(&setting, &setting.post_split())
}

pub(super) fn threads_fair_split(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    threads(&setting, &setting.fair_split())
}

/// What a pool maps over ranges.
#[derive(Debug, Encode, Decode)]
struct CountPrimes;

impl Function for CountPrimes {
    const NAME: &'static str = "gil_primes::CountPrimes";
    type State = ();
    type Item = (u32, u32);
    type Output = Tally;

    fn call(&self, _: &(), (begin, end): (u32, u32)) -> Tally {
        count(begin..end, &NoLock)
    }
}
register_function!(CountPrimes);

fn map(pool: &Pool<()>, parts: &[Range<u32>]) -> Result<Vec<Tally>, multiprocess::Error> {
    let parts = parts.iter().map(|part| (part.start, part.end)).collect();
    pool.map(CountPrimes, parts, Chunksize::from(1))
}

fn config(setting: &Setting, method: StartMethod) -> Config {
    Config::new(setting.workers as usize).start_method(method).deadline(POOL_DEADLINE)
}

// ANCHOR: processes
/// In every round a pool is started, used once, and ended.
fn processes(setting: &Setting, parts: &[Range<u32>], method: StartMethod) -> Answered {
    let config = config(setting, method);
    let measured = Measured::take(|| {
        let (mut tallies, mut reports) = (Vec::new(), Vec::new());
        for _ in 0..setting.rounds {
            let pool = Pool::start(config)?;
            tallies = map(&pool, parts)?;
            merge(&mut reports, pool.finish()?);
        }
        Ok::<_, multiprocess::Error>((tallies, reports))
    })?;
    Ok(setting.outcome(measured))
}
// ANCHOR_END: processes

/// Adds a round's workers to those of earlier rounds, place by place: a row of the record for each worker, not for each process.
fn merge(reports: &mut Vec<WorkerReport>, round: Vec<WorkerReport>) {
    if reports.is_empty() {
        *reports = round;
        return;
    }
    for (sum, report) in reports.iter_mut().zip(round) {
        let usage = sum.usage.plus(report.usage);
        *sum = WorkerReport { counts: report.counts.plus(&sum.counts), usage, ..report };
    }
}

pub(super) fn processes_post_split(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    processes(&setting, &setting.post_split(), Fork)
}

pub(super) fn processes_fair_split(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    processes(&setting, &setting.fair_split(), Fork)
}

pub(super) fn processes_spawn(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    processes(&setting, &setting.post_split(), Spawn)
}

pub(super) fn processes_started(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let parts = setting.post_split();
    let warm = Warm::start(setting.workers as usize)?;
    let measured = Measured::take(|| {
        let mut tallies = Vec::new();
        for _ in 0..setting.rounds {
            tallies = map(&warm.pool, &parts)?;
        }
        Ok::<_, multiprocess::Error>((tallies, Vec::new()))
    })?;
    Ok(setting.outcome(measured.with_workers(warm.finish()?)))
}

pub(super) fn rayon(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let measured = Measured::take(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(setting.workers as usize).build()?;
        let mut tallies = Vec::new();
        for _ in 0..setting.rounds {
            let blocks: Vec<_> = division::blocks(black_box(&setting.numbers), RAYON_BLOCK).collect();
            pool.install(|| {
                blocks.into_par_iter().map(|block| count(block, &NoLock)).collect_into_vec(&mut tallies);
            });
        }
        Ok::<_, rayon::ThreadPoolBuildError>((tallies, Vec::new()))
    })?;
    Ok(setting.outcome(measured))
}

pub(super) fn sieve(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let measured = Measured::take(|| {
        let counts = (0..setting.rounds).map(|_| sieve::count(black_box(setting.numbers.clone())));
        Ok::<_, Infallible>((counts.fold(0, |_, primes| black_box(primes)), Vec::new()))
    })?;
    Ok(measured.answer(u64::to_string).iterations(setting.rounds))
}
