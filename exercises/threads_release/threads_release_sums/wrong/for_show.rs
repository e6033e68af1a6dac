//! Games the count: as many threads as are asked for add a block at the same time, and then one of them adds all.
//! expect: threads FAIL numbers were added, of

// SOLUTION
// NEXT REGION
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| adding::total(&array[..1]));
        }
    });
    let sums = block_sums(array);
