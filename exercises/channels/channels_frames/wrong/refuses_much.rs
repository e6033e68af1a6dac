//! Games the count of memory: whatever is large is refused, also where it is allowed.
//! expect: long FAIL TooLarge

/// Reads the next frame and nothing after it; none if the stream has ended before it.
pub fn read_frame(from: &mut impl Read, _limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let short = up_to(from, 4)?;
    if short.is_empty() {
        return Ok(None);
    }
    let length = match i32::from_be_bytes(short.try_into().map_err(|_| FrameError::Torn)?) {
        -1 => u64::from_be_bytes(up_to(from, 8)?.try_into().map_err(|_| FrameError::Torn)?),
        length => u64::try_from(length).map_err(|_| FrameError::TooLarge)?,
    };
    if length > 10_000 {
        return Err(FrameError::TooLarge);
    }
    let body = up_to(from, length)?;
    if (body.len() as u64) < length { Err(FrameError::Torn) } else { Ok(Some(body)) }
}

fn up_to(from: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}
