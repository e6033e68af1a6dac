//! What the pools of this lesson map: an item is a number of additions, and so is its result.

use std::hint::black_box;

use bincode::{Decode, Encode};
use multiprocess::{Function, register_function};

// ANCHOR: add
/// Adds one, `additions` times, and returns the sum: the number of additions that were really done.
///
/// The processor has to fetch each 1 from where the compiler cannot see it, so the loop is not replaced by its result.
pub(super) fn add(additions: u64) -> u64 {
    let mut sum = 0_u64;
    for _ in 0..additions {
        sum += black_box(1);
    }
    sum
}

/// One item: that many additions.
#[derive(Encode, Decode)]
pub(crate) struct Add;

impl Function for Add {
    const NAME: &'static str = "chunksize::Add";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), additions: u64) -> u64 {
        add(additions)
    }
}
register_function!(Add);
// ANCHOR_END: add

// ANCHOR: add_batch
/// A batch made by hand: to the pool it is one item.
#[derive(Encode, Decode)]
pub(crate) struct AddBatch;

impl Function for AddBatch {
    const NAME: &'static str = "chunksize::AddBatch";
    type State = ();
    type Item = Vec<u64>;
    type Output = Vec<u64>;

    fn call(&self, _: &(), batch: Vec<u64>) -> Vec<u64> {
        batch.into_iter().map(add).collect()
    }
}
register_function!(AddBatch);
// ANCHOR_END: add_batch
