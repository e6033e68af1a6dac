//! Each thread adds up all of its share: the numbers are added in another order, and the sum has other bits.
//! expect: answer FAIL expected

/// The sum of `share`, all of it.
fn share_sum(share: &[f64]) -> f64 {
    adding::total(share)
}
// NEXT REGION
    let share = array.len().div_ceil(workers).max(1);
    let sums: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = array.chunks(share).map(|share| scope.spawn(|| share_sum(share))).collect();
        threads.into_iter().map(|thread| thread.join().expect("adding does not panic")).collect()
    });
