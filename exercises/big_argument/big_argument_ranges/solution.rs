//! Send ranges, not arrays.
//!
//! Two workers sum windows of an array. The windows overlap, and each is sent as an array of its own: ten times the array crosses. Send
//! where a window lies instead, and let the workers find the array in the memory that they inherit. Counted: bytes pickled, numbers that
//! the workers add by [`adding::total`], and those of them that lay in a copy of the array.

use std::ops::Range;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use exercises::{Sheet, adding};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Error, Function, meter};

// BEGIN SOLUTION
//| /// What crosses for each window: its numbers.
//| type Window = multiprocess::Numbers;
/// What crosses for each window: where it lies.
type Window = Range<usize>;

/// What a forked worker finds in its memory.
static ARRAY: OnceLock<Vec<f64>> = OnceLock::new();
// END SOLUTION

/// What is mapped: the sum of one window.
#[derive(bincode::Encode, bincode::Decode)]
struct Sum;

impl Function for Sum {
    const NAME: &'static str = "big_argument_ranges::Sum";
    type State = ();
    type Item = Window;
    type Output = f64;

    fn call(&self, _: &(), window: Window) -> f64 {
        // BEGIN SOLUTION
        //| adding::total(&window)
        let array = ARRAY.get().expect("the array is there before the workers are");
        adding::total(&array[window])
        // END SOLUTION
    }
}
multiprocess::register_function!(Sum);

/// The sum of each window of the array, by two workers.
pub fn window_sums(array: Vec<f64>, windows: Vec<Range<usize>>) -> Result<Vec<f64>, Error> {
    // BEGIN SOLUTION
    //| // TODO: every window crosses as a copy of its numbers; let only its begin and end cross.
    //| let pool = Pool::start(Config::new(2))?;
    //| let windows = windows.into_iter().map(|window| Window::from(array[window].to_vec())).collect();
    //| let sums = pool.map(Sum, windows, 0)?;
    ARRAY.set(array).expect("one array for each run of the program");
    let pool = Pool::start(Config::new(2))?;
    let sums = pool.map(Sum, windows, 0)?;
    // END SOLUTION
    pool.finish(Duration::from_secs(5))?;
    Ok(sums)
}

fn main() -> ExitCode {
    multiprocess::init();
    let array: Vec<f64> = (0..20_000).map(f64::from).collect();
    let windows: Vec<Range<usize>> = (0..40).map(|number| 300 * number..300 * number + 5_000).collect();
    let expected: Vec<f64> = windows.iter().map(|window| array[window.clone()].iter().sum()).collect();
    let watch = adding::watch(&array);
    let before = meter::counts();
    let sums = window_sums(array, windows).expect("two workers");
    let counted = meter::counts().since(&before);
    let mut sheet = Sheet::new();
    sheet.holds("each window has its sum", sums == expected);
    sheet.exactly("numbers added by workers", watch.by_workers(), 200_000);
    sheet.at_most("bytes pickled", counted.dumps.bytes, 20_000);
    sheet.exactly("numbers added in a copy of the array", watch.in_copies(), 0);
    sheet.end()
}
