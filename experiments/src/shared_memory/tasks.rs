//! What the pools of this lesson map, and what their workers inherit.

use std::sync::OnceLock;
use std::time::Duration;

use bincode::{Decode, Encode};
use multiprocess::{Function, Numbers, RawArray, ShareableList, SharedArray, Value, register_function};

use super::slices::sum;

// ANCHOR: pickled
/// The slice itself is the argument.
#[derive(Encode, Decode)]
pub(crate) struct SumSlice;

impl Function for SumSlice {
    const NAME: &'static str = "shared_memory::SumSlice";
    type State = ();
    type Item = Numbers;
    type Output = f64;

    fn call(&self, _: &(), slice: Numbers) -> f64 {
        sum(&slice)
    }
}
register_function!(SumSlice);
// ANCHOR_END: pickled

/// The array, in memory that forked workers share.
pub(super) static ARRAY: OnceLock<SharedArray<f64>> = OnceLock::new();

fn shared_sum((first, end): (usize, usize)) -> f64 {
    let array = ARRAY.get().expect("the array is there before the fork");
    array.read(first..end, sum).expect("nobody writes meanwhile")
}

// ANCHOR: shared
/// Where the slice begins and ends is the argument.
#[derive(Encode, Decode)]
pub(crate) struct SumShared;

impl Function for SumShared {
    const NAME: &'static str = "shared_memory::SumShared";
    type State = ();
    type Item = (usize, usize);
    type Output = f64;

    fn call(&self, _: &(), range: (usize, usize)) -> f64 {
        shared_sum(range)
    }
}
register_function!(SumShared);
// ANCHOR_END: shared

/// Where sums can be left.
pub(super) enum Sink {
    Value(Value<f64>),
    Array(RawArray<f64>),
    List(ShareableList),
}

/// What this subject's workers leave their sums in.
pub(super) static SINK: OnceLock<Sink> = OnceLock::new();

/// Longer than any subject's deadline.
pub(super) const LOCK_WITHIN: Duration = Duration::from_secs(3_600);

// ANCHOR: sinks
/// Leaves the sum in shared memory, and returns nothing.
#[derive(Encode, Decode)]
pub(crate) struct SumInto;

impl Function for SumInto {
    const NAME: &'static str = "shared_memory::SumInto";
    type State = ();
    type Item = (usize, (usize, usize));
    type Output = ();

    fn call(&self, _: &(), (index, range): (usize, (usize, usize))) {
        let sum = shared_sum(range);
        match SINK.get().expect("the sink is there before the fork") {
            Sink::Value(value) => {
                value.lock(LOCK_WITHIN).expect("nobody dies with the lock").update(|total| total + sum);
            }
            Sink::Array(array) => array.store(index, sum).expect("an entry for each slice"),
            Sink::List(list) => list.set(index, sum.into()).expect("a float fits where a float was"),
        }
    }
}
register_function!(SumInto);
// ANCHOR_END: sinks
