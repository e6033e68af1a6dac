//! The codecs that make the value anew: element by element, through serde, or in bulk.
//!
//! Each by its own call, the one its documentation shows first. What it allocates, and how often it looks at a number, is its own affair.

use multiprocess::{Numbers, codec};

use super::data::{Arrays, Cache, Floats, Prepared, sum_arrays, sum_cache, sum_floats};
use super::pass::{Clock, Encoded, Fault, Pass, pass};

/// A codec, for the three things that there are.
pub(super) trait Codec {
    /// Passes the floats.
    fn floats(value: &Prepared) -> Result<Pass, Fault>;
    /// Passes the cache.
    fn cache(value: &Cache) -> Result<Pass, Fault>;
    /// Passes the arrays.
    fn arrays(value: &Arrays) -> Result<Pass, Fault>;
}

/// Reads floats that were made anew.
pub(super) fn made_floats(floats: Floats, clock: &mut Clock) -> u64 {
    clock.decoded();
    sum_floats(floats.iter().copied())
}

pub(super) fn made_cache(cache: Cache, clock: &mut Clock) -> u64 {
    clock.decoded();
    sum_cache(cache.iter().map(|(int, bits)| (*int, bits.as_str())))
}

pub(super) fn made_arrays(arrays: Arrays, clock: &mut Clock) -> u64 {
    clock.decoded();
    sum_arrays(arrays.iter().map(Vec::as_slice))
}

/// Decoding that borrows nothing: what is decoded, and how it is read.
fn passed<T, B: Encoded>(
    encode: impl FnOnce() -> Result<B, Fault>,
    decode: impl FnOnce(&B) -> Result<T, Fault>,
    read: impl FnOnce(T, &mut Clock) -> u64,
) -> Result<Pass, Fault> {
    pass(encode, |bytes, clock| Ok(read(decode(bytes)?, clock)))
}

/// The pickle of this project: bincode by its own traits, one element at a time.
pub(super) struct Bincode;

impl Codec for Bincode {
    // ANCHOR: element_wise
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        passed(|| Ok(codec::dumps(&value.floats)?), |bytes| Ok(codec::loads(bytes)?), made_floats)
    }
    // ANCHOR_END: element_wise

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        passed(|| Ok(codec::dumps(value)?), |bytes| Ok(codec::loads(bytes)?), made_cache)
    }

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        passed(|| Ok(codec::dumps(value)?), |bytes| Ok(codec::loads(bytes)?), made_arrays)
    }
}

/// bincode through serde.
pub(super) struct Serde;

mod by_serde {
    //! A limit holds for decoding alone; and what is left over is for the caller to notice.

    use bincode::config::standard;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::{Encoded, Fault};

    pub(super) fn encode(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
        Ok(bincode::serde::encode_to_vec(value, standard())?)
    }

    pub(super) fn decode<T: DeserializeOwned>(bytes: &Vec<u8>) -> Result<T, Fault> {
        let limited = standard().with_limit::<{ multiprocess::codec::LIMIT_BYTES }>();
        let (value, used) = bincode::serde::decode_from_slice(bytes, limited)?;
        if used == bytes.bytes() { Ok(value) } else { Err("bytes are left over".into()) }
    }
}

impl Codec for Serde {
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        passed(|| by_serde::encode(&value.floats), by_serde::decode, made_floats)
    }

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        passed(|| by_serde::encode(value), by_serde::decode, made_cache)
    }

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        // serde sees a sequence in a `Vec<u8>`, and a string of bytes only if it is told so; see `traps`.
        passed(|| by_serde::encode(&super::traps::as_bytes(value)), by_serde::decode, super::traps::made_byte_bufs)
    }
}

/// postcard: serde as well, with lengths and ints of as few bytes as they need.
pub(super) struct Postcard;

impl Codec for Postcard {
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        passed(|| Ok(postcard::to_stdvec(&value.floats)?), |bytes| Ok(postcard::from_bytes(bytes)?), made_floats)
    }

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        passed(|| Ok(postcard::to_stdvec(value)?), |bytes| Ok(postcard::from_bytes(bytes)?), made_cache)
    }

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        let encode = || Ok(postcard::to_stdvec(&super::traps::as_bytes(value))?);
        passed(encode, |bytes| Ok(postcard::from_bytes(bytes)?), super::traps::made_byte_bufs)
    }
}

