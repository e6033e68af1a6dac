//! Whether the running sums are right, to the last bit, who added them, and what was pickled and copied for it.

use std::process::ExitCode;

use exercises::adding;
use exercises::checking::{self, Checking};
use multiprocess::{SharedArray, meter};
use submission::running_sums;

/// Not a multiple of what a part has.
const NUMBERS: usize = 200_001;

fn main() -> ExitCode {
    checking::main(&[("answer", answer)])
}

fn answer(checking: &mut Checking) {
    // Whole and below 2^32, so that every sum is exact in any order.
    let numbers: Vec<f64> = checking.numbers(NUMBERS).map(|number| (number >> 32) as f64).collect();
    let expected: Vec<u64> = numbers.iter().scan(0.0, |sum, number| Some(add(sum, *number).to_bits())).collect();
    let array: &'static SharedArray<f64> = Box::leak(Box::new(SharedArray::of(&numbers).expect("1.6 MB")));
    let watch = array.read(0..NUMBERS, adding::watch).expect("nobody writes yet");
    let before = meter::counts();
    let done = running_sums(array).map_err(|fault| fault.to_string());
    let counted = meter::counts().since(&before);
    // Whoever ended in the middle of a part has it for ever.
    let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<u64>>();
    let found = done.and_then(|()| array.read(0..NUMBERS, bits).map_err(|fault| fault.to_string()));
    match found {
        Ok(found) => {
            let wrong = found.iter().zip(&expected).position(|(found, expected)| found != expected);
            let saw = wrong.map_or("all of them".to_owned(), |place| {
                let [found, expected] = [found[place], expected[place]].map(f64::from_bits);
                format!("number {place} is {found}, expected {expected}")
            });
            checking.holds("answer", wrong.is_none(), saw);
        }
        Err(fault) => checking.holds("answer", false, fault),
    }
    match watch.by_parent() {
        0 => checking.count("workers", watch.by_workers()),
        numbers => checking.holds("workers", false, format_args!("the parent added {numbers} numbers itself")),
    }
    // Whoever sends by hand pickles nothing, but writes and reads it all the same.
    let (out, back) = (counted.dumps.bytes.max(counted.writes.bytes), counted.loads.bytes.max(counted.reads.bytes));
    checking.count("bytes", out + back);
    checking.count("in_place", watch.in_copies());
}

fn add(sum: &mut f64, number: f64) -> f64 {
    *sum += number;
    *sum
}
