//! Reads until the frame is full, which it never is after the end.
//! expect: torn ERROR again and again

/// Reads the next frame and nothing after it; none if the stream has ended before it.
pub fn read_frame(from: &mut impl Read, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let mut short = vec![0; 4];
    let got = next(from, &mut short)?;
    if got == 0 {
        return Ok(None);
    }
    fill(from, &mut short[got..])?;
    let mut length = i64::from(i32::from_be_bytes(short.try_into().expect("four bytes")));
    if length == -1 {
        let mut long = [0; 8];
        fill(from, &mut long)?;
        length = i64::from_be_bytes(long);
    }
    if length < 0 || length > limit as i64 {
        return Err(FrameError::TooLarge);
    }
    let mut body = vec![0; length as usize];
    fill(from, &mut body)?;
    Ok(Some(body))
}

fn fill(from: &mut impl Read, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        let got = next(from, buffer)?;
        buffer = &mut buffer[got..];
    }
    Ok(())
}

fn next(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(buffer) {
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            otherwise => return otherwise,
        }
    }
}
