//! Decode without a copy.
//!
//! A message holds many entries, each a name and a payload of bytes. Decoded as it is here, every one of them is copied to a block of its
//! own. Let the entries point into the message instead: one table, and no copy. Then the bytes may come from anywhere: refuse with
//! `Malformed`, without a panic, what ends too early, has bytes left over, has a name that is not UTF-8, or announces more entries
//! than it can hold. Counted are allocations and bytes allocated.
//!
//! A message is the number of entries, then of each the length of its name, the name, the length of its payload, the payload. Numbers are
//! u32, little-endian.

use std::process::ExitCode;

use exercises::{Sheet, parcel};
use multiprocess::meter;

/// What a message is that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

// BEGIN SOLUTION
//| /// A named byte string.
//| #[derive(Clone, Debug)]
//| pub struct Entry {
//|     name: String,
//|     payload: Vec<u8>,
//| }
//|
//| impl Entry {
//|     /// Its name.
//|     pub fn name(&self) -> &str {
//|         &self.name
//|     }
//|
//|     /// Its bytes.
//|     pub fn payload(&self) -> &[u8] {
//|         &self.payload
//|     }
//| }
/// A named byte string, both where the message has them.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    name: &'a str,
    payload: &'a [u8],
}

impl Entry<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Its bytes.
    pub fn payload(&self) -> &[u8] {
        self.payload
    }
}
// END SOLUTION

// BEGIN SOLUTION
//| /// Takes the next `length` bytes off `rest`.
//| fn take(rest: &mut &[u8], length: usize) -> Result<Vec<u8>, Malformed> {
//|     // TODO: this copies, and panics if there are not enough.
//|     let taken = rest[..length].to_vec();
//|     *rest = &rest[length..];
//|     Ok(taken)
//| }
/// Takes the next `length` bytes off `rest`.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, left) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = left;
    Ok(taken)
}
// END SOLUTION

/// Takes the next number off `rest`.
fn number(rest: &mut &[u8]) -> Result<usize, Malformed> {
    let bytes = take(rest, 4)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

// BEGIN SOLUTION
//| /// The entries of a message.
//| pub fn decode(message: &[u8]) -> Result<Vec<Entry>, Malformed> {
//|     let mut rest = message;
//|     // TODO: what if these are more than there can be? What if something is left at the end?
//|     let announced = number(&mut rest)?;
//|     let mut entries = Vec::with_capacity(announced);
//|     for _ in 0..announced {
//|         let length = number(&mut rest)?;
//|         let name = String::from_utf8(take(&mut rest, length)?).expect("names are text");
//|         let length = number(&mut rest)?;
//|         let payload = take(&mut rest, length)?;
//|         entries.push(Entry { name, payload });
//|     }
//|     Ok(entries)
//| }
/// The entries of a message.
pub fn decode(message: &[u8]) -> Result<Vec<Entry<'_>>, Malformed> {
    let mut rest = message;
    let announced = number(&mut rest)?;
    // Each takes two numbers at least.
    if announced > rest.len() / 8 {
        return Err(Malformed);
    }
    let mut entries = Vec::with_capacity(announced);
    for _ in 0..announced {
        let length = number(&mut rest)?;
        let name = std::str::from_utf8(take(&mut rest, length)?).map_err(|_| Malformed)?;
        let length = number(&mut rest)?;
        let payload = take(&mut rest, length)?;
        entries.push(Entry { name, payload });
    }
    if rest.is_empty() { Ok(entries) } else { Err(Malformed) }
}
// END SOLUTION

fn main() -> ExitCode {
    let payload = [7; 1_000];
    let message = parcel(&vec![("a temperature", payload); 1_000]);
    let mut sheet = Sheet::new();
    let before = meter::heap_bytes().unwrap_or(0);
    let entries = decode(&message).expect("the message is as it should be");
    let held = meter::heap_bytes().unwrap_or(0).saturating_sub(before);
    sheet.holds("the entries are right", entries.iter().all(|entry| entry.name() == "a temperature"));
    sheet.holds("the payloads are right", entries.iter().all(|entry| entry.payload() == payload));
    sheet.at_most("bytes of heap that 1,000 decoded entries hold", held, 100_000);
    let mut refused = |what: &str, bytes: &[u8]| {
        let refused = std::panic::catch_unwind(|| decode(bytes).is_err());
        sheet.holds(format_args!("{what} is refused"), refused.unwrap_or(false));
    };
    refused("a message that ends too early", &message[..message.len() - 1]);
    refused("a message with a byte left over", &[&message[..], &[0]].concat());
    refused("a name that is not UTF-8", b"\x01\0\0\0\x01\0\0\0\xff\0\0\0\0");
    refused("an entry that is not there", b"\x01\0\0\0");
    sheet.end()
}
