//! Threads that may outlive the array, and so have to have a copy of it.
//! expect: copies FAIL numbers added in a copy

/// The sums of the blocks of `share`, one after the other.
fn block_sums(share: Vec<f64>) -> Vec<f64> {
    share.chunks(BLOCK).map(adding::total).collect()
}
// NEXT REGION
    let share = array.len().div_ceil(BLOCK).div_ceil(workers).max(1) * BLOCK;
    let start = |share: &[f64]| {
        let share = share.to_vec();
        thread::spawn(|| block_sums(share))
    };
    let threads: Vec<_> = array.chunks(share).map(start).collect();
    let ended = threads.into_iter().map(|thread| thread.join().expect("adding does not panic"));
    let sums: Vec<f64> = ended.flatten().collect();
