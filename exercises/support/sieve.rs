//! A table of primes: what a pool should look into, and should not carry about.

multiprocess::mark!(pub(crate) static LOOKUPS = "lookups");
multiprocess::mark!(static SIEVES = "sieves");

/// Tells the primes below a bound by a table of one byte a number. Each look into it is counted, as mark `lookups`, in the process that looks;
/// and each sieve that is made, not decoded, as mark `sieves`, in the process that makes it.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct Sieve {
    composite: Vec<u8>,
}

impl Sieve {
    /// The table of all numbers below `bound`, by the sieve of Eratosthenes.
    pub fn below(bound: usize) -> Self {
        SIEVES.count();
        let mut composite = vec![0; bound.max(2)];
        composite[..2].fill(1);
        let mut prime = 2;
        while prime * prime < composite.len() {
            if composite[prime] == 0 {
                composite[prime * prime..].iter_mut().step_by(prime).for_each(|number| *number = 1);
            }
            prime += 1;
        }
        Self { composite }
    }

    /// Whether `number` is a prime below the bound.
    ///
    /// ```
    /// assert!(exercises::Sieve::below(100).is_prime(97));
    /// assert!(!exercises::Sieve::below(100).is_prime(91));
    /// ```
    pub fn is_prime(&self, number: u64) -> bool {
        LOOKUPS.count();
        usize::try_from(number).ok().and_then(|place| self.composite.get(place)) == Some(&0)
    }
}
