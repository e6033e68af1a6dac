//! What keeps a hostile message from taking more time, memory or stack than its length allows.
//!
//! bincode's limit counts bytes of memory, and so counts nothing for elements of no size: a length of 2^64 - 1 in front of a `Vec<()>` is a
//! loop without end, and a value within a value within a value is as deep as the message is long. [`Items`] and [`Nested`] are the two ways
//! around that. Our own messages hold vectors only as [`Items`] and nothing recursive.

use std::cell::Cell;

use bincode::de::{BorrowDecoder, Decoder};
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{BorrowDecode, Decode, Encode};

/// The elements of a task or of a reply. Each takes at least one byte of the message, also if it has no size: the message is as long as the
/// decoding of it.
#[derive(Debug)]
pub(crate) struct Items<T>(pub(crate) Vec<T>);

/// The same, to be encoded from where they are.
#[derive(Debug)]
pub(crate) struct ItemsOf<'a, T>(pub(crate) &'a [T]);

/// Stands for an element of no size.
const HERE: u8 = 1;

impl<T: Encode> Encode for ItemsOf<'_, T> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        if size_of::<T>() > 0 {
            return self.0.encode(encoder);
        }
        (self.0.len() as u64).encode(encoder)?;
        self.0.iter().try_for_each(|element| {
            HERE.encode(encoder)?;
            element.encode(encoder)
        })
    }
}

impl<C, T: Decode<C>> Decode<C> for Items<T> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        if size_of::<T>() > 0 {
            return Vec::decode(decoder).map(Self);
        }
        let length = u64::decode(decoder)?;
        let element = |_| match u8::decode(decoder)? {
            HERE => T::decode(decoder),
            _ => Err(DecodeError::Other("an element of no size has no mark")),
        };
        (0..length).map(element).collect::<Result<_, _>>().map(Self)
    }
}

/// The deepest that [`Nested`] values may lie within each other.
pub const DEPTH_AT_MOST: u32 = 128;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A value within a value of its own kind, no deeper than [`DEPTH_AT_MOST`]. A recursive type that crosses between processes holds itself as
/// `Nested` instead of `Box`: a message that is deeper than that is then an error, and not the overflow of a stack.
///
/// ```
/// use multiprocess::codec::{self, Nested};
///
/// #[derive(Debug, bincode::Encode, bincode::Decode)]
/// enum List {
///     End,
///     More(u64, Nested<List>),
/// }
///
/// let list = |length| (0..length).fold(List::End, |list, number| List::More(number, Nested::new(list)));
/// let bytes = codec::dumps(&list(codec::DEPTH_AT_MOST.into())).unwrap();
/// assert!(codec::loads::<List>(&bytes).is_ok());
/// assert!(codec::dumps(&list(1_000)).is_err());
/// // One `More` after the other, without end: variant 1, number 1.
/// assert!(codec::loads::<List>(&vec![1; 1_000_000]).unwrap_err().is_decode());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nested<T>(Box<T>);

impl<T> Nested<T> {
    /// Holds a value.
    pub fn new(value: T) -> Self {
        Self(Box::new(value))
    }

    /// The value.
    pub fn into_inner(self) -> T {
        *self.0
    }
}

impl<T> std::ops::Deref for Nested<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// One level deeper, as long as it lives.
struct Level;

impl Level {
    fn enter() -> Option<Self> {
        let depth = DEPTH.get();
        (depth < DEPTH_AT_MOST).then(|| {
            DEPTH.set(depth + 1);
            Self
        })
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

const TOO_DEEP: &str = "values lie more than 128 deep within each other";

impl<T: Encode> Encode for Nested<T> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let _level = Level::enter().ok_or(EncodeError::Other(TOO_DEEP))?;
        self.0.encode(encoder)
    }
}

impl<C, T: Decode<C>> Decode<C> for Nested<T> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let _level = Level::enter().ok_or(DecodeError::Other(TOO_DEEP))?;
        T::decode(decoder).map(Self::new)
    }
}

impl<'de, C, T: BorrowDecode<'de, C>> BorrowDecode<'de, C> for Nested<T> {
    fn borrow_decode<D: BorrowDecoder<'de, Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let _level = Level::enter().ok_or(DecodeError::Other(TOO_DEEP))?;
        T::borrow_decode(decoder).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{dumps, loads};

    #[track_caller]
    fn check<T: Encode + Decode<()> + std::fmt::Debug + PartialEq + 'static>(items: Vec<T>, bytes: usize) {
        let encoded = dumps(&ItemsOf(&items)).unwrap();
        assert_eq!(encoded.len(), bytes);
        assert_eq!(loads::<Items<T>>(&encoded).unwrap().0, items);
    }

    #[test]
    fn an_element_takes_a_byte_at_least() {
        check(vec![(); 100], 1 + 100);
        check(vec![[0_u64; 0]; 3], 1 + 3);
        check(vec![7_u8; 100], 1 + 100);
        check(vec![7_u64; 100], 1 + 100);
        check(Vec::<()>::new(), 1);
    }

    #[test]
    fn a_length_that_the_message_does_not_have_is_refused_at_once() {
        // A varint of nine bytes: 2^64 - 1 elements.
        let hostile = [&[253][..], &u64::MAX.to_le_bytes(), &[HERE; 100]].concat();
        assert!(loads::<Items<()>>(&hostile).unwrap_err().is_decode());
        assert!(loads::<Items<u64>>(&hostile).unwrap_err().is_decode());
        assert!(loads::<Items<()>>(&[3, HERE, HERE, 0]).unwrap_err().is_decode());
    }

    /// Errors on the way leave no level behind.
    #[test]
    fn every_message_begins_at_the_top() {
        type Deep = Option<Nested<Nested<Nested<u64>>>>;
        for _ in 0..DEPTH_AT_MOST {
            assert!(loads::<Deep>(&[1]).is_err());
            assert_eq!(DEPTH.get(), 0);
        }
        assert!(loads::<Deep>(&[1, 5]).unwrap().is_some_and(|number| ***number == 5));
    }
}
