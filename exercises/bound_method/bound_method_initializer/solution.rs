//! Hide the pool with its initializer.
//!
//! A `Detector` tells primes from other numbers. Whoever uses it starts it, asks it and finishes it, and does not see how it works. How it
//! works is the lesson's bound method: the sieve is made in the parent, and crosses to the workers again with every call. Mend the inside,
//! and leave the outside as it is. Each worker is to make a sieve of its own, before its first task, and the function is to be handed it.
//! Counted: sieves made in each process, lookups, and the bytes that the parent pickles.

use std::process::ExitCode;
use std::time::Duration;

use exercises::{Sheet, Sieve};
use multiprocess::pool::{Config, Pool, Record, Workers};
use multiprocess::{Error, Function, Initializer, StartMethod, meter};

// BEGIN SOLUTION
//| /// What is mapped: the sieve, and all of it.
//| #[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
//| pub struct IsPrime(Sieve);
/// Makes the sieve of a worker; only the bound crosses.
#[derive(Debug, bincode::Encode, bincode::Decode)]
struct MakeSieve {
    below: usize,
}

impl Initializer for MakeSieve {
    const NAME: &'static str = "bound_method_initializer::MakeSieve";
    type State = Sieve;

    fn initialize(self) -> Sieve {
        Sieve::below(self.below)
    }
}
multiprocess::register_initializer!(MakeSieve);

/// What is mapped: nothing but a name.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct IsPrime;
// END SOLUTION

impl Function for IsPrime {
    const NAME: &'static str = "bound_method_initializer::IsPrime";
    type Item = u64;
    type Output = bool;

    // BEGIN SOLUTION
    //| type State = ();
    //|
    //| fn call(&self, _: &(), number: u64) -> bool {
    //|     self.0.is_prime(number)
    //| }
    type State = Sieve;

    fn call(&self, sieve: &Sieve, number: u64) -> bool {
        sieve.is_prime(number)
    }
    // END SOLUTION
}
multiprocess::register_function!(IsPrime);

/// Tells primes from other numbers, by processes that nobody sees.
#[derive(Debug)]
pub struct Detector {
    // BEGIN SOLUTION
    //| // TODO: the sieve is kept here, and crosses with every call; let each worker make its own when it starts.
    //| function: IsPrime,
    //| pool: Pool,
    pool: Pool<Sieve>,
    // END SOLUTION
}

impl Detector {
    /// Starts the workers that `config` asks for, which tell the primes below `below`.
    pub fn start(config: Config, below: usize) -> Result<Self, Error> {
        // BEGIN SOLUTION
        //| Ok(Self { function: IsPrime(Sieve::below(below)), pool: Pool::start(config)? })
        Ok(Self { pool: Pool::start_with(config, MakeSieve { below })? })
        // END SOLUTION
    }

    /// Tells of each number whether it is prime.
    pub fn classify(&self, numbers: Vec<u64>) -> Result<Vec<bool>, Error> {
        // BEGIN SOLUTION
        //| self.pool.map(self.function.clone(), numbers, 0)
        self.pool.map(IsPrime, numbers, 0)
        // END SOLUTION
    }

    /// Ends the workers, and reports on each.
    pub fn finish(self, limit: Duration) -> Result<Vec<Record>, Error> {
        // BEGIN SOLUTION
        //| self.pool.finish(limit)
        self.pool.finish(limit)
        // END SOLUTION
    }
}

fn main() -> ExitCode {
    multiprocess::init();
    let before = meter::counts();
    let config = Config::new(2).start_method(StartMethod::Spawn);
    let detector = Detector::start(config, 1_000_000).expect("two workers start");
    let mut primes = 0;
    for numbers in [0..5_000, 5_000..10_000] {
        let answers = detector.classify(numbers.collect()).expect("the workers live");
        primes += answers.iter().filter(|prime| **prime).count() as u64;
    }
    let records = detector.finish(Duration::from_secs(5)).expect("the workers leave");
    let counted = meter::counts().since(&before);
    let sieves = records.iter().map(|record| record.worker.counts.marks.get("sieves").copied().unwrap_or(0));
    let mut sheet = Sheet::new();
    sheet.exactly("primes below 10,000", primes, 1229);
    sheet.exactly("sieves made in the parent", counted.marks.get("sieves").copied().unwrap_or(0), 0);
    sheet.exactly("sieves made in the workers", sieves.sum(), 2);
    sheet.at_most("bytes pickled in the parent", counted.dumps.bytes, 150_000);
    sheet.end()
}
