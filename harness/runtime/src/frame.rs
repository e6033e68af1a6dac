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
use crate::trace;

/// Bodies above this size get a write of their own.
pub(crate) const WRITTEN_WITH_HEADER: usize = 16_384;

/// What is allocated at most before the body's bytes really arrive.
pub(crate) const FIRST_ALLOCATION: usize = 1 << 20;

/// Writes one frame, and counts it.
///
/// # Errors
/// If the pipe is closed at the other end, or the writer gives up.
pub fn write(to: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let (span, begin) = (trace::span(trace::Kind::Write), Instant::now());
    let header = Header::of(body.len());
    let bytes = header.len() + body.len();
    if body.len() > WRITTEN_WITH_HEADER {
        to.write_all(&header)?;
        to.write_all(body)?;
    } else {
        to.write_all(&[&header, body].concat())?;
    }
    meter::slot().writes.add(bytes, begin);
    span.bytes(bytes);
    // What is on its way is done with.
    trace::about_nothing();
    Ok(())
}

/// How long the frame of a body of `body` bytes is.
pub(crate) fn bytes(body: usize) -> usize {
    Header::of(body).len() + body
}

/// The largest header, in bytes.
pub(crate) const HEADER_AT_MOST: usize = 12;

/// What comes before a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    bytes: [u8; HEADER_AT_MOST],
    used: usize,
}

impl Header {
    /// The header of a body of so many bytes.
    pub(crate) fn of(length: usize) -> Self {
        let mut bytes = [0; HEADER_AT_MOST];
        if let Ok(short) = i32::try_from(length) {
            bytes[..4].copy_from_slice(&short.to_be_bytes());
            return Self { bytes, used: 4 };
        }
        bytes[..4].copy_from_slice(&(-1_i32).to_be_bytes());
        bytes[4..].copy_from_slice(&(length as u64).to_be_bytes());
        Self { bytes, used: HEADER_AT_MOST }
    }

    /// The length that the first bytes of a frame tell, or how many more bytes of its header there must be. A negative length other than -1
    /// reads as one that is above every limit.
    pub(crate) fn read(bytes: &[u8]) -> Result<u64, usize> {
        let Some((short, rest)) = bytes.split_first_chunk() else { return Err(4 - bytes.len()) };
        match i32::from_be_bytes(*short) {
            -1 => rest.first_chunk().map(|long| u64::from_be_bytes(*long)).ok_or(8 - rest.len().min(8)),
            ..-1 => Ok(u64::MAX),
            length => Ok(u64::from(length.cast_unsigned())),
        }
    }
}

impl std::ops::Deref for Header {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

/// Reads one frame, and counts it; none if the stream ended before its first byte.
///
/// # Errors
/// If the stream ends inside the frame, the frame is too large, or the reader gives up.
pub fn read(from: &mut impl Read) -> Result<Option<Vec<u8>>, Error> {
    let failed = Error::io("reading a frame");
    let mut short = [0; 4];
    // Only what is in the frame tells what it is about.
    trace::about_nothing();
    let got = {
        let _span = trace::span(trace::Kind::Await);
        first_bytes(from, &mut short).map_err(failed)?
    };
    if got == 0 {
        return Ok(None);
    }
    let span = trace::span(trace::Kind::Read);
    let failed = Error::io("reading a frame");
    from.read_exact(&mut short[got..]).map_err(|fault| failed(torn(fault)))?;
    let begin = Instant::now();
    let (bytes, header) = match Header::read(&short) {
        Ok(length) => (length, 4),
        Err(_) => {
            let mut long = [0; 8];
            from.read_exact(&mut long).map_err(|fault| Error::io("reading a frame")(torn(fault)))?;
            (u64::from_be_bytes(long), HEADER_AT_MOST)
        }
    };
    let body = read_body(from, bytes)?;
    meter::slot().reads.add(header + body.len(), begin);
    span.bytes(header + body.len());
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
mod tests;
