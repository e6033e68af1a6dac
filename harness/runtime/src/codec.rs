//! The pickle of the twin: bincode behind one seam, always with a limit, every call counted and timed.
//!
//! A value is walked once (CPython's pickler walks it once too): bytes go to a growing buffer, not to a measured one.
//!
//! Bytes from elsewhere may say anything. What they announce is refused above [`LIMIT_BYTES`]; a message must be used up to its last byte; and
//! no message of ours can make its reader loop or recurse further than it is long. A type of the caller's can, if it holds a vector of
//! elements without a size, or itself in a `Box`: see [`Nested`].

mod bounded;

use std::time::Instant;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{Decode, Encode};

pub use bounded::{DEPTH_AT_MOST, Nested};
pub(crate) use bounded::{Items, ItemsOf};

use crate::error::{Error, Kind};
use crate::meter;
use crate::trace::{self, Span};

/// The largest message that is decoded, in bytes.
pub const LIMIT_BYTES: usize = 1 << 30;

const CONFIG: Configuration<LittleEndian, Varint, Limit<LIMIT_BYTES>> = bincode::config::standard().with_limit();

/// Turns a value into bytes, and counts it.
///
/// ```
/// let bytes = multiprocess::codec::dumps("forty-two").unwrap();
/// let back: String = multiprocess::codec::loads(&bytes).unwrap();
/// assert_eq!(back, "forty-two");
/// ```
///
/// # Errors
/// If the value refuses to be encoded, or is larger than [`LIMIT_BYTES`].
pub fn dumps<T: Encode + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    let (span, begin) = (trace::span(trace::Kind::Encode), Instant::now());
    let mut bytes = Vec::with_capacity(64);
    let what = std::any::type_name::<T>();
    bincode::encode_into_std_write(value, &mut bytes, CONFIG)
        .map_err(|fault| Error::from(Kind::Encode { what, why: fault.to_string() }))?;
    if bytes.len() > LIMIT_BYTES {
        return Err(Kind::FrameTooLarge { bytes: bytes.len() as u64, limit: LIMIT_BYTES as u64 }.into());
    }
    meter::slot().dumps.add(bytes.len(), begin);
    span.bytes(bytes.len());
    Ok(bytes)
}

/// Adds the bytes of a value to `out`, uncounted: for who counts many at once. If it fails, what was added stays.
pub(crate) fn append<T: Encode + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
    bincode::encode_into_std_write(value, out, CONFIG)
        .map(drop)
        .map_err(|fault| Kind::Encode { what: std::any::type_name::<T>(), why: fault.to_string() }.into())
}

/// Turns bytes back into the one value they hold, uncounted: for who counts many at once.
pub(crate) fn exactly<T: Decode<()>>(bytes: &[u8]) -> Result<T, Error> {
    let failed = |why: String| Error::from(Kind::Decode { what: std::any::type_name::<T>(), why });
    let (value, used) = bincode::decode_from_slice(bytes, CONFIG).map_err(|fault| failed(fault.to_string()))?;
    if used == bytes.len() { Ok(value) } else { Err(failed(format!("{} bytes are left over", bytes.len() - used))) }
}

/// Turns bytes back into the one value they hold, and counts it.
///
/// # Errors
/// If the bytes do not hold a `T`, or hold more than that.
pub fn loads<T: Decode<()>>(bytes: &[u8]) -> Result<T, Error> {
    let mut loading = Loading::of(bytes);
    let value = loading.piece()?;
    loading.finish()?;
    Ok(value)
}

/// One message being decoded piece by piece: who asks for the next piece may depend on the last. Counted as one load.
#[derive(Debug)]
pub struct Loading<'a> {
    bytes: &'a [u8],
    read: usize,
    begin: Instant,
    span: Span,
}

impl<'a> Loading<'a> {
    /// Begins with the first byte.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0, begin: Instant::now(), span: trace::span(trace::Kind::Decode) }
    }

    /// Decodes the next piece.
    ///
    /// # Errors
    /// If the next bytes do not hold a `T`.
    pub fn piece<T: Decode<()>>(&mut self) -> Result<T, Error> {
        let (value, used) = bincode::decode_from_slice(&self.bytes[self.read..], CONFIG)
            .map_err(|fault| Error::from(Kind::Decode { what: std::any::type_name::<T>(), why: fault.to_string() }))?;
        self.read += used;
        Ok(value)
    }

    /// Counts the message as loaded.
    ///
    /// # Errors
    /// If bytes are left over.
    pub fn finish(self) -> Result<(), Error> {
        let left = self.bytes.len() - self.read;
        if left > 0 {
            return Err(Kind::Decode { what: "a message", why: format!("{left} bytes are left over") }.into());
        }
        meter::slot().loads.add(self.bytes.len(), self.begin);
        self.span.bytes(self.bytes.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
