//! Games the count: nothing crosses, because the parent does the work itself.
//! expect: workers FAIL the parent added

/// What crosses for each window: where it lies.
type Window = Range<usize>;
// NEXT REGION
        window.len() as f64
// NEXT REGION
    let pool = Pool::start(Config::new(2))?;
    pool.map(Sum, windows.clone(), 0)?;
    let sums = windows.into_iter().map(|window| adding::total(&array[window])).collect();
