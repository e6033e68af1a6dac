//! The variants: the same sums, of slices that are sent or shared, and left in one place or another.
//!
//! The numbers and the workers exist before the measured time begins, and so does room in shared memory; what that room cost is a fact.

use std::convert::Infallible;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use harness::{Measured, Outcome};
use multiprocess::pool::{Config, Workers};
use multiprocess::{Numbers, RawArray, ShareableItem, ShareableList, SharedArray, Threads, Value};
use record::Params;

use super::list;
use super::slices::{answer, ranges, slices, sum};
use super::tasks::{ARRAY, LOCK_WITHIN, SINK, Sink, SumInto, SumShared, SumSlice};
use crate::warm::Warm;

pub(super) type Fault = Box<dyn Error + Send + Sync>;
pub(super) type Answered = Result<Outcome, Fault>;

/// The parameters, typed.
struct Setting {
    elements: usize,
    slice: usize,
    workers: usize,
    seed: u64,
}

impl Setting {
    fn new(params: &Params) -> Result<Self, Fault> {
        let size = |name: &str| usize::try_from(params[name]);
        Ok(Self { elements: size("elements")?, slice: size("slice")?, workers: size("workers")?, seed: params["seed"] })
    }

    fn slices(&self) -> Vec<Numbers> {
        slices(self.elements, self.slice, self.seed)
    }

    fn ranges(&self) -> Vec<(usize, usize)> {
        ranges(self.elements, self.slice)
    }

    /// Room for the array where forked workers inherit it, and how long it took to make.
    fn room(&self) -> Result<(&'static SharedArray<f64>, Duration), Fault> {
        let begin = Instant::now();
        let array = SharedArray::zeroed(self.elements)?;
        let took = begin.elapsed();
        Ok((ARRAY.get_or_init(|| array), took))
    }
}

pub(super) fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

// ANCHOR: copy_in
fn copy_in(array: &SharedArray<f64>, slices: &[Numbers]) -> Result<(), Fault> {
    array.write(0..array.len(), |room| {
        let mut rest = room;
        for slice in slices {
            let (own, after) = rest.split_at_mut(slice.len());
            own.copy_from_slice(slice);
            rest = after;
        }
    })?;
    Ok(())
}
// ANCHOR_END: copy_in

pub(super) fn serial(params: &Params) -> Answered {
    let slices = Setting::new(params)?.slices();
    let measured = Measured::take(|| {
        let sums: Vec<f64> = black_box(&slices).iter().map(|slice| sum(slice)).collect();
        Ok::<_, Infallible>((sums, Vec::new()))
    })?;
    Ok(measured.answer(|sums| answer(sums)))
}

pub(super) fn threads(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let slices = setting.slices();
    let pool = Threads::start(Config::new(setting.workers))?;
    // Its threads have begun, or nearly.
    pool.map(SumSlice, vec![Numbers::default(); setting.workers], 1)?;
    let measured =
        Measured::take(|| Ok::<_, multiprocess::Error>((pool.map(SumSlice, slices.clone(), 1)?, Vec::new())))?;
    pool.finish(LOCK_WITHIN)?;
    Ok(measured.answer(|sums| answer(sums)))
}

pub(super) fn pickled_slices(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let warm = Warm::start(setting.workers)?;
    let slices = setting.slices();
    let measured = Measured::take(|| Ok::<_, Fault>((warm.pool.map(SumSlice, slices.clone(), 1.into())?, Vec::new())))?;
    Ok(measured.with_workers(warm.finish()?).answer(|sums| answer(sums)))
}

// ANCHOR: copied_in
pub(super) fn shared_copied_in(params: &Params) -> Answered {
    let setting = Setting::new(params)?;
    let (array, room) = setting.room()?;
    let warm = Warm::start(setting.workers)?;
    let slices = setting.slices();
    let mut copying = Duration::ZERO;
    let measured = Measured::take(|| {
        let begin = Instant::now();
        copy_in(array, &slices)?;
        copying = begin.elapsed();
        Ok::<_, Fault>((warm.pool.map(SumShared, setting.ranges(), 1.into())?, Vec::new()))
    })?;
    let outcome = measured.with_workers(warm.finish()?).answer(|sums| answer(sums));
    Ok(outcome.fact("room_ns", ns(room)).fact("copy_in_ns", ns(copying)))
}
// ANCHOR_END: copied_in

/// An array that is in shared memory before the workers are forked.
fn in_place(params: &Params) -> Result<(Setting, Duration), Fault> {
    let setting = Setting::new(params)?;
    let (array, room) = setting.room()?;
    copy_in(array, &setting.slices())?;
    Ok((setting, room))
}

pub(super) fn shared_in_place(params: &Params) -> Answered {
    let (setting, room) = in_place(params)?;
    let warm = Warm::start(setting.workers)?;
    let measured =
        Measured::take(|| Ok::<_, Fault>((warm.pool.map(SumShared, setting.ranges(), 1.into())?, Vec::new())))?;
    Ok(measured.with_workers(warm.finish()?).answer(|sums| answer(sums)).fact("room_ns", ns(room)))
}

/// The sums go into `sink`; `read` takes them out again.
fn into_sink(
    params: &Params,
    sink: impl FnOnce(usize) -> Result<Sink, Fault>,
    read: impl FnOnce(&Sink) -> Result<Vec<f64>, Fault>,
) -> Answered {
    let (setting, _) = in_place(params)?;
    let ranges = setting.ranges();
    let made = sink(ranges.len())?;
    let sink = SINK.get_or_init(|| made);
    let warm = Warm::start(setting.workers)?;
    let measured = Measured::take(|| {
        warm.pool.map(SumInto, ranges.into_iter().enumerate().collect(), 1.into())?;
        Ok::<_, Fault>((read(sink)?, Vec::new()))
    })?;
    Ok(measured.with_workers(warm.finish()?).answer(|sums| answer(sums)))
}

pub(super) fn sums_in_value(params: &Params) -> Answered {
    let read = |sink: &Sink| match sink {
        Sink::Value(value) => Ok(vec![value.load(LOCK_WITHIN)?]),
        _ => Err("the sink is a value".into()),
    };
    into_sink(params, |_| Ok(Sink::Value(Value::new(0.0)?)), read)
}

pub(super) fn sums_in_array(params: &Params) -> Answered {
    let read = |sink: &Sink| match sink {
        Sink::Array(array) => Ok(array.to_vec()),
        _ => Err("the sink is an array".into()),
    };
    into_sink(params, |entries| Ok(Sink::Array(RawArray::zeroed(entries)?)), read)
}

pub(super) fn sums_in_list(params: &Params) -> Answered {
    let read = |sink: &Sink| match sink {
        Sink::List(list) => list.to_vec()?.into_iter().map(float).collect(),
        _ => Err("the sink is a list".into()),
    };
    let list = |entries| Ok(Sink::List(ShareableList::new(vec![ShareableItem::Float(0.0); entries])?));
    list::tried(into_sink(params, list, read)?)
}

fn float(item: ShareableItem) -> Result<f64, Fault> {
    match item {
        ShareableItem::Float(sum) => Ok(sum),
        other => Err(format!("an entry of the list is {other:?}").into()),
    }
}
