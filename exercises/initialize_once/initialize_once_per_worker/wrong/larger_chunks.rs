//! One task for each map: the catalogue crosses less often, one worker does all the work of a map, and the others none.
//! expect: pickled FAIL 5 catalogues pickled

// SKELETON
// NEXT REGION
// SKELETON
// NEXT REGION
    let _ = chunk;
    let pool = Pool::start(config)?;
    for rate in rates {
        let quote = Quote { catalogue: Arc::clone(&catalogue), rate: *rate };
        quotes.push(pool.map(quote, wanted.to_vec(), Chunksize::from(wanted.len() as u64))?);
    }
