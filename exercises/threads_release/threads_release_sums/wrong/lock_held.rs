//! Each thread adds while it holds the lock of the list: what an interpreter lock does that is not let go of.
//! expect: threads FAIL threads that add at one time

use std::sync::Mutex;
// NEXT REGION
    let blocks: Vec<&[f64]> = array.chunks(BLOCK).collect();
    let list = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let mut sums = list.lock().expect("nobody panics with the list");
                    let Some(block) = blocks.get(sums.len()) else { return };
                    let sum = adding::total(block);
                    sums.push(sum);
                }
            });
        }
    });
    let sums = list.into_inner().expect("nobody panics with the list");
