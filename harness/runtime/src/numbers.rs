//! A large array of numbers as an item: cheap to put, and encoded in bulk as NumPy's pickle does.

use std::io::{self, Read, Write};
use std::ops::Deref;
use std::sync::Arc;

use bincode::de::Decoder;
use bincode::de::read::Reader;
use bincode::enc::Encoder;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

use crate::sys::bytes;

/// An array of `f64` that is shared inside a process and copied between processes.
///
/// A clone is another reference, as a second name is in Python. To encode it is one copy of its bytes, not a walk over its
/// elements: NumPy's pickle is its bytes as well. Their order is this machine's, for both ends are on it.
///
/// ```
/// use multiprocess::{Numbers, codec};
/// let numbers = Numbers::from(vec![1.0, 2.5]);
/// let bytes = codec::dumps(&numbers).unwrap();
/// assert_eq!(bytes.len(), 1 + 2 * 8);
/// assert_eq!(codec::loads::<Numbers>(&bytes).unwrap(), numbers);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(Arc<Vec<f64>>);

impl Numbers {
    /// Writes all bytes to a file or a pipe.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_to(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(bytes::of(&self.0))
    }

    /// Reads `count` numbers from a file or a pipe. The memory of `self` is used again if nobody else refers to it.
    ///
    /// # Errors
    /// Those of the reader, and if it ends before.
    pub fn read_from(self, from: &mut impl Read, count: usize) -> io::Result<Self> {
        let mut numbers = Arc::into_inner(self.0).unwrap_or_default();
        if numbers.len() != count {
            // New memory from the system is zeroed already.
            numbers = vec![0.0; count];
        }
        from.read_exact(bytes::of_mut(&mut numbers))?;
        Ok(Self::from(numbers))
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(numbers: Vec<f64>) -> Self {
        Self(Arc::new(numbers))
    }
}

impl Deref for Numbers {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.0
    }
}

impl Encode for Numbers {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        (self.0.len() as u64).encode(encoder)?;
        encoder.writer().write(bytes::of(&self.0))
    }
}

impl<C> Decode<C> for Numbers {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let count = usize::try_from(u64::decode(decoder)?).map_err(|_| DecodeError::LimitExceeded)?;
        // Claimed before anything is allocated: a message cannot ask for more than the limit.
        decoder.claim_container_read::<f64>(count)?;
        let mut numbers = vec![0.0; count];
        decoder.reader().read(bytes::of_mut(&mut numbers))?;
        Ok(Self::from(numbers))
    }
}

bincode::impl_borrow_decode!(Numbers);
