//! Keeps the block of the last frame for good: whoever comes next has one block fewer.
//! expect: returned FAIL blocks in use

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    for _ in 0..count {
        let (number, index) = queue.get(LIMIT)?;
        let block = blocks.receive(index)?;
        frames.keep(number, &block);
        if number + 1 == count {
            // It is still shown.
            std::mem::forget(block);
        }
    }
