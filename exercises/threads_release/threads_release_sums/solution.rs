//! Threads instead of processes.
//!
//! A large array is summed by a pool of processes, and every block of it is pickled on its way. Adding needs no interpreter: in Python, NumPy
//! lets go of the lock while it adds, so that threads do as well, and they have the array already. Sum it by threads that add at the same time,
//! by [`adding::total`]. Counted: bytes pickled, processes started, numbers added in a copy of the array, and threads that add at one time.

use std::process::ExitCode;
use std::thread;

use exercises::{Sheet, adding};
use multiprocess::{Error, meter};

/// Numbers that are added up by themselves. The blocks are always the same, and their sums are added in their order: so the sum of all has the
/// same bits, whoever adds.
const BLOCK: usize = 4_096;

// BEGIN SOLUTION
//| use std::time::Duration;
//|
//| use multiprocess::pool::{Config, Pool, Workers};
//| use multiprocess::{Function, Numbers};
//|
//| /// What is mapped: the sum of one block.
//| #[derive(bincode::Encode, bincode::Decode)]
//| struct BlockSum;
//|
//| impl Function for BlockSum {
//|     const NAME: &'static str = "threads_release_sums::BlockSum";
//|     type State = ();
//|     type Item = Numbers;
//|     type Output = f64;
//|
//|     fn call(&self, _: &(), block: Numbers) -> f64 {
//|         adding::total(&block)
//|     }
//| }
//| multiprocess::register_function!(BlockSum);
/// The sums of the blocks of `share`, one after the other.
fn block_sums(share: &[f64]) -> Vec<f64> {
    share.chunks(BLOCK).map(adding::total).collect()
}
// END SOLUTION

/// The sum of the array, by `workers` of them.
pub fn sum(array: &[f64], workers: usize) -> Result<f64, Error> {
    // BEGIN SOLUTION
    //| // TODO: threads of this process have the array already. `thread::scope` lends it to them.
    //| let pool = Pool::start(Config::new(workers))?;
    //| let blocks = array.chunks(BLOCK).map(|block| Numbers::from(block.to_vec())).collect();
    //| let sums: Vec<f64> = pool.map(BlockSum, blocks, 0)?;
    //| pool.finish(Duration::from_secs(5))?;
    let share = array.len().div_ceil(BLOCK).div_ceil(workers).max(1) * BLOCK;
    let sums: Vec<f64> = thread::scope(|scope| {
        // All of them are started before the first one is waited for.
        let threads: Vec<_> = array.chunks(share).map(|share| scope.spawn(|| block_sums(share))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("adding does not panic")).collect()
    });
    // END SOLUTION
    Ok(sums.iter().sum())
}

fn main() -> ExitCode {
    multiprocess::init();
    let array: Vec<f64> = (0..100_000).map(|number| f64::from(number).sqrt()).collect();
    let expected: f64 = array.chunks(BLOCK).map(|block| block.iter().sum::<f64>()).sum();
    let watch = adding::watch_threads(&array, 2);
    let before = meter::counts();
    let sum = sum(&array, 2).expect("two workers");
    let counted = meter::counts().since(&before);
    let mut sheet = Sheet::new();
    sheet.holds("the sum is right, to the last bit", sum.to_bits() == expected.to_bits());
    sheet.exactly("bytes pickled", counted.dumps.bytes, 0);
    sheet.exactly("numbers added by other processes", watch.by_workers(), 0);
    sheet.exactly("numbers added in a copy of the array", watch.in_copies(), 0);
    sheet.exactly("threads that add at one time", watch.at_once(), 2);
    sheet.end()
}
