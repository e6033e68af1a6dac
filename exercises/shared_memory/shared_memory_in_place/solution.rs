//! Sum in place.
//!
//! An array in shared memory is to hold its running sums: each number is replaced by the sum of all up to it. A first pass over the parts
//! tells where each part begins, a second one writes. As it is, every part crosses to a worker twice, and comes back once. Let the workers
//! read and write their parts where they lie. Counted: bytes pickled in both directions, numbers that the workers add by [`adding`], and those
//! of them that lay in a copy of the array.

use std::error::Error;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use exercises::{Sheet, adding};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Function, SharedArray, meter};

/// How many numbers a part has; the last may have fewer.
const PART: usize = 12_500;

/// The array, which every forked worker has mapped.
static ARRAY: OnceLock<&SharedArray<f64>> = OnceLock::new();

fn array() -> &'static SharedArray<f64> {
    ARRAY.get().expect("the array is there before the workers are")
}

// BEGIN SOLUTION
//| /// What crosses to a worker of each part, and what comes back.
//| type Part = multiprocess::Numbers;
//| type Sums = multiprocess::Numbers;
/// What crosses to a worker of each part, and what comes back.
type Part = Range<usize>;
type Sums = ();
// END SOLUTION

/// The first pass: the sum of a part.
#[derive(bincode::Encode, bincode::Decode)]
struct Total;

impl Function for Total {
    const NAME: &'static str = "shared_memory_in_place::Total";
    type State = ();
    type Item = Part;
    type Output = f64;

    fn call(&self, _: &(), part: Part) -> f64 {
        // BEGIN SOLUTION
        //| adding::total(&part)
        array().read(part, adding::total).expect("nobody writes meanwhile")
        // END SOLUTION
    }
}
multiprocess::register_function!(Total);

/// The second pass: the running sums of a part, from the sum of all that comes before it.
#[derive(bincode::Encode, bincode::Decode)]
struct Running;

impl Function for Running {
    const NAME: &'static str = "shared_memory_in_place::Running";
    type State = ();
    type Item = (Part, f64);
    type Output = Sums;

    fn call(&self, _: &(), (part, before): (Part, f64)) -> Sums {
        // BEGIN SOLUTION
        //| let mut sums = part.to_vec();
        //| adding::running(&mut sums, before);
        //| sums.into()
        array().write(part, |numbers| adding::running(numbers, before)).expect("nobody else has this part");
        // END SOLUTION
    }
}
multiprocess::register_function!(Running);

/// Replaces each number of the array by the sum of all up to it, by two workers.
pub fn running_sums(array: &'static SharedArray<f64>) -> Result<(), Box<dyn Error>> {
    ARRAY.set(array).map_err(|_| "one array for each run of the program")?;
    let ranges = (0..array.len()).step_by(PART).map(|begin| begin..array.len().min(begin + PART));
    // BEGIN SOLUTION
    //| // TODO: let only the range of a part cross, in both passes, and let its sums stay where they belong.
    //| let copy = array.read(0..array.len(), <[f64]>::to_vec)?;
    //| let parts: Vec<Part> = ranges.clone().map(|range| copy[range].to_vec().into()).collect();
    let parts: Vec<Part> = ranges.collect();
    // END SOLUTION
    let pool = Pool::start(Config::new(2))?;
    let totals = pool.map(Total, parts.clone(), 1)?;
    let before = totals.iter().scan(0.0, |sum, total| Some(std::mem::replace(sum, *sum + total)));
    let tasks = parts.into_iter().zip(before).collect();
    // BEGIN SOLUTION
    //| for (range, sums) in ranges.zip(pool.map(Running, tasks, 1)?) {
    //|     array.write(range, |numbers| numbers.copy_from_slice(&sums))?;
    //| }
    //| pool.finish(Duration::from_secs(5))?;
    pool.map(Running, tasks, 1)?;
    pool.finish(Duration::from_secs(5))?;
    // END SOLUTION
    Ok(())
}

fn main() -> ExitCode {
    multiprocess::init();
    let array: &'static SharedArray<f64> = Box::leak(Box::new(SharedArray::of(&[1.0; 30_000]).expect("240 KB")));
    let watch = array.read(0..array.len(), adding::watch).expect("nobody writes yet");
    let before = meter::counts();
    running_sums(array).expect("two workers");
    let counted = meter::counts().since(&before);
    let right = |numbers: &[f64]| numbers.iter().zip(1_u32..).all(|(sum, place)| *sum == f64::from(place));
    let mut sheet = Sheet::new();
    sheet.holds("each number is the sum of all up to it", array.read(0..array.len(), right) == Ok(true));
    sheet.exactly("numbers added by workers", watch.by_workers(), 60_000);
    sheet.at_most("bytes pickled in both directions", counted.dumps.bytes + counted.loads.bytes, 10_000);
    sheet.exactly("numbers added in a copy of the array", watch.in_copies(), 0);
    sheet.end()
}
