//! An array of plain numbers that forked workers share in place: only indices need to cross.

use std::fmt;
use std::io;
use std::ops::Range;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::error::Error;
use crate::memory::label::{Content, Label};
use crate::memory::{HandOver, labelled, wrong_length};
use crate::sys::array::{Claim, Numbers, Refused};

pub use crate::sys::array::Plain;

/// Numbers in memory that this process shares with the workers it forks. They are zeros at first.
///
/// Made before the fork, as a global or as part of an initializer, it is inherited at the same address; a process that was not forked from
/// here is handed it ([`HandOver`]), which takes the same for any length: there it is mapped by its first claim, and who forks before that lists
/// it among what the child inherits. Each process reads or writes a
/// range by claiming it for the time of a closure: any number of claims may read a number at a time, or one may write it. The claims
/// of all processes stand in one table in the shared memory, so that two can never have overlapping parts to write; what is refused
/// is refused at once, and nothing ever waits.
///
/// While a closure runs, its process cannot be forked: the child would have the numbers, too, and no claim would say so.
///
/// A worker that is killed inside the closure keeps its claim: what it was writing is half done, and stays out of reach as what a
/// poisoned mutex guards does; here there is no way to get it back.
///
/// The memory is a sealed memfd (memfd_create(2)): it has no name, so nothing is in `/dev/shm`, and it goes with the last process that maps
/// it. A spawned worker does not inherit it.
///
/// With the feature `ndarray`, which is on by default, a claim can be seen as an array of several dimensions: see `read_array` and `write_array`.
///
/// The numbers are what is nothing but its bits; a type that has other values than these does not compile:
///
/// ```compile_fail,E0277
/// // A byte of memory can be 2, a bool cannot.
/// multiprocess::SharedArray::<bool>::zeroed(1);
/// ```
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
    /// The shape has more or fewer elements than the range has numbers.
    Shape {
        /// What was asked for.
        shape: Vec<usize>,
        /// How many numbers the range has.
        numbers: usize,
    },
    /// The array was handed over to this process, and its memory cannot be mapped.
    Unmapped {
        /// What the system says.
        why: String,
    },
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { asked, len } => write!(f, "{asked:?} lies outside a shared array of {len} numbers"),
            Self::Overlap { asked, claimed, pid } => {
                write!(f, "{asked:?} of a shared array overlaps {claimed:?}, which process {pid} has claimed")
            }
            Self::Full => f.write_str("a shared array has more claims at a time than it can tell apart"),
            Self::Shape { shape, numbers } => write!(f, "the shape {shape:?} is not one of {numbers} numbers"),
            Self::Unmapped { why } => write!(f, "the memory of a shared array cannot be mapped: {why}"),
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
        let numbers = Numbers::zeroed(len)?;
        Label::of::<T>(Content::Array, len).write(numbers.mapping()?);
        Ok(Self(numbers))
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
            Refused::Unmapped(why) => ClaimError::Unmapped { why: why.to_string() },
        })
    }
}

impl<T: Plain> HandOver for SharedArray<T> {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.backing().fd()
    }

    fn from_descriptor(descriptor: OwnedFd) -> Result<Self, Error> {
        let (backing, len) = labelled::<T>(descriptor, Content::Array)?;
        let bytes = backing.len();
        Numbers::over(backing, len).map(Self).ok_or_else(|| wrong_length(bytes, len))
    }
}
