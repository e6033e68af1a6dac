//! Whether each window has its sum, who added it, and what was pickled and copied for it.

use std::ops::Range;
use std::process::ExitCode;

use exercises::adding;
use exercises::checking::{self, Checking};
use multiprocess::meter;
use submission::window_sums;

/// Numbers of the array, windows, and numbers of a window.
const ARRAY: usize = 100_000;
const WINDOWS: usize = 200;
const WINDOW: usize = 5_000;

fn main() -> ExitCode {
    checking::main(&[("answer", answer)])
}

fn answer(checking: &mut Checking) {
    let mut drawn = checking.numbers(ARRAY + WINDOWS);
    let array: Vec<f64> = drawn.by_ref().take(ARRAY).map(|number| (number >> 32) as f64).collect();
    let begins = drawn.map(|number| number as usize % (ARRAY - WINDOW));
    let windows: Vec<Range<usize>> = begins.map(|begin| begin..begin + WINDOW).collect();
    let expected: Vec<f64> = windows.iter().map(|window| array[window.clone()].iter().sum()).collect();
    let watch = adding::watch(&array);
    let before = meter::counts();
    let sums = window_sums(array, windows.clone());
    let counted = meter::counts().since(&before);
    let fault = match sums {
        Err(fault) => Some(fault.to_string()),
        Ok(sums) if sums.len() != WINDOWS => Some(format!("{} sums of {WINDOWS} windows", sums.len())),
        Ok(sums) => (0..WINDOWS).find(|number| sums[*number] != expected[*number]).map(|number| {
            format!("the sum of {:?} is {}, expected {}", windows[number], sums[number], expected[number])
        }),
    };
    checking.holds("answer", fault.is_none(), fault.unwrap_or(format!("{WINDOWS} sums")));
    match watch.by_parent() {
        0 => checking.count("workers", watch.by_workers()),
        numbers => checking.holds("workers", false, format_args!("the parent added {numbers} numbers itself")),
    }
    // Whoever sends by hand pickles nothing, but writes it all the same.
    checking.count("bytes", counted.dumps.bytes.max(counted.writes.bytes));
    checking.count("copies", watch.in_copies());
}
