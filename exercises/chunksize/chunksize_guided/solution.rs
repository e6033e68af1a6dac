//! Chunks that shrink.
//!
//! A pool asks before every chunk how many items it is to have. One chunksize for all of them has two walls: small chunks make many
//! messages, and with large ones everybody waits for the last. Write the rule that has neither. It knows how many items are left,
//! and nothing of what they cost: that may be even, rising, falling, dear for a stretch, or dear anywhere.
//!
//! Counted are the messages, how much longer workers wait for the last one than they do with single items, and both together; in simulated time,
//! over maps of all these shapes.

use std::process::ExitCode;

use exercises::{Costs, Sheet, simulate};

/// How many items the next chunk has, when `left` are left (at least 1) and `workers` take them: at least 1, and at most `left`.
pub fn next_chunk(left: usize, workers: usize) -> usize {
    // BEGIN SOLUTION
    //| // TODO: this is one chunksize from the first chunk to the last. Let it depend on what is left.
    //| let _ = workers;
    //| left.min(50)
    // Large chunks while there is much to do, single items to fill the gaps at the end. The first chunk is a sixth of a worker's share: where the
    // dear items stand together, one worker shall not carry most of them.
    left.div_ceil(6 * workers)
    // END SOLUTION
}

fn main() -> ExitCode {
    multiprocess::init();
    let (items, workers) = (4_000, 4);
    let mut sheet = Sheet::new();
    for shape in Costs::ALL {
        let costs = shape.draw(items, 1);
        let single = simulate(&costs, workers, |_| 1).expect("single items are there to the last");
        match simulate(&costs, workers, |left| next_chunk(left, workers)) {
            Ok(map) => {
                sheet.at_most(format_args!("{shape:?}, messages"), map.messages, 400);
                let more = map.idle.saturating_sub(single.idle);
                sheet.at_most(format_args!("{shape:?}, time waited beyond that of single items"), more, 30_000);
            }
            Err(fault) => sheet.holds(format_args!("{shape:?}, {fault}"), false),
        }
    }
    sheet.end()
}
