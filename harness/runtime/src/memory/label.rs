//! The label at the head of memory that can be handed over: what is in it, of which type, and how many.
//!
//! It is written once, before any other process has the memory, and a receiver reads it once and keeps what it has read: nobody can make
//! it look beyond the end by changing the label later. That the length of the memory fits is for the type to check that reads it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::sys::shared::{Backing, Mapping};

/// How much of the head a label takes, in bytes.
pub(crate) const LABEL_BYTES: usize = WORDS * 8;
const WORDS: usize = 16;

/// The first word, and the version of all layouts behind it.
const MAGIC: u64 = u64::from_le_bytes(*b"mp-mem-1");

/// The words of the name of the element type.
const NAME: std::ops::Range<usize> = 4..10;
const NAME_BYTES: usize = 48;
const _: () = assert!((NAME.end - NAME.start) * 8 == NAME_BYTES && NAME.end <= WORDS);

/// What lies behind a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Numbers behind a table of claims.
    Array = 1,
    /// Atomic cells behind a lock that is not used.
    RawCells = 2,
    /// Atomic cells behind a lock.
    LockedCells = 3,
    /// One atomic number.
    Atomic = 4,
    /// The entries of a list.
    List = 5,
}

impl Content {
    const ALL: [Self; 5] = [Self::Array, Self::RawCells, Self::LockedCells, Self::Atomic, Self::List];

    fn words(self) -> &'static str {
        match self {
            Self::Array => "a shared array",
            Self::RawCells => "raw shared values",
            Self::LockedCells => "shared values with a lock",
            Self::Atomic => "a shared atomic",
            Self::List => "a shareable list",
        }
    }
}

/// What a label says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) content: Content,
    pub(crate) len: u64,
    /// The size of an element in bytes, 0 if they differ.
    size: u64,
    /// The end of the name of the element type, as Rust calls it.
    name: [u8; NAME_BYTES],
}

impl Label {
    /// For `len` times a `T`.
    pub(crate) fn of<T>(content: Content, len: usize) -> Self {
        let mut name = [0; NAME_BYTES];
        let full = std::any::type_name::<T>().as_bytes();
        let end = &full[full.len().saturating_sub(NAME_BYTES)..];
        name[..end.len()].copy_from_slice(end);
        Self { content, len: len as u64, size: size_of::<T>() as u64, name }
    }

    /// Writes it at the head of new memory, before any other process has it: the system call that hands it over is behind all of this.
    pub(crate) fn write(&self, memory: &Mapping) {
        let words: &[AtomicU64] = memory.slice(0, WORDS);
        words[0].store(MAGIC, Relaxed);
        words[1].store(self.content as u64, Relaxed);
        words[2].store(self.len, Relaxed);
        words[3].store(self.size, Relaxed);
        for (word, bytes) in words[NAME].iter().zip(self.name.as_chunks().0) {
            word.store(u64::from_ne_bytes(*bytes), Relaxed);
        }
    }

    /// Reads the label of memory that came from a peer, by a system call: no page of it has to be mapped for that.
    pub(crate) fn read(memory: &Backing) -> io::Result<Result<Self, String>> {
        let mut bytes = [0; LABEL_BYTES];
        Ok(match memory.first(&mut bytes)? {
            LABEL_BYTES => Self::of_bytes(&bytes),
            got => Err(format!("it has {got} bytes, and a label alone takes {LABEL_BYTES}")),
        })
    }

    fn of_bytes(bytes: &[u8; LABEL_BYTES]) -> Result<Self, String> {
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        if words[0] != MAGIC {
            return Err("it does not begin as this library's memory does".to_owned());
        }
        let content = Content::ALL.into_iter().find(|content| *content as u64 == words[1]);
        let content = content.ok_or_else(|| format!("content number {} is unknown", words[1]))?;
        let mut name = [0; NAME_BYTES];
        name.copy_from_slice(&bytes[NAME.start * 8..NAME.end * 8]);
        Ok(Self { content, len: words[2], size: words[3], name })
    }

    /// The length, if this is what `T` in `content` would be labelled.
    pub(crate) fn expect<T>(&self, content: Content) -> Result<usize, String> {
        let expected = Self { len: self.len, ..Self::of::<T>(content, 0) };
        if *self != expected {
            return Err(format!("it holds {self}, not {expected}"));
        }
        usize::try_from(self.len).map_err(|_| format!("{} elements fit no memory", self.len))
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = String::from_utf8_lossy(&self.name);
        write!(f, "{} of {} ({} bytes)", self.content.words(), name.trim_end_matches('\0'), self.size)
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::mman::MapFlags;

    use super::*;

    fn bytes_of(label: &Label) -> [u8; LABEL_BYTES] {
        let backing = Backing::create(LABEL_BYTES).unwrap();
        label.write(&backing.map(MapFlags::empty()).unwrap());
        assert_eq!(Label::read(&backing).unwrap().as_ref(), Ok(label));
        let mut bytes = [0; LABEL_BYTES];
        backing.first(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read_back() {
        let read = Label::of_bytes(&bytes_of(&Label::of::<f64>(Content::Array, 12))).unwrap();
        assert_eq!(read.expect::<f64>(Content::Array), Ok(12));
        let other = read.expect::<u64>(Content::Array).unwrap_err();
        assert_eq!(other, "it holds a shared array of f64 (8 bytes), not a shared array of u64 (8 bytes)");
        assert!(read.expect::<f64>(Content::RawCells).is_err());
    }

    #[test]
    fn memory_that_is_shorter_than_a_label_or_of_unknown_content_is_an_error() {
        let read = |bytes| Label::read(&Backing::create(bytes).unwrap()).unwrap().unwrap_err();
        assert!(read(0).contains("0 bytes") && read(LABEL_BYTES - 1).contains("127 bytes"));
        assert!(read(LABEL_BYTES).contains("begin"));
        let mut bytes = bytes_of(&Label::of::<u8>(Content::List, 0));
        bytes[8] = 6;
        assert_eq!(Label::of_bytes(&bytes).unwrap_err(), "content number 6 is unknown");
    }

    #[test]
    fn of_a_long_name_the_end_counts() {
        type Long = std::collections::BTreeMap<std::collections::BTreeSet<u8>, std::collections::BTreeSet<u16>>;
        let (one, other) =
            (Label::of::<Long>(Content::Array, 1), Label::of::<[u8; size_of::<Long>()]>(Content::Array, 1));
        assert!(one != other && one == Label::of::<Long>(Content::Array, 1));
        assert!(one.name.iter().all(|byte| *byte != 0));
    }
}
