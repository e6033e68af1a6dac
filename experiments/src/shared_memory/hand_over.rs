//! Hand-over time against size: one process is handed an array, and says when it has it.
//!
//! The other process holds all of the array when it answers: pickled, it has decoded it into memory of its own; shared, it has claimed it. In
//! both cases it looks at the last number and does nothing else, since what it would do with the array is the same.

use std::hint::black_box;
use std::iter::successors;
use std::time::{Duration, Instant};

use harness::Measured;
use multiprocess::{Channel, Connection, Inherited, Numbers, Process, SharedArray, Status};
use record::Params;

use super::slices::{answer, slices, sum};
use super::variants::{Answered, Fault, ns};
use crate::turns;

/// Every wait ends with the other end, and all of them with the subject's deadline.
const FOR_EVER: Duration = Duration::MAX;

/// The smallest size, and from one to the next.
const SMALLEST: u64 = 4 << 10;
const STEP: u64 = 4;

/// How often each size is handed over in each way; the median counts.
const ROUNDS: usize = 3;

/// The array, what is shared, what is pickled, and both once more on the other side.
pub(super) fn memory_bytes(params: &Params) -> u64 {
    super::memory(params, 1).saturating_add(params["hand_over_bytes"].saturating_mul(5))
}

/// The sizes, in bytes: each four times the one before, up to the largest.
pub(super) fn sizes(largest: u64) -> Vec<u64> {
    let down = successors(Some(largest), |size| Some(size / STEP)).take_while(|size| *size >= SMALLEST);
    let mut sizes: Vec<u64> = down.collect();
    if sizes.is_empty() {
        sizes.push(largest);
    }
    sizes.reverse();
    sizes
}

// ANCHOR: ways
/// How an array is handed over.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It is encoded, goes through a pipe, and is decoded.
    Pickled,
    /// It is copied into memory that the other process shares; a number goes through the pipe.
    CopiedIn,
    /// It is there; a number goes through the pipe.
    Shared,
}

fn handed(way: Way, array: &Numbers, shared: &SharedArray<f64>, ours: &Connection) -> Result<f64, Fault> {
    match way {
        Way::Pickled => {
            ours.send(&usize::MAX, FOR_EVER)?;
            ours.send(array, FOR_EVER)?;
        }
        Way::CopiedIn => {
            shared.write(0..array.len(), |room| room.copy_from_slice(array))?;
            ours.send(&array.len(), FOR_EVER)?;
        }
        Way::Shared => ours.send(&array.len(), FOR_EVER)?,
    }
    Ok(ours.recv(FOR_EVER)?)
}
// ANCHOR_END: ways

// ANCHOR: other
/// The other process: it answers with the last number of what it is handed, until nobody is there any more.
fn answers(shared: &SharedArray<f64>, theirs: &Connection) -> Result<(), Fault> {
    let last = |numbers: &[f64]| numbers.last().copied().unwrap_or_default();
    loop {
        let number = match theirs.recv::<usize>(FOR_EVER) {
            Ok(usize::MAX) => last(&theirs.recv::<Numbers>(FOR_EVER)?),
            Ok(len) => shared.read(0..len, last)?,
            Err(fault) if fault.is_end() => return Ok(()),
            Err(fault) => return Err(fault.into()),
        };
        theirs.send(&number, FOR_EVER)?;
    }
}
// ANCHOR_END: other

/// The names of the series, and their ways.
const WAYS: [(&str, Way); 3] =
    [("pickled_ns", Way::Pickled), ("copied_in_ns", Way::CopiedIn), ("shared_ns", Way::Shared)];

pub(super) fn hand_over(params: &Params) -> Answered {
    let whole = slices(usize::try_from(params["elements"])?, usize::try_from(params["slice"])?, params["seed"]);
    let sizes = sizes(params["hand_over_bytes"]);
    let lengths: Vec<usize> = sizes.iter().map(|size| (size / 8) as usize).collect();
    let shared = SharedArray::zeroed(lengths.last().copied().unwrap_or_default())?;
    let (ours, theirs) = Connection::pipe_pair()?;
    let inherits: [&dyn Inherited; 1] = [&theirs];
    let mut process = Process::start(&inherits, || match answers(&shared, &theirs) {
        Ok(()) => 0,
        Err(fault) => {
            eprintln!("the other process: {fault}");
            1
        }
    })?;
    drop(theirs);
    let arrays: Vec<Numbers> = lengths.iter().map(|len| Numbers::from(counted(*len))).collect();
    let measured = Measured::take(|| Ok::<_, Fault>((sweep(&arrays, &shared, &ours)?, Vec::new())))?;
    drop(ours);
    let report = process.join(Duration::from_secs(60))?;
    if report.status != Status::Exited(0) {
        return Err(format!("the other process {}", report.status).into());
    }
    let mut times = Vec::new();
    let outcome = measured.with_workers(vec![report]).answer(|found| {
        times.clone_from(found);
        answer(&whole.iter().map(|slice| sum(slice)).collect::<Vec<f64>>())
    });
    let outcome = outcome.iterations((WAYS.len() * ROUNDS * sizes.len()) as u64).series("sizes", sizes);
    let outcome = outcome.series("copy_ns", copies(&arrays));
    Ok(WAYS.iter().zip(times).fold(outcome, |outcome, ((name, _), times)| outcome.series(name, times)))
}

fn counted(len: usize) -> Vec<f64> {
    (0..len).map(|number| number as f64).collect()
}

/// The median time of each way at each size, in an order that is drawn.
fn sweep(arrays: &[Numbers], shared: &SharedArray<f64>, ours: &Connection) -> Result<Vec<Vec<u64>>, Fault> {
    // Every page of the shared array is in the other process's table, as it would be after its first use; and in ours.
    let largest = arrays.last().ok_or("there is a size")?;
    handed(Way::CopiedIn, largest, shared, ours)?;
    let mut times = vec![vec![Vec::new(); arrays.len()]; WAYS.len()];
    for round in 0..ROUNDS {
        for point in turns::order(WAYS.len() * arrays.len(), round) {
            let (way, size) = (point % WAYS.len(), point / WAYS.len());
            let array = &arrays[size];
            let begin = Instant::now();
            let last = handed(WAYS[way].1, array, shared, ours)?;
            times[way][size].push(ns(begin.elapsed()));
            if last != array.last().copied().unwrap_or_default() {
                return Err("what was handed over is not what came".into());
            }
        }
    }
    Ok(times.into_iter().map(|way| way.into_iter().map(median).collect()).collect())
}

/// What the machine asks for a copy of each array into memory that is there: the median.
fn copies(arrays: &[Numbers]) -> Vec<u64> {
    let mut room = vec![1.0; arrays.last().map_or(0, |array| array.len())];
    let mut copy = |array: &Numbers| {
        let times = [(); ROUNDS].map(|()| {
            let begin = Instant::now();
            black_box(&mut room)[..array.len()].copy_from_slice(array);
            ns(begin.elapsed()).max(1)
        });
        median(times.to_vec())
    };
    arrays.iter().map(&mut copy).collect()
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sizes_grow_fourfold_up_to_the_largest() {
        assert_eq!(sizes(1 << 16), [4 << 10, 16 << 10, 64 << 10]);
        assert_eq!((sizes(100), sizes(0)), (vec![100], vec![0]));
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!((median(vec![9, 1, 5]), median(Vec::new())), (5, 0));
    }
}
