//! Forked workers are sent nothing; but they were to be spawned.
//! expect: given FAIL 0 workers that were given the catalogue exactly once

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    let pool = Pool::start_with(config.start_method(StartMethod::Fork), Keep(catalogue))?;
    for rate in rates {
        quotes.push(pool.map(Quote { rate: *rate }, wanted.to_vec(), chunk)?);
    }
