//! The variants: one way each, for the whole column, and then for smaller ones.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::meter;
use parquet::basic::Compression;
use record::Params;

use super::column::{Column, Fault};
use super::publish::{self, Publishing};
use super::ways::{Crossing, Place, Way};
use crate::places;

type Answered = Result<Outcome, Fault>;

/// How long the last message of the measured part may take to be counted.
const SETTLING: Duration = Duration::from_secs(10);

/// The smallest column of the sweep, and how much larger the next one is.
const FIRST: usize = 512;
const STEP: usize = 8;

/// A point of the sweep is a mean over so many rows in all, or one pass.
const ROWS_PER_POINT: usize = 1 << 14;

fn through(params: &Params, way: Way) -> Answered {
    let column = Column::of(usize::try_from(params["rows"])?, params["seed"]);
    let passes = params["passes"];
    let on_disk = matches!(way, Way::Raw(place) | Way::Parquet(_, place) if place != Place::Memory);
    let folder = match places::on_disk() {
        Some(folder) => folder,
        None if on_disk => return Ok(Outcome::not_here("every folder for temporary files lies in memory (tmpfs)")),
        None => std::env::temp_dir(),
    };
    let rows = column.0.len();
    let sent = meter::counts().messages;
    let crossing = Crossing::start(way, rows, folder.clone())?;
    let first = crossing.pass(&column)?;
    counted(sent + 1)?;
    let mut whole_ns = 0;
    let measured = Measured::take(|| {
        let begin = Instant::now();
        for _ in 0..passes {
            agree(first, crossing.pass(&column)?)?;
        }
        whole_ns = u64::try_from(begin.elapsed().as_nanos())? / passes;
        Ok::<_, Fault>((first, Vec::new()))
    })?;
    counted(sent + 1 + passes)?;
    // Counted up to here: the receiver's counts, which are of its whole life, would hold the sweep as well.
    let outcome = measured.with_workers(Vec::new()).answer(|sum| format!("{sum:016x}")).iterations(passes);
    let (mut sizes, mut times) = sweep(&crossing, &column)?;
    if rows > 0 {
        sizes.push(column.bytes() as u64);
        times.push(whole_ns);
    }
    crossing.finish()?;
    let outcome = outcome.fact("column_bytes", column.bytes() as u64).fact("passes", passes);
    let outcome = if on_disk { outcome.note("disk", places::described(&folder)) } else { outcome };
    Ok(outcome.series("sizes_bytes", sizes).series("pass_ns", times))
}

/// Waits until so many messages are counted: a queue's feeder thread counts one a moment after it has arrived.
fn counted(messages: u64) -> Result<(), Fault> {
    let deadline = Instant::now() + SETTLING;
    while meter::counts().messages < messages {
        if Instant::now() > deadline {
            return Err("the messages were not counted".into());
        }
        thread::yield_now();
    }
    Ok(())
}

fn agree(first: u64, sum: u64) -> Result<(), Fault> {
    if first == sum { Ok(()) } else { Err(format!("one pass gave {first:016x} and another {sum:016x}").into()) }
}

/// The time of a pass against the size of the column, for columns that are smaller than the whole.
fn sweep(crossing: &Crossing, column: &Column) -> Result<(Vec<u64>, Vec<u64>), Fault> {
    let all = column.0.len();
    let smaller = std::iter::successors(Some(FIRST), |rows| rows.checked_mul(STEP)).take_while(|rows| *rows < all);
    let (mut sizes, mut times) = (Vec::new(), Vec::new());
    for rows in smaller {
        let passes = (ROWS_PER_POINT / rows).clamp(1, 16);
        let piece = Column(Arc::new(column.0[..rows].to_vec()));
        let first = crossing.pass(&piece)?;
        let begin = Instant::now();
        for _ in 0..passes {
            agree(first, crossing.pass(&piece)?)?;
        }
        times.push(u64::try_from(begin.elapsed().as_nanos() / passes as u128)?);
        sizes.push(rows as u64 * 8);
    }
    Ok((sizes, times))
}

const PLAIN: Compression = Compression::UNCOMPRESSED;

pub(super) fn pickle_pipe(params: &Params) -> Answered {
    through(params, Way::Pickle)
}

pub(super) fn pickle_elements(params: &Params) -> Answered {
    through(params, Way::Elements)
}

pub(super) fn pickle_queue(params: &Params) -> Answered {
    through(params, Way::Queue)
}

pub(super) fn parquet_memory(params: &Params) -> Answered {
    through(params, Way::Parquet(PLAIN, Place::Memory))
}

pub(super) fn parquet_disk(params: &Params) -> Answered {
    through(params, Way::Parquet(PLAIN, Place::Disk))
}

pub(super) fn parquet_snappy(params: &Params) -> Answered {
    through(params, Way::Parquet(Compression::SNAPPY, Place::Disk))
}

pub(super) fn parquet_flushed(params: &Params) -> Answered {
    through(params, Way::Parquet(PLAIN, Place::Flushed))
}

pub(super) fn raw_memory(params: &Params) -> Answered {
    through(params, Way::Raw(Place::Memory))
}

pub(super) fn raw_disk(params: &Params) -> Answered {
    through(params, Way::Raw(Place::Disk))
}

pub(super) fn raw_flushed(params: &Params) -> Answered {
    through(params, Way::Raw(Place::Flushed))
}

pub(super) fn shared(params: &Params) -> Answered {
    through(params, Way::Shared)
}

pub(super) fn file_in_place(params: &Params) -> Answered {
    publish::experiment(params, Publishing::InPlace)
}

pub(super) fn file_renamed(params: &Params) -> Answered {
    publish::experiment(params, Publishing::Renamed)
}
