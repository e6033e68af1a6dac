//! Whether every frame is kept, what came through the queue for it, where it lay, and what is left behind.

use std::process::ExitCode;
use std::time::Duration;

use exercises::Frames;
use exercises::checking::{self, Checking};
use multiprocess::{SharedBlocks, meter, named};
use submission::collect;

/// Frames, blocks for them, and numbers of each.
const FRAMES: u64 = 40;
const BLOCKS: usize = 4;
const NUMBERS: usize = 8_000;

fn main() -> ExitCode {
    checking::main(&[("frames", frames)])
}

fn frames(checking: &mut Checking) {
    let blocks = SharedBlocks::create(BLOCKS, NUMBERS).expect("256 KB of shared memory");
    let frames = Frames::in_blocks(checking.seed(), &blocks).expect("the blocks are free");
    let before = meter::counts();
    let collected = collect(FRAMES, &frames, &blocks);
    let counted = meter::counts().since(&before);
    let fault = collected.err().map(|fault| fault.to_string()).or(frames.fault(FRAMES));
    checking.holds("answer", fault.is_none(), fault.unwrap_or(format!("{FRAMES} frames, each once")));
    match frames.by_parent() {
        0 => checking.count("workers", frames.by_workers()),
        rendered => checking.holds("workers", false, format_args!("the receiver rendered {rendered} frames itself")),
    }
    // Whoever reads by hand unpickles nothing, and whoever does not use the queue has another way.
    checking.count("bytes", counted.reads.bytes.max(counted.loads.bytes));
    let in_use = (0..BLOCKS).filter(|index| blocks.take(*index, Duration::ZERO).is_err()).count();
    checking.count("returned", in_use as u64 + segments_of(&frames.renderers()));
    checking.count("in_place", frames.outside());
}

/// Named segments that these processes, which have ended, have left in `/dev/shm`; they are removed.
fn segments_of(pids: &[u32]) -> u64 {
    let swept = named::sweep().unwrap_or_default();
    // A name is `/mp_NAMESPACE_PID_START_RANDOM`, in hexadecimal.
    let owner = |name: &String| u32::from_str_radix(name.split('_').nth(2)?, 16).ok();
    swept.iter().filter(|name| owner(name).is_some_and(|pid| pids.contains(&pid))).count() as u64
}
