//! Forgets that primes become rarer: the late parts are too small.
//! expect: even PARTIAL above the fair share

fn work(number: u32) -> f64 {
    f64::from(number).sqrt()
}

// NEXT REGION
// SOLUTION
