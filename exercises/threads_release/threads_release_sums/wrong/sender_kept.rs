//! Waits for the end of the sums, which does not come as long as there is a sender: and its own is still there.
//! expect: answer TIMEOUT not done after

use std::sync::mpsc;
// NEXT REGION
    let blocks: Vec<&[f64]> = array.chunks(BLOCK).collect();
    let share = blocks.len().div_ceil(workers).max(1);
    let mut sums = vec![0.0; blocks.len()];
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for (first, share) in (0..).step_by(share).zip(blocks.chunks(share)) {
            let sender = sender.clone();
            scope.spawn(move || {
                for (place, block) in (first..).zip(share) {
                    sender.send((place, adding::total(block))).expect("the receiver is there");
                }
            });
        }
        for (place, sum) in receiver {
            sums[place] = sum;
        }
    });
