//! Starts a thread and waits for it, then the next one: an iterator does only what it is asked for.
//! expect: threads FAIL threads that add at one time

// SOLUTION
// NEXT REGION
    let share = array.len().div_ceil(BLOCK).div_ceil(workers).max(1) * BLOCK;
    let sums: Vec<f64> = thread::scope(|scope| {
        let threads = array.chunks(share).map(|share| scope.spawn(|| block_sums(share)));
        threads.flat_map(|thread| thread.join().expect("adding does not panic")).collect()
    });