/// wincode: it knows which types are their own bytes, and copies those at once.
pub(super) struct Wincode;

// ANCHOR: wincode
mod by_wincode {
    //! Without its limit of 4 MiB on what it makes room for, which holds for encoding, too: the bytes are our own.

    use wincode::config::{Configuration, PREALLOCATION_SIZE_LIMIT_DISABLED, deserialize, serialize};
    use wincode::{SchemaRead, SchemaWrite};

    use super::Fault;

    type Trusting = Configuration<true, PREALLOCATION_SIZE_LIMIT_DISABLED>;

    const TRUSTING: Trusting = Configuration::default().disable_preallocation_size_limit();

    pub(super) fn encode<T: SchemaWrite<Trusting, Src = T>>(value: &T) -> Result<Vec<u8>, Fault> {
        Ok(serialize(value, TRUSTING)?)
    }

    pub(super) fn decode<T: for<'a> SchemaRead<'a, Trusting, Dst = T>>(bytes: &[u8]) -> Result<T, Fault> {
        Ok(deserialize(bytes, TRUSTING)?)
    }
}
// ANCHOR_END: wincode

impl Codec for Wincode {
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        passed(|| by_wincode::encode(&value.floats), |bytes| by_wincode::decode(bytes), made_floats)
    }

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        passed(|| by_wincode::encode(value), |bytes| by_wincode::decode(bytes), made_cache)
    }

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        passed(|| by_wincode::encode(value), |bytes| by_wincode::decode(bytes), made_arrays)
    }
}

/// The bytes as they lie in memory: the floats as one block, the other two as columns, which have no small things in them.
pub(super) struct Bulk;

/// Many strings of bytes as two columns: how long each is, and all of them one after another.
#[derive(bincode::Encode, bincode::Decode)]
struct Columns {
    keys: Vec<u32>,
    lengths: Vec<u32>,
    bytes: Vec<u8>,
}

impl Columns {
    // ANCHOR: columns
    /// Gathers what lies scattered: this is where the pointers are followed.
    fn gathered<'a>(rows: impl Iterator<Item = (Option<u32>, &'a [u8])>) -> Result<Self, Fault> {
        let mut columns = Self { keys: Vec::new(), lengths: Vec::new(), bytes: Vec::new() };
        for (key, row) in rows {
            columns.keys.extend(key);
            columns.lengths.push(u32::try_from(row.len())?);
            columns.bytes.extend_from_slice(row);
        }
        Ok(columns)
    }

    /// The rows again, each a piece of the one block.
    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        self.lengths.iter().map_while(move |length| {
            let row;
            (row, rest) = rest.split_at_checked(*length as usize)?;
            Some(row)
        })
    }
    // ANCHOR_END: columns
}

impl Codec for Bulk {
    // ANCHOR: bulk
    fn floats(value: &Prepared) -> Result<Pass, Fault> {
        pass(
            || Ok(codec::dumps(&value.numbers)?),
            |bytes, clock| {
                let numbers: Numbers = codec::loads(bytes)?;
                clock.decoded();
                Ok(sum_floats(numbers.iter().copied()))
            },
        )
    }
    // ANCHOR_END: bulk

    fn cache(value: &Cache) -> Result<Pass, Fault> {
        let rows = || value.iter().map(|(int, bits)| (Some(*int), bits.as_bytes()));
        pass(
            || Ok(codec::dumps(&Columns::gathered(rows())?)?),
            |bytes, clock| {
                let columns: Columns = codec::loads(bytes)?;
                clock.decoded();
                let text = |(key, row): (&u32, _)| std::str::from_utf8(row).map(|row| (*key, row));
                let entries = columns.keys.iter().zip(columns.rows()).map(text);
                Ok(sum_cache(entries.collect::<Result<Vec<_>, _>>()?.into_iter()))
            },
        )
    }

    fn arrays(value: &Arrays) -> Result<Pass, Fault> {
        let rows = || value.iter().map(|array| (None, array.as_slice()));
        pass(
            || Ok(codec::dumps(&Columns::gathered(rows())?)?),
            |bytes, clock| {
                let columns: Columns = codec::loads(bytes)?;
                clock.decoded();
                Ok(sum_arrays(columns.rows()))
            },
        )
    }
}
