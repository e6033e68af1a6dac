//! The receiver keeps every block: the workers wait for one that is free, and the receiver for them.
//! expect: answer FAIL no item came within

// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    let mut kept = Vec::new();
    for _ in 0..count {
        let (number, index) = queue.get(LIMIT)?;
        let block = blocks.receive(index)?;
        frames.keep(number, &block);
        kept.push(block);
    }
