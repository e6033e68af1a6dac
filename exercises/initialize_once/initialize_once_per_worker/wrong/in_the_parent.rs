//! Games the count of crossings: the parent looks every price up, and its workers do nothing.
//! expect: workers FAIL 2000 in the parent, 0 in the workers

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    let _ = chunk;
    let pool = Pool::start_with(config, Keep(Arc::clone(&catalogue)))?;
    for rate in rates {
        quotes.push(wanted.iter().map(|article| catalogue.price(*article) * rate).collect());
    }
