//! Rendered elsewhere and copied into the block: one copy is left of four.
//! expect: in_place PARTIAL frames rendered or kept outside the blocks

// SOLUTION
// NEXT REGION
        let mut frame = vec![0.0; frames.len()];
        frames.render(number, &mut frame);
        let mut block = blocks.take(index, LIMIT)?;
        block.copy_from_slice(&frame);
        queue.put((number, block.hand_over()), LIMIT)?;
// NEXT REGION
    for _ in 0..count {
        let (number, index) = queue.get(LIMIT)?;
        let block = blocks.receive(index)?;
        frames.keep(number, &block);
    }
