//! The codecs that leave the value where it arrived, and the copy that needs no codec.

use std::collections::HashMap;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::{BorrowDecode, Encode};
use multiprocess::codec;
use rkyv::rancor::Error as ArchiveError;
use rkyv::{Archived, access, to_bytes};

use super::codecs::{Codec, made_arrays, made_cache, made_floats};
use super::data::{Arrays, Cache, Floats, Prepared, sum_arrays, sum_cache, sum_floats};
use super::pass::{Fault, Pass, pass};

const CONFIG: Configuration<LittleEndian, Varint, Limit<{ codec::LIMIT_BYTES }>> =
    bincode::config::standard().with_limit();

/// What is decoded points into the message: one table of slices at most, and no copy of what they point to.
pub(super) struct Borrowed;

fn encoded(value: &impl Encode) -> Result<Vec<u8>, Fault> {
    Ok(bincode::encode_to_vec(value, CONFIG)?)
}

fn borrowed<'a, T: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<T, Fault> {
    let (value, used) = bincode::borrow_decode_from_slice(bytes, CONFIG)?;
    if used == bytes.len() { Ok(value) } else { Err("bytes are left over".into()) }
}

/// The bytes of floats, one copy of them.
fn bytes_of(floats: &[f64]) -> Vec<u8> {
    let mut bytes = vec![0; floats.len() * 8];
    bytes.as_chunks_mut::<8>().0.iter_mut().zip(floats).for_each(|(bytes, float)| *bytes = float.to_le_bytes());
    bytes
}

impl Codec for Borrowed {
    // ANCHOR: borrowed
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        // A message may begin at any address, so there can be no slice of floats in it: each is taken out as it is read.
        pass(
            || Ok(bytes_of(&value.floats)),
            |bytes, clock| {
                let (floats, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err("bytes are left over".into());
                }
                clock.decoded();
                Ok(sum_floats(floats.iter().map(|bytes| f64::from_le_bytes(*bytes))))
            },
        )
    }

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        pass(
            || encoded(value),
            |bytes, clock| {
                let cache: HashMap<u32, &str> = borrowed(bytes)?;
                clock.decoded();
                Ok(sum_cache(cache.iter().map(|(int, bits)| (*int, *bits))))
            },
        )
    }
    // ANCHOR_END: borrowed

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        pass(
            || encoded(value),
            |bytes, clock| {
                let arrays: Vec<&[u8]> = borrowed(bytes)?;
                clock.decoded();
                Ok(sum_arrays(arrays.iter().copied()))
            },
        )
    }
}

/// rkyv: the message is laid out as the value, with distances for pointers; it is checked once, and read where it lies.
pub(super) struct Archive;

impl Codec for Archive {
    // ANCHOR: archived
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        pass(
            || Ok(to_bytes::<ArchiveError>(&value.floats)?),
            |bytes, clock| {
                let floats = access::<Archived<Floats>, ArchiveError>(bytes)?;
                clock.decoded();
                Ok(sum_floats(floats.iter().map(|float| float.to_native())))
            },
        )
    }

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        pass(
            || Ok(to_bytes::<ArchiveError>(value)?),
            |bytes, clock| {
                let cache = access::<Archived<Cache>, ArchiveError>(bytes)?;
                clock.decoded();
                Ok(sum_cache(cache.iter().map(|(int, bits)| (int.to_native(), bits.as_str()))))
            },
        )
    }
    // ANCHOR_END: archived

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        pass(
            || Ok(to_bytes::<ArchiveError>(value)?),
            |bytes, clock| {
                let arrays = access::<Archived<Arrays>, ArchiveError>(bytes)?;
                clock.decoded();
                Ok(sum_arrays(arrays.iter().map(|array| array.as_slice())))
            },
        )
    }
}

/// No codec: the value is copied, and the copy copied again. What no codec that makes the value anew can do without.
pub(super) struct Copied;

impl Codec for Copied {
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        pass(|| Ok(value.floats.clone()), |copy, clock| Ok(made_floats(copy.clone(), clock)))
    }

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        pass(|| Ok(value.clone()), |copy, clock| Ok(made_cache(copy.clone(), clock)))
    }

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        pass(|| Ok(value.clone()), |copy, clock| Ok(made_arrays(copy.clone(), clock)))
    }
}
