//! The workers are forked before the array is there: they find nothing.
//! expect: answer FAIL the array is there before the workers are

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    let pool = Pool::start(Config::new(2))?;
    ARRAY.set(array).expect("one array for each run of the program");
    let sums = pool.map(Sum, windows, 0)?;
