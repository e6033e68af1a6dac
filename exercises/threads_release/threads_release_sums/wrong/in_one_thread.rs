//! Games the counts: nothing is pickled or started, because one thread does it all.
//! expect: threads FAIL threads that add at one time

// SOLUTION
// NEXT REGION
    let _ = workers;
    let sums = block_sums(array);
