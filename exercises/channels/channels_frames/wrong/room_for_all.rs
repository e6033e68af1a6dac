//! Every stream is read right, but whoever announces 64 MiB gets them.
//! expect: held FAIL bytes held

/// Reads the next frame and nothing after it; none if the stream has ended before it.
pub fn read_frame(from: &mut impl Read, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let mut short = [0; 4];
    match fill(from, &mut short)? {
        0 => return Ok(None),
        4 => {}
        _ => return Err(FrameError::Torn),
    }
    let mut length = i64::from(i32::from_be_bytes(short));
    if length == -1 {
        let mut long = [0; 8];
        if fill(from, &mut long)? < 8 {
            return Err(FrameError::Torn);
        }
        length = i64::from_be_bytes(long);
    }
    if length < 0 || length > limit as i64 {
        return Err(FrameError::TooLarge);
    }
    let mut body = vec![0; length as usize];
    if fill(from, &mut body)? < body.len() { Err(FrameError::Torn) } else { Ok(Some(body)) }
}

fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match from.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(bytes) => got += bytes,
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(got)
}
