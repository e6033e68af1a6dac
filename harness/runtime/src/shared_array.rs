//! An array of plain numbers that forked workers share in place: only indices need to cross.

use std::fmt;
use std::io;
use std::ops::Range;

use crate::sys::array::{Claim, Numbers, Refused};

pub use crate::sys::array::Plain;

/// Numbers in memory that this process shares with the workers it forks. They are zeros at first.
///
/// Made before the fork, as a global or as part of an initializer, it is inherited at the same address. Each process reads or writes a
/// range by claiming it for the time of a closure: any number of claims may read a number at a time, or one may write it. The claims
/// of all processes stand in one table in the shared memory, so that two can never have overlapping parts to write; what is refused
/// is refused at once, and nothing ever waits.
///
/// While a closure runs, its process cannot be forked: the child would have the numbers, too, and no claim would say so.
///
/// A worker that is killed inside the closure keeps its claim: what it was writing is half done, and stays out of reach as what a
/// poisoned mutex guards does; here there is no way to get it back.
///
/// The memory is a shared anonymous mapping (mmap(2)): it has no name, so nothing is in `/dev/shm`, and it goes with the last process
/// that maps it. A spawned worker does not inherit it.
///
/// ```
/// use multiprocess::SharedArray;
///
/// let squares = SharedArray::<u64>::zeroed(100).unwrap();
/// for part in [0..50, 50..100] {
///     squares.write(part.clone(), |numbers| {
///         for (number, index) in numbers.iter_mut().zip(part) {
///             *number = (index * index) as u64;
///         }
///     }).unwrap();
/// }
/// assert_eq!(squares.read(99..100, |numbers| numbers[0]).unwrap(), 9_801);
/// ```
#[derive(Debug)]
pub struct SharedArray<T>(Numbers<T>);

/// Why a range was not given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// The range does not lie inside the array.
    Outside {
        /// What was asked for.
        asked: Range<usize>,
        /// How many numbers there are.
        len: usize,
    },
    /// Another claim overlaps, and one of the two is to write.
    Overlap {
        /// What was asked for.
        asked: Range<usize>,
        /// What is claimed.
        claimed: Range<usize>,
        /// The process that claimed it, which may have died since.
        pid: u32,
    },
    /// There are more claims at a time than the table has room for.
    Full,
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { asked, len } => write!(f, "{asked:?} lies outside a shared array of {len} numbers"),
            Self::Overlap { asked, claimed, pid } => {
                write!(f, "{asked:?} of a shared array overlaps {claimed:?}, which process {pid} has claimed")
            }
            Self::Full => f.write_str("a shared array has more claims at a time than it can tell apart"),
        }
    }
}

impl std::error::Error for ClaimError {}

impl<T: Plain> SharedArray<T> {
    /// An array of `len` zeros, whose pages are there when this returns.
    ///
    /// # Errors
    /// If that is more memory than there is.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        Numbers::zeroed(len).map(Self)
    }

    /// An array with these numbers.
    ///
    /// # Errors
    /// As [`zeroed`](Self::zeroed).
    pub fn of(numbers: &[T]) -> io::Result<Self> {
        let array = Self::zeroed(numbers.len())?;
        array.write(0..numbers.len(), |room| room.copy_from_slice(numbers)).map_err(io::Error::other)?;
        Ok(array)
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `reader` with the numbers of `range`; meanwhile nobody can write them.
    ///
    /// # Errors
    /// If the range does not lie inside, or part of it is being written.
    pub fn read<R>(&self, range: Range<usize>, reader: impl FnOnce(&[T]) -> R) -> Result<R, ClaimError> {
        let claim = self.claim(range, false)?;
        Ok(reader(claim.as_ref().map_or(&[], Claim::numbers)))
    }

    /// Calls `writer` with the numbers of `range`; meanwhile nobody else can read or write them.
    ///
    /// # Errors
    /// If the range does not lie inside, or part of it is being read or written.
    pub fn write<R>(&self, range: Range<usize>, writer: impl FnOnce(&mut [T]) -> R) -> Result<R, ClaimError> {
        let mut claim = self.claim(range, true)?;
        Ok(writer(claim.as_mut().map_or(&mut [], Claim::numbers_mut)))
    }

    /// A claim of `range`; none is needed for nothing.
    fn claim(&self, range: Range<usize>, exclusive: bool) -> Result<Option<Claim<'_, T>>, ClaimError> {
        if range.start > range.end || range.end > self.len() {
            return Err(ClaimError::Outside { asked: range, len: self.len() });
        }
        if range.is_empty() {
            return Ok(None);
        }
        self.0.claim(range.clone(), exclusive).map(Some).map_err(|refused| match refused {
            Refused::Overlaps(claimed, pid) => ClaimError::Overlap { asked: range, claimed, pid },
            Refused::Full => ClaimError::Full,
        })
    }
}
