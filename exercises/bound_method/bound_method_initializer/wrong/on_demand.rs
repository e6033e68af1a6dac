//! A global that the first task of each worker fills: no initializer, so the first task waits for the sieve, and any worker may be asked.
//! expect: early FAIL 0 in the parent, [0, 0] in its workers

/// The sieve of this process, once somebody has asked for it.
static SIEVE: std::sync::OnceLock<Sieve> = std::sync::OnceLock::new();

#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct IsPrime {
    below: usize,
}
// NEXT REGION
    type State = ();

    fn call(&self, _: &(), number: u64) -> bool {
        SIEVE.get_or_init(|| Sieve::below(self.below)).is_prime(number)
    }
// NEXT REGION
    function: IsPrime,
    pool: Pool,
// NEXT REGION
        Ok(Self { function: IsPrime { below }, pool: Pool::start(config)? })
// NEXT REGION
// SKELETON
// NEXT REGION
// SOLUTION
