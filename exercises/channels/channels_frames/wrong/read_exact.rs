//! `read_exact` calls every end the same, so a stream that ends inside a header seems to end well.
//! expect: torn FAIL got no frame

/// Reads the next frame and nothing after it; none if the stream has ended before it.
pub fn read_frame(from: &mut impl Read, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let mut short = [0; 4];
    match from.read_exact(&mut short) {
        Err(fault) if fault.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        otherwise => otherwise?,
    }
    let mut length = i64::from(i32::from_be_bytes(short));
    if length == -1 {
        let mut long = [0; 8];
        from.read_exact(&mut long)?;
        length = i64::from_be_bytes(long);
    }
    if length < 0 || length > limit as i64 {
        return Err(FrameError::TooLarge);
    }
    let mut body = Vec::new();
    from.take(length as u64).read_to_end(&mut body)?;
    if body.len() as i64 != length { Err(FrameError::Torn) } else { Ok(Some(body)) }
}
