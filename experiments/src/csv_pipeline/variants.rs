//! The variants: the same records from the same disk, by one process, by processes and by threads, cut in several ways.
//!
//! The files are made before the measured time begins, and lie in the page cache, except where a variant has them forgotten. A pool's start
//! and end are measured, as those of a `with Pool()` block are, and so is the search for places to cut at.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use harness::{Measured, Outcome, environment};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::WorkerReport;
use multiprocess::{Function, register_function};
use record::Params;

use super::files::{self, Table};
use super::table::{Fault, Piece, Summary, cut, cut_anywhere};
use crate::{places, turns};

type Answered = Result<Outcome, Fault>;

/// What a way of working gives: the sum, and the reports of the processes it used.
type Worked = Result<(Summary, Vec<WorkerReport>), Fault>;

/// Longer than any subject's deadline, which ends a pool that hangs together with its subject.
const POOL_DEADLINE: Duration = Duration::from_secs(3_600);

/// Less of the files from the disk than this part is no cold cache.
const COLD: u64 = 2;

/// From a file, where its records begin, its size, and how many pieces: the pieces.
type Cut = fn(&str, u64, u64, u64) -> Result<Vec<Piece>, Fault>;

// ANCHOR: task
/// The post's task: a path goes to a worker, and a summary comes back.
#[derive(Encode, Decode)]
struct Summarize {
    /// Whether the worker is to say how much it had fetched from a disk.
    counts_disk: bool,
}

impl Function for Summarize {
    const NAME: &'static str = "csv_pipeline::Summarize";
    type State = ();
    type Item = Piece;
    type Output = Summary;

    fn call(&self, _: &(), piece: Piece) -> Summary {
        summarized(&piece, self.counts_disk).expect("the file is there as long as the parent is")
    }
}
register_function!(Summarize);
// ANCHOR_END: task

fn summarized(piece: &Piece, counts_disk: bool) -> Result<Summary, Fault> {
    let before = if counts_disk { files::read_from_disk() } else { None };
    let mut summary = Summary::of(piece)?;
    let after = if counts_disk { files::read_from_disk() } else { None };
    summary.from_disk = before.zip(after).map_or(0, |(before, after)| after - before);
    Ok(summary)
}

/// The files, and how many share the work.
struct Setting {
    tables: Vec<Table>,
    workers: usize,
    on_disk: bool,
    place: String,
}

impl Setting {
    fn new(params: &Params, share: fn(u64, u64) -> Vec<u64>) -> Result<Self, Fault> {
        let disk = places::on_disk();
        let folder = disk.clone().unwrap_or_else(std::env::temp_dir);
        let rows = share(params["rows"], params["files"]);
        let tables = files::make(&folder, &rows, params["seed"])?;
        let workers = usize::try_from(params["workers"])?;
        Ok(Self { tables, workers, on_disk: disk.is_some(), place: places::described(&folder) })
    }

    fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }

    /// Every file as one piece.
    fn whole(&self) -> Vec<Piece> {
        let piece = |table: &Table| Piece { path: table.path.clone(), begin: table.first, end: table.bytes };
        self.tables.iter().map(piece).collect()
    }

    /// Every file in as many pieces as there are workers.
    fn ranges(&self, cut: Cut, workers: usize) -> Result<Vec<Piece>, Fault> {
        let pieces: Result<Vec<Vec<Piece>>, Fault> =
            self.tables.iter().map(|table| cut(&table.path, table.first, table.bytes, workers as u64)).collect();
        Ok(pieces?.into_iter().flatten().collect())
    }

    fn told(&self, outcome: Outcome) -> Outcome {
        outcome.fact("file_bytes", self.bytes()).note("place", self.place.clone())
    }
}

fn one_by_one(pieces: &[Piece], counts_disk: bool) -> Worked {
    let mut sum = Summary::default();
    for piece in pieces {
        sum.merge(&summarized(piece, counts_disk)?);
    }
    Ok((sum, Vec::new()))
}

fn merged(summaries: &[Summary]) -> Summary {
    let mut sum = Summary::default();
    summaries.iter().for_each(|summary| sum.merge(summary));
    sum
}

// ANCHOR: processes
fn by_processes(pieces: Vec<Piece>, workers: usize, counts_disk: bool) -> Worked {
    let pool = Pool::start(Config::new(workers).deadline(POOL_DEADLINE))?;
    let summaries = pool.map(Summarize { counts_disk }, pieces, Chunksize::from(1))?;
    Ok((merged(&summaries), pool.finish()?))
}
// ANCHOR_END: processes

/// Threads take the next piece when they are done with one, as the pool's workers do.
fn by_threads(pieces: &[Piece], workers: usize) -> Worked {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Summary, Fault> {
        let mut sum = Summary::default();
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum.merge(&summarized(piece, false)?);
        }
        Ok(sum)
    };
    let sums: Result<Vec<Summary>, Fault> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into()))).collect()
    });
    Ok((merged(&sums?), Vec::new()))
}

fn measured(setting: &Setting, work: impl FnOnce() -> Worked) -> Result<(Outcome, Summary), Fault> {
    let mut found = Summary::default();
    let outcome = Measured::take(work)?.answer(|sum| {
        found = sum.clone();
        sum.answer()
    });
    let outcome =
        outcome.fact("records", found.records()).fact("rejected", found.rejected).fact("broken", found.broken);
    Ok((setting.told(outcome), found))
}

