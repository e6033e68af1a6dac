//! A stream as a pipe gives it: in pieces, with interrupts, and with an end.

use std::io::{self, ErrorKind, Read};

/// How often a stream that has ended may be read again. Whoever does so more often would do it for ever.
const AFTER_THE_END: u32 = 1_000;

/// Bytes that come as from a pipe or a socket: a read gets as much as there is, or less, or is interrupted.
///
/// ```
/// use std::io::Read;
///
/// let mut stream = exercises::Pieces::new(b"abc").of_at_most(2);
/// let mut buffer = [0; 8];
/// assert_eq!(stream.read(&mut buffer).unwrap(), 2);
/// assert_eq!(stream.left(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
    /// Whether the next read is interrupted; none if no read is.
    interrupted: Option<bool>,
    fault: Option<ErrorKind>,
    after_the_end: u32,
}

impl Pieces {
    /// A stream of these bytes that gives as many as it is asked for.
    pub fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), at: 0, piece: usize::MAX, interrupted: None, fault: None, after_the_end: 0 }
    }

    /// The same, which gives at most `bytes` bytes at a time; at least 1.
    #[must_use]
    pub fn of_at_most(self, bytes: usize) -> Self {
        Self { piece: bytes.max(1), ..self }
    }

    /// The same, of which every other read is interrupted, beginning with the first.
    #[must_use]
    pub fn interrupted(self) -> Self {
        Self { interrupted: Some(true), ..self }
    }

    /// The same, with this error in place of its end.
    #[must_use]
    pub fn failing(self, fault: ErrorKind) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// How many bytes were not read yet.
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(interrupted) = &mut self.interrupted {
            *interrupted = !*interrupted;
            if !*interrupted {
                return Err(ErrorKind::Interrupted.into());
            }
        }
        if self.left() == 0 && !buffer.is_empty() {
            self.after_the_end += 1;
            assert!(self.after_the_end < AFTER_THE_END, "the stream has ended, and is read again and again");
            return self.fault.map_or(Ok(0), |fault| Err(fault.into()));
        }
        let given = self.left().min(buffer.len()).min(self.piece);
        buffer[..given].copy_from_slice(&self.bytes[self.at..self.at + given]);
        self.at += given;
        Ok(given)
    }
}
