//! The initializer is right, but every map starts workers of its own, which are given the catalogue again.
//! expect: workers FAIL 0 in the parent, 0 in the workers

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    let mut pool = Pool::start_with(config, Keep(Arc::clone(&catalogue)))?;
    for rate in rates {
        quotes.push(pool.map(Quote { rate: *rate }, wanted.to_vec(), chunk)?);
        let last = std::mem::replace(&mut pool, Pool::start_with(config, Keep(Arc::clone(&catalogue)))?);
        last.finish()?;
    }
