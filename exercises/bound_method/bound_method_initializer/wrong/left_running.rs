//! Finishing is forgotten: the workers stay.
//! expect: answer FAIL 3 processes left running

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
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
        let _ = limit;
        let records = self.pool.records();
        std::mem::forget(self.pool);
        Ok(records)
