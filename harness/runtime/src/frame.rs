//! Message framing as in CPython's `connection.py`: a big-endian length, then the body.
//!
//! A body of up to 2^31 - 1 bytes has a 4-byte header; a larger one has -1 there and 8 bytes more. A body above 16,384 bytes
//! is written apart from its header, a smaller one together with it. Unlike CPython, the reader refuses a length above
//! its limit before it allocates anything.

use std::io::{self, Read, Write};
use std::time::Instant;

use crate::codec::LIMIT_BYTES;
use crate::error::{Error, Kind};
use crate::meter;

/// Bodies above this size get a write of their own.
const WRITTEN_WITH_HEADER: usize = 16_384;

/// What is allocated at most before the body's bytes really arrive.
const FIRST_ALLOCATION: usize = 1 << 20;

/// Writes one frame, and counts it.
///
/// # Errors
/// If the pipe is closed at the other end, or the writer gives up.
pub fn write(to: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let begin = Instant::now();
    let mut header = header(body.len());
    let bytes = header.len() + body.len();
    if body.len() > WRITTEN_WITH_HEADER {
        to.write_all(&header)?;
        to.write_all(body)?;
    } else {
        header.extend_from_slice(body);
        to.write_all(&header)?;
    }
    meter::slot().writes.add(bytes, begin);
    Ok(())
}

fn header(bytes: usize) -> Vec<u8> {
    match i32::try_from(bytes) {
        Ok(length) => length.to_be_bytes().to_vec(),
        Err(_) => [&(-1_i32).to_be_bytes()[..], &(bytes as u64).to_be_bytes()].concat(),
    }
}

/// Reads one frame, and counts it; none if the stream ended before its first byte.
///
/// # Errors
/// If the stream ends inside the frame, the frame is too large, or the reader gives up.
pub fn read(from: &mut impl Read) -> Result<Option<Vec<u8>>, Error> {
    let failed = Error::io("reading a frame");
    let mut short = [0; 4];
    match first_bytes(from, &mut short) {
        Ok(0) => return Ok(None),
        Ok(got) => match from.read_exact(&mut short[got..]) {
            Ok(()) => {}
            Err(fault) => return Err(failed(torn(fault))),
        },
        Err(fault) => return Err(failed(fault)),
    }
    let begin = Instant::now();
    let (bytes, header) = match i32::from_be_bytes(short) {
        -1 => {
            let mut long = [0; 8];
            from.read_exact(&mut long).map_err(torn).map_err(failed)?;
            (u64::from_be_bytes(long), 12)
        }
        length => (u64::from(length.cast_unsigned()), 4),
    };
    let body = read_body(from, bytes)?;
    meter::slot().reads.add(header + body.len(), begin);
    Ok(Some(body))
}

fn first_bytes(from: &mut impl Read, header: &mut [u8; 4]) -> io::Result<usize> {
    loop {
        match from.read(header) {
            Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn read_body(from: &mut impl Read, bytes: u64) -> Result<Vec<u8>, Error> {
    let length = usize::try_from(bytes).ok().filter(|length| *length <= LIMIT_BYTES);
    let Some(length) = length else {
        return Err(Kind::FrameTooLarge { bytes, limit: LIMIT_BYTES as u64 }.into());
    };
    let failed = |fault| Error::io("reading a frame")(torn(fault));
    let mut body = vec![0; length.min(FIRST_ALLOCATION)];
    from.read_exact(&mut body).map_err(failed)?;
    if length > FIRST_ALLOCATION {
        // What has arrived proves that the sender really has much to send. Fresh zeroed memory costs nothing until it is written,
        // unlike zeroing what the vector grows by.
        let mut whole = vec![0; length];
        whole[..FIRST_ALLOCATION].copy_from_slice(&body);
        from.read_exact(&mut whole[FIRST_ALLOCATION..]).map_err(failed)?;
        body = whole;
    }
    Ok(body)
}

fn torn(fault: io::Error) -> io::Error {
    if fault.kind() == io::ErrorKind::UnexpectedEof {
        io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ended inside a frame")
    } else {
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_round_trip(body: &[u8], header: usize) {
        let mut bytes = Vec::new();
        write(&mut bytes, body).unwrap();
        assert_eq!(bytes.len(), header + body.len());
        assert_eq!(read(&mut &bytes[..]).unwrap().as_deref(), Some(body));
    }

    #[test]
    fn a_frame_is_a_big_endian_length_and_the_body() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"abc").unwrap();
        assert_eq!(bytes, [0, 0, 0, 3, b'a', b'b', b'c']);
    }

    #[test]
    fn bodies_of_every_kind_of_size_come_back() {
        for size in [0, 1, 16_384, 16_385, FIRST_ALLOCATION - 1, FIRST_ALLOCATION, FIRST_ALLOCATION + 1, 3 << 20] {
            check_round_trip(&vec![7; size], 4);
        }
    }

    #[test]
    fn the_header_grows_only_beyond_two_gibibytes() {
        assert_eq!(header(i32::MAX as usize), i32::MAX.to_be_bytes());
        assert_eq!(header(1 << 31), [255, 255, 255, 255, 0, 0, 0, 0, 128, 0, 0, 0]);
    }

    #[test]
    fn a_stream_that_ends_between_frames_is_an_end_and_inside_one_an_error() {
        let mut bytes = Vec::new();
        write(&mut bytes, &[1; 100]).unwrap();
        assert!(read(&mut &bytes[..0]).unwrap().is_none());
        for cut in 1..bytes.len() {
            let fault = read(&mut &bytes[..cut]).unwrap_err();
            assert!(fault.to_string().contains("ended inside a frame"), "cut at {cut}: {fault}");
        }
    }

    #[test]
    fn a_hostile_length_is_refused_before_anything_is_allocated() {
        let hostile = [&(-1_i32).to_be_bytes()[..], &u64::MAX.to_be_bytes()].concat();
        assert!(read(&mut &hostile[..]).unwrap_err().is_decode());
        let negative = (-2_i32).to_be_bytes();
        assert!(read(&mut &negative[..]).unwrap_err().is_decode());
    }
}