pub(super) fn serial(params: &Params) -> Answered {
    let setting = Setting::new(params, files::evenly)?;
    Ok(measured(&setting, || one_by_one(&setting.whole(), false))?.0)
}

pub(super) fn processes(params: &Params) -> Answered {
    let setting = Setting::new(params, files::evenly)?;
    Ok(measured(&setting, || by_processes(setting.whole(), setting.workers, false))?.0)
}

pub(super) fn threads(params: &Params) -> Answered {
    let setting = Setting::new(params, files::evenly)?;
    Ok(measured(&setting, || by_threads(&setting.whole(), setting.workers))?.0)
}

pub(super) fn row_ranges(params: &Params) -> Answered {
    let setting = Setting::new(params, files::evenly)?;
    Ok(measured(&setting, || by_processes(setting.ranges(cut, setting.workers)?, setting.workers, false))?.0)
}

pub(super) fn uneven_files(params: &Params) -> Answered {
    let setting = Setting::new(params, files::unevenly)?;
    Ok(measured(&setting, || by_processes(setting.whole(), setting.workers, false))?.0)
}

pub(super) fn uneven_ranges(params: &Params) -> Answered {
    let setting = Setting::new(params, files::unevenly)?;
    Ok(measured(&setting, || by_processes(setting.ranges(cut, setting.workers)?, setting.workers, false))?.0)
}

/// So many pieces per file that some cut falls into a quoted field.
const CUTS: usize = 64;

pub(super) fn cut_at_any_line(params: &Params) -> Answered {
    let setting = Setting::new(params, files::evenly)?;
    let right = one_by_one(&setting.whole(), false)?.0;
    let (outcome, found) =
        measured(&setting, || by_processes(setting.ranges(cut_anywhere, CUTS)?, setting.workers, false))?;
    let wrong = found.answer() != right.answer();
    let outcome = outcome.fault_seen(u64::from(wrong), 1);
    Ok(if wrong { outcome } else { outcome.no_room("no cut fell into a field of several lines") })
}

/// The files are forgotten first. Where the disk was not asked for most of their bytes, the cache was not cold, and nothing was measured.
fn cold(params: &Params, work: impl FnOnce(&Setting) -> Worked) -> Answered {
    let setting = Setting::new(params, files::evenly)?;
    if !setting.on_disk {
        return Ok(Outcome::not_here("every folder for temporary files lies in memory (tmpfs)"));
    }
    files::forget(&setting.tables)?;
    let (outcome, found) = measured(&setting, || work(&setting))?;
    if found.from_disk < setting.bytes() / COLD {
        let why = format!("the kernel fetched {} of {} bytes from the disk", found.from_disk, setting.bytes());
        return Ok(Outcome::not_here(format!("the page cache cannot be dropped here: {why}")));
    }
    Ok(outcome.fact("from_disk_bytes", found.from_disk))
}

pub(super) fn serial_cold(params: &Params) -> Answered {
    cold(params, |setting| one_by_one(&setting.whole(), true))
}

pub(super) fn processes_cold(params: &Params) -> Answered {
    cold(params, |setting| by_processes(setting.whole(), setting.workers, true))
}

/// From one worker to twice the cores, and the post's four.
fn worker_counts() -> Vec<usize> {
    let cores = environment::usable_cores();
    let mut counts = vec![1, 2, 4, cores, 2 * cores];
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// Every way at every number of workers, in an order that is drawn; the time of the serial way stands beside each round.
pub(super) fn scaling(params: &Params) -> Answered {
    let setting = Setting::new(params, files::evenly)?;
    let (counts, ways) = (worker_counts(), ["files_speedup", "ranges_speedup", "threads_speedup"]);
    let (right, _) = one_by_one(&setting.whole(), false)?;
    let begin = Instant::now();
    one_by_one(&setting.whole(), false)?;
    let serial = begin.elapsed();
    let mut speedups = vec![vec![0; counts.len()]; ways.len()];
    let work = || -> Worked {
        for turn in turns::order(counts.len() * ways.len(), 0) {
            let (at, way) = (turn / ways.len(), turn % ways.len());
            let (workers, begin) = (counts[at], Instant::now());
            let (found, _) = match way {
                0 => by_processes(setting.whole(), workers, false)?,
                1 => by_processes(setting.ranges(cut, workers)?, workers, false)?,
                _ => by_threads(&setting.whole(), workers)?,
            };
            speedups[way][at] = u64::try_from(serial.as_nanos() * 1_000 / begin.elapsed().as_nanos().max(1))?;
            if found != right {
                return Err(format!("{} with {workers} workers gave {}", ways[way], found.answer()).into());
            }
        }
        Ok((right.clone(), Vec::new()))
    };
    let points = (counts.len() * ways.len()) as u64;
    let outcome = measured(&setting, work)?.0.iterations(points);
    let outcome = outcome.series("workers", counts.iter().map(|count| *count as u64).collect());
    Ok(ways.iter().zip(speedups).fold(outcome, |outcome, (name, series)| outcome.series(name, series)))
}
