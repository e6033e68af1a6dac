//! Two pipes between two processes, one in each direction.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};

use multiprocess::Inherited;

/// What one side has of a pair of pipes. A process that is given one of them keeps it open; dropping it closes it.
///
/// ```
/// use std::io::{Read, Write};
///
/// let [one, other] = exercises::Ends::pair().unwrap();
/// (&one.output).write_all(b"x").unwrap();
/// let mut byte = [0];
/// (&other.input).read_exact(&mut byte).unwrap();
/// assert_eq!(byte, *b"x");
/// ```
#[derive(Debug)]
pub struct Ends {
    /// What the other side writes comes here.
    pub input: PipeReader,
    /// What the other side reads goes here.
    pub output: PipeWriter,
}

impl Ends {
    /// The two sides of two pipes.
    ///
    /// # Errors
    /// If there are no descriptors.
    pub fn pair() -> io::Result<[Self; 2]> {
        let (there_out, there_in) = io::pipe()?;
        let (back_out, back_in) = io::pipe()?;
        Ok([Self { input: back_out, output: there_in }, Self { input: there_out, output: back_in }])
    }
}

impl Inherited for Ends {
    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.input.as_fd(), self.output.as_fd()]
    }
}
