//! Stop the cache from crossing.
//!
//! A sieve of 4 MB tells primes from other numbers. Mapped as it is, it is turned into bytes with every map and for each worker, and back
//! again there: the lesson's bound method. (CPython's pool sends it with every chunk.) Let the workers have the sieve without sending it.
//! Counted: lookups that the parent makes, and the bytes that it pickles.

use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use exercises::{Sheet, Sieve};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Error, Function, meter};

// BEGIN SOLUTION
//| /// What is mapped: the sieve, and all of it.
//| #[derive(bincode::Encode, bincode::Decode)]
//| struct IsPrime(Sieve);
/// What a forked worker finds in its memory.
static SIEVE: OnceLock<Sieve> = OnceLock::new();

/// What is mapped: nothing but a name.
#[derive(bincode::Encode, bincode::Decode)]
struct IsPrime;
// END SOLUTION

impl Function for IsPrime {
    const NAME: &'static str = "bound_method_cache::IsPrime";
    type State = ();
    type Item = u64;
    type Output = bool;

    fn call(&self, _: &(), candidate: u64) -> bool {
        // BEGIN SOLUTION
        //| self.0.is_prime(candidate)
        SIEVE.get().is_some_and(|sieve| sieve.is_prime(candidate))
        // END SOLUTION
    }
}
multiprocess::register_function!(IsPrime);

/// Tells of each candidate whether it is prime, by two workers.
pub fn primes(sieve: Sieve, candidates: Vec<u64>) -> Result<Vec<bool>, Error> {
    // BEGIN SOLUTION
    //| // TODO: the sieve crosses to each worker; let the workers have it without that.
    //| let pool = Pool::start(Config::new(2))?;
    //| let answers = pool.map(IsPrime(sieve), candidates, 0)?;
    SIEVE.set(sieve).expect("one sieve for each run of the program");
    let pool = Pool::start(Config::new(2))?;
    let answers = pool.map(IsPrime, candidates, 0)?;
    // END SOLUTION
    pool.finish(Duration::from_secs(5))?;
    Ok(answers)
}

fn main() -> ExitCode {
    multiprocess::init();
    let candidates: Vec<u64> = (0..10_000).collect();
    let before = meter::counts();
    let answers = primes(Sieve::below(4_000_000), candidates).expect("two workers");
    let counted = meter::counts().since(&before);
    let mut sheet = Sheet::new();
    sheet.exactly("primes below 10,000", answers.iter().filter(|prime| **prime).count() as u64, 1229);
    sheet.at_most("bytes pickled", counted.dumps.bytes, 150_000);
    sheet.end()
}
