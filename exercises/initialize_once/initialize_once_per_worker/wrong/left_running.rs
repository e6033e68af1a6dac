//! A second pool, made to be ready for the next call, is never ended.
//! expect: answer FAIL 3 processes left running

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    let pool = Pool::start_with(config, Keep(Arc::clone(&catalogue)))?;
    for rate in rates {
        quotes.push(pool.map(Quote { rate: *rate }, wanted.to_vec(), chunk)?);
    }
    std::mem::forget(Pool::start_with(config, Keep(catalogue))?);
