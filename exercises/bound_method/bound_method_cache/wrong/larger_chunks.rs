//! Fewer crossings, but the sieve still crosses.
//! expect: bytes FAIL bytes pickled

// SKELETON
// NEXT REGION
// SKELETON
// NEXT REGION
    let pool = Pool::start(Config::new(2))?;
    let half = candidates.len().div_ceil(2) as u64;
    let answers = pool.map(IsPrime(sieve), candidates, half)?;
