//! Games the count of bytes: the parent does all the work, and its workers nothing.
//! expect: workers FAIL 6000 in the parent, 0 in the workers

/// Makes the sieve of a worker.
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

#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct IsPrime;
// NEXT REGION
// SOLUTION
// NEXT REGION
    sieve: Sieve,
    pool: Pool<Sieve>,
// NEXT REGION
        Ok(Self { sieve: Sieve::below(below), pool: Pool::start_with(config, MakeSieve { below })? })
// NEXT REGION
        Ok(numbers.into_iter().map(|number| self.sieve.is_prime(number)).collect())
// NEXT REGION
// SOLUTION
