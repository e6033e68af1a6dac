//! Games the count: a pool is there, and nobody gives it anything to do.
//! expect: workers FAIL no worker has weighed

#[derive(bincode::Encode, bincode::Decode)]
struct Price {
    rate: u64,
}
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
        let price = Price { rate };
        Ok(items.into_iter().map(|item| price.call(&(), item)).collect())
// NEXT REGION
// SOLUTION
