//! Put the handle on the queue, not the array.
//!
//! Two workers render frames and put them on a queue. Each frame is pickled, written to a pipe, read from it and unpickled. Let the workers
//! render into blocks of shared memory, and put the index of the block on the queue. There are four blocks for all frames: each has to
//! come back. Counted: bytes that the receiver gets, frames that were rendered or kept outside the blocks, and blocks that are not free at the end.

use std::process::ExitCode;
use std::time::Duration;

use exercises::{Frames, Sheet};
use multiprocess::{Error, Inherited, Process, Queue, SharedBlocks, meter};

/// How many processes render.
const WORKERS: u64 = 2;

/// How long anything is waited for.
const LIMIT: Duration = Duration::from_secs(3);

// BEGIN SOLUTION
//| /// What goes through the queue: a frame's number, and the frame.
//| type Item = (u64, multiprocess::Numbers);
/// What goes through the queue: a frame's number, and the block that it lies in.
type Item = (u64, usize);
// END SOLUTION

/// The life of a worker: it renders every second frame.
fn work(worker: u64, count: u64, frames: &Frames, blocks: &SharedBlocks, queue: &Queue<Item>) -> Result<(), Error> {
    for number in (worker..count).step_by(WORKERS as usize) {
        // The two workers never want the same block: even numbers lie in blocks 0 and 2, odd ones in 1 and 3.
        let index = number as usize % blocks.count();
        // BEGIN SOLUTION
        //| // TODO: render into block `index`, and put no more than that on the queue.
        //| let mut frame = vec![0.0; frames.len()];
        //| frames.render(number, &mut frame);
        //| queue.put((number, frame.into()), LIMIT)?;
        let mut block = blocks.take(index, LIMIT)?;
        frames.render(number, &mut block);
        queue.put((number, block.hand_over()), LIMIT)?;
        // END SOLUTION
    }
    queue.close();
    queue.join_thread(LIMIT)
}

/// Has workers render the first `count` frames, and keeps each.
pub fn collect(count: u64, frames: &Frames, blocks: &SharedBlocks) -> Result<(), Error> {
    let queue = Queue::new(0)?;
    let inherits: [&dyn Inherited; 1] = [&queue];
    let life = |worker| match work(worker, count, frames, blocks, &queue) {
        Ok(()) => 0,
        Err(fault) => {
            eprintln!("worker {worker}: {fault}");
            1
        }
    };
    let start = |worker| Process::start(&inherits, || life(worker));
    let mut workers = (0..WORKERS).map(start).collect::<Result<Vec<_>, _>>()?;
    // BEGIN SOLUTION
    //| for _ in 0..count {
    //|     let (number, frame) = queue.get(LIMIT)?;
    //|     frames.keep(number, &frame);
    //| }
    for _ in 0..count {
        let (number, index) = queue.get(LIMIT)?;
        // Free again at the end of each turn.
        let block = blocks.receive(index)?;
        frames.keep(number, &block);
    }
    // END SOLUTION
    for worker in &mut workers {
        worker.join(LIMIT)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    multiprocess::init();
    let blocks = SharedBlocks::create(4, 1_000).expect("four blocks of 8 KB");
    let frames = Frames::in_blocks(1, &blocks).expect("the blocks are free");
    let before = meter::counts();
    let collected = collect(12, &frames, &blocks);
    let counted = meter::counts().since(&before);
    let in_use = (0..blocks.count()).filter(|index| blocks.take(*index, Duration::ZERO).is_err()).count();
    let mut sheet = Sheet::new();
    match collected.err().map(|fault| fault.to_string()).or(frames.fault(12)) {
        Some(fault) => sheet.holds(format_args!("each frame is kept once: {fault}"), false),
        None => sheet.holds("each frame is kept once", true),
    }
    sheet.at_most("bytes got from the queue", counted.reads.bytes, 1_000);
    sheet.exactly("frames outside the blocks", frames.outside(), 0);
    sheet.exactly("blocks not free at the end", in_use as u64, 0);
    sheet.end()
}
