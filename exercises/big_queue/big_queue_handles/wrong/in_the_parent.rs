//! Games the count: the workers render for show, and the receiver renders each frame once more, where it needs it.
//! expect: workers FAIL the receiver rendered

/// What goes through the queue: a frame's number, and the block that it should lie in.
type Item = (u64, usize);
// NEXT REGION
        frames.render(number, &mut blocks.take(index, LIMIT)?);
        queue.put((number, index), LIMIT)?;
// NEXT REGION
    for _ in 0..count {
        let (number, index) = queue.get(LIMIT)?;
        let mut block = blocks.take(index, LIMIT)?;
        frames.render(number, &mut block);
        frames.keep(number, &block);
    }
