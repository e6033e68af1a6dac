//! A buffered reader takes more than the frame, and is dropped with it.
//! expect: together FAIL frame 2 of 12

/// Reads the next frame and nothing after it; none if the stream has ended before it.
pub fn read_frame(from: &mut impl Read, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let mut from = io::BufReader::new(from);
    let mut short = [0; 4];
    let got = from.read(&mut short)?;
    if got == 0 {
        return Ok(None);
    }
    from.read_exact(&mut short[got..])?;
    let length = u32::from_be_bytes(short) as usize;
    if length > limit {
        return Err(FrameError::TooLarge);
    }
    let mut body = Vec::new();
    from.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length { Err(FrameError::Torn) } else { Ok(Some(body)) }
}
