//! Whether the sum is right, to the last bit, and what it took: bytes, processes, copies, and threads that add at one time.

use std::process::ExitCode;

use exercises::adding;
use exercises::checking::{self, Checking};
use multiprocess::meter;
use nix::sys::resource::{UsageWho, getrusage};
use submission::sum;

/// Numbers of a block, as the file has it.
const BLOCK: usize = 4_096;

/// Not a whole number of blocks.
const NUMBERS: usize = 50 * BLOCK + 1_001;

/// Other than in the file's own `main`.
const WORKERS: usize = 3;

fn main() -> ExitCode {
    checking::main(&[("answer", answer)])
}

fn answer(checking: &mut Checking) {
    let array: Vec<f64> = checking.numbers(NUMBERS).map(number).collect();
    let expected: f64 = array.chunks(BLOCK).map(|block| block.iter().sum::<f64>()).sum();
    let watch = adding::watch_threads(&array, WORKERS as u64);
    let before = meter::counts();
    let found = sum(&array, WORKERS);
    let counted = meter::counts().since(&before);
    match found {
        Ok(found) => {
            let saw = format!("got {found:?}, expected {expected:?}");
            checking.holds("answer", found.to_bits() == expected.to_bits(), saw);
        }
        Err(fault) => checking.holds("answer", false, fault),
    }
    // Whoever sends by hand pickles nothing, but writes it all the same.
    checking.count("bytes", counted.dumps.bytes.max(counted.writes.bytes));
    // A process without children has used nothing for them; one that has waited for a child has.
    let children = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    let by_others = watch.by_workers();
    let saw = match (children, by_others) {
        (0, 0) => "none".to_owned(),
        (_, numbers) => format!("there were some, which added {numbers} numbers"),
    };
    checking.holds("processes", children == 0 && by_others == 0, saw);
    checking.count("copies", watch.in_copies());
    // Threads that add for show add too much.
    match watch.by_parent() {
        numbers if numbers == NUMBERS as u64 => checking.count("threads", watch.at_once()),
        numbers => checking.holds("threads", false, format_args!("{numbers} numbers were added, of {NUMBERS}")),
    }
}

/// A number of either sign and of any of 64 sizes, so that every order of adding has other bits.
fn number(drawn: u64) -> f64 {
    let size = f64::from((drawn % 64) as u32 as i32 - 32).exp2();
    let sign = if drawn & 64 == 0 { 1.0 } else { -1.0 };
    sign * size * (drawn >> 12) as f64
}
