//! The worker tells the index and drops the block: it is free before the receiver has it.
//! expect: answer FAIL handed over

// SOLUTION
// NEXT REGION
        let mut block = blocks.take(index, LIMIT)?;
        frames.render(number, &mut block);
        queue.put((number, index), LIMIT)?;
// NEXT REGION
    for _ in 0..count {
        let (number, index) = queue.get(LIMIT)?;
        let block = blocks.receive(index)?;
        frames.keep(number, &block);
    }
