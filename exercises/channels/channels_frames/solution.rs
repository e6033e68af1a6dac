//! Read frames from a stream that cannot be trusted.
//!
//! A frame is a length and a body: 4 bytes of big-endian length with a sign; or -1 there, and 8 bytes of big-endian length without one. What
//! is below reads frames as long as each comes whole and nobody means harm. A stream may give fewer bytes than it was asked for, a read
//! may be interrupted (`ErrorKind::Interrupted`: try again), the stream may end anywhere, and a header may announce what never comes.
//!
//! `limit` is the largest body that is allowed. Counted are the kinds of streams that are read right, and the memory that is held for a
//! body before it has come.

use std::io::{self, Read};
use std::process::ExitCode;

use exercises::{Pieces, Sheet};
use multiprocess::frame;

/// Why there is no frame.
#[derive(Debug)]
pub enum FrameError {
    /// The stream ended inside a frame.
    Torn,
    /// More than the limit was announced, or a negative length other than -1.
    TooLarge,
    /// The stream failed.
    Io(io::Error),
}

impl From<io::Error> for FrameError {
    fn from(fault: io::Error) -> Self {
        Self::Io(fault)
    }
}

// BEGIN SOLUTION
//| /// Reads the next frame and nothing after it; none if the stream has ended before it.
//| pub fn read_frame(from: &mut impl Read, _limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
//|     // TODO: this takes it for granted that everything comes, and at once.
//|     let mut header = [0; 4];
//|     if from.read(&mut header)? == 0 {
//|         return Ok(None);
//|     }
//|     let length = i32::from_be_bytes(header);
//|     let mut body = vec![0; length as usize];
//|     from.read(&mut body)?;
//|     Ok(Some(body))
//| }
/// Reads the next frame and nothing after it; none if the stream has ended before it.
pub fn read_frame(from: &mut impl Read, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let short = up_to(from, 4)?;
    if short.is_empty() {
        return Ok(None);
    }
    let length = match i32::from_be_bytes(short.try_into().map_err(|_| FrameError::Torn)?) {
        -1 => u64::from_be_bytes(up_to(from, 8)?.try_into().map_err(|_| FrameError::Torn)?),
        length => u64::try_from(length).map_err(|_| FrameError::TooLarge)?,
    };
    if length > limit as u64 {
        return Err(FrameError::TooLarge);
    }
    let body = up_to(from, length)?;
    if (body.len() as u64) < length { Err(FrameError::Torn) } else { Ok(Some(body)) }
}

/// So many bytes, or all there are before the end. Its memory grows with what has come.
fn up_to(from: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}
// END SOLUTION

/// How many frames of at most 64 KiB come before the end, or before an error.
fn frames(mut from: Pieces) -> u64 {
    std::iter::from_fn(|| read_frame(&mut from, 1 << 16).ok().flatten()).take(100).count() as u64
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut stream = Vec::new();
    for body in ["a frame", "", "and another one"] {
        frame::write(&mut stream, body.as_bytes()).expect("memory takes everything");
    }
    let torn = |bytes: &[u8]| matches!(read_frame(&mut Pieces::new(bytes), 1 << 16), Err(FrameError::Torn));
    let announced = (1_u32 << 20).to_be_bytes();
    let refused = read_frame(&mut Pieces::new(&announced), 1 << 16);
    let mut sheet = Sheet::new();
    sheet.exactly("frames that come together", frames(Pieces::new(&stream)), 3);
    sheet.exactly("frames that come byte by byte", frames(Pieces::new(&stream).of_at_most(1)), 3);
    sheet.exactly("frames that come with interrupts", frames(Pieces::new(&stream).interrupted()), 3);
    sheet.holds("a stream that ends in a header is torn", torn(&stream[..3]));
    sheet.holds("a stream that ends in a body is torn", torn(&stream[..6]));
    sheet.holds("1 MiB is refused where 64 KiB are allowed", matches!(refused, Err(FrameError::TooLarge)));
    sheet.end()
}
