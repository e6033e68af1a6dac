//! Games the count: nothing crosses, because nothing is sent to anyone.
//! expect: workers FAIL lookups in the parent

#[derive(bincode::Encode, bincode::Decode)]
struct IsPrime;
// NEXT REGION
        candidate > 1
// NEXT REGION
    let pool = Pool::start(Config::new(2))?;
    let answers = candidates.into_iter().map(|candidate| sieve.is_prime(candidate)).collect();
