//! The initializer carries the sieve, which is made in the parent: it crosses once per worker, where a number would do.
//! expect: once FAIL 1 in the parent, [0, 0, 0] in its workers

/// Hands a sieve over to each worker.
#[derive(Debug, bincode::Encode, bincode::Decode)]
struct HandOver(Sieve);

impl Initializer for HandOver {
    const NAME: &'static str = "bound_method_initializer::HandOver";
    type State = Sieve;

    fn initialize(self) -> Sieve {
        self.0
    }
}
multiprocess::register_initializer!(HandOver);

#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct IsPrime;
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
        Ok(Self { pool: Pool::start_with(config, HandOver(Sieve::below(below)))? })
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
