//! Each worker leaves its last frame under a name as well, for a viewer, and nobody unlinks it: it stays in `/dev/shm`.
//! expect: returned FAIL segments left

use multiprocess::named::{SharedMemory, Tracking};

/// What goes through the queue: a frame's number, and the block that it lies in.
type Item = (u64, usize);
// NEXT REGION
        let mut block = blocks.take(index, LIMIT)?;
        frames.render(number, &mut block);
        if number + WORKERS >= count {
            let bytes: Vec<u8> = block.iter().flat_map(|number| number.to_le_bytes()).collect();
            let segment = SharedMemory::create(bytes.len(), Tracking::OwnerOnly)?;
            segment.write(0, &bytes)?;
            segment.close();
        }
        queue.put((number, block.hand_over()), LIMIT)?;
// NEXT REGION
    for _ in 0..count {
        let (number, index) = queue.get(LIMIT)?;
        let block = blocks.receive(index)?;
        frames.keep(number, &block);
    }
