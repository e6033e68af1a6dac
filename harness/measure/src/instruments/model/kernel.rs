//! What the instrument maps: an item is a number of additions and a payload, and so is its output.

use std::hint::black_box;

use bincode::{Decode, Encode};
use multiprocess::{Function, register_function};
use record::Params;

/// One item: how much to do, what to carry there, and how much to carry back.
#[derive(Clone, Debug, Encode, Decode)]
pub(super) struct Item {
    additions: u64,
    bytes_out: u64,
    payload: Vec<u8>,
}

/// What came of one item: the additions that were really done, and the payload back.
#[derive(Debug, Encode, Decode)]
pub(super) struct Output {
    sum: u64,
    payload: Vec<u8>,
}

/// Does one item.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub(super) struct Work;

impl Function for Work {
    const NAME: &'static str = "model::Work";
    type State = ();
    type Item = Item;
    type Output = Output;

    fn call(&self, _: &(), item: Item) -> Output {
        // What was sent decides what comes back, so that a payload that did not arrive is a wrong answer.
        let mark = item.payload.last().copied().unwrap_or(1);
        let bytes = usize::try_from(item.bytes_out).unwrap_or(usize::MAX);
        Output { sum: add(item.additions), payload: vec![mark; bytes] }
    }
}
register_function!(Work);

/// Adds one, `additions` times. Each 1 comes from where the compiler cannot see it, so the loop is not replaced by its result.
fn add(additions: u64) -> u64 {
    let mut sum = 0_u64;
    for _ in 0..additions {
        sum += black_box(1);
    }
    sum
}

/// The items that the parameters describe, each with a payload of its own.
pub(super) fn items(params: &Params) -> Vec<Item> {
    let bytes = usize::try_from(params["bytes_in"]).unwrap_or(usize::MAX);
    let item = |number: u64| Item {
        additions: params["additions"],
        bytes_out: params["bytes_out"],
        // Never 0: memory that is fresh from the system is.
        payload: vec![(number % 250) as u8 + 1; bytes],
    };
    (0..params["items"]).map(item).collect()
}

/// Everything that was done and came back, in one number.
pub(super) fn answer(outputs: &[Output]) -> String {
    let of = |output: &Output| {
        let last = output.payload.last().map_or(0, |byte| u64::from(*byte));
        output.sum + output.payload.len() as u64 + last
    };
    outputs.iter().map(of).sum::<u64>().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(items: u64, bytes_in: u64, bytes_out: u64) -> Params {
        let params = [("items", items), ("additions", 7), ("bytes_in", bytes_in), ("bytes_out", bytes_out)];
        params.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn answered(params: &Params) -> String {
        let outputs: Vec<Output> = items(params).into_iter().map(|item| Work.call(&(), item)).collect();
        answer(&outputs)
    }

    #[test]
    fn the_answer_counts_additions_bytes_and_what_was_sent() {
        assert_eq!(answered(&params(0, 10, 10)), "0");
        // Additions, bytes, and the marks 1, 2, 3.
        assert_eq!(answered(&params(3, 10, 20)), (3 * 7 + 3 * 20 + 1 + 2 + 3).to_string());
        assert_eq!(answered(&params(3, 0, 1)), (3 * 7 + 3 + 3).to_string());
        assert_eq!(answered(&params(3, 5, 0)), (3 * 7).to_string());
    }
}
