//! CPython's `ShareableList`: a fixed number of entries of mixed types, which any process reads and replaces.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::label::{Content, LABEL_BYTES, Label};
use super::packed::Packed;
use super::{HandOver, labelled, mapped};
use crate::error::{Error, Kind};
use crate::sys::shared::Shared;

/// An entry of a [`ShareableList`].
#[derive(Clone, Debug, PartialEq)]
pub enum ShareableItem {
    /// Python's `None`.
    None,
    /// A `bool`.
    Bool(bool),
    /// An `int` of 64 bits; CPython refuses longer ones, too.
    Int(i64),
    /// A `float`.
    Float(f64),
    /// A `str`, in UTF-8.
    Str(String),
    /// `bytes`.
    Bytes(Vec<u8>),
}

/// A list of a fixed number of entries that processes share, CPython's `shared_memory.ShareableList`.
///
/// A number, a truth value and None take 8 bytes. A string takes as many as it has at first, rounded up to the next multiple of 8 *above*
/// that, `8 * (len / 8 + 1)`; it may be replaced by anything that takes no more, of any type, and a number by a string of up to 8 bytes.
///
/// There is no lock, as in CPython: what two processes do to one entry at the same time can leave a mixture of both, and a reader can see
/// one. Such a string may be no UTF-8 any more: that is an error ([`Error::is_decode`]), and the next store repairs it.
///
/// # As CPython, and not
/// | CPython 3.13 | here |
/// |---|---|
/// | trailing NULs of a `str` or `bytes` are lost (gh-106939, gh-96779) | they are kept: the length is stored |
/// | room for a `str` is counted in characters, so that others than ASCII are cut (gh-145261, gh-88336) | it is counted in bytes |
/// | an entry is reset to what fits its room; more is a `ValueError` | the same: [`Error::is_too_long`], which tells index, length and room |
/// | the room stays when a string is replaced by a number, and is there for the next string | the same |
/// | an `int` beyond 64 bits is a `struct.error`, after the entry's type has been changed | there is no such [`ShareableItem`] |
/// | the list is a named segment, tracked and unlinked by its name | it has no name, and is handed over ([`HandOver`]) |
/// | an index may be negative | an index is a `usize` |
///
/// ```
/// use multiprocess::{ShareableItem, ShareableList};
/// let list = ShareableList::new(["howdy".into(), 273.154.into(), 42.into(), ShareableItem::None, true.into()]).unwrap();
/// list.set(0, "howdy!!".into()).unwrap();
/// list.set(2, 1_000.into()).unwrap();
/// assert_eq!(list.get(0).unwrap(), "howdy!!".into());
/// let error = list.set(0, "more than 8".into()).unwrap_err();
/// assert_eq!(error.to_string(), "an item of 11 bytes does not fit entry 0 of a shareable list, which has room for 8");
/// ```
#[derive(Debug)]
pub struct ShareableList {
    shared: Shared,
    /// Read once, and checked: where each entry lies is not asked for again in memory that others write.
    places: Vec<Place>,
}

/// Where the words of an entry lie, counted from the end of the directory, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    first: usize,
    words: usize,
}

/// An entry has two words in the directory: how many words it has room for, which never changes, and its head ([`Packed::head`]).
const ENTRY_BYTES: usize = 16;

impl ShareableList {
    /// A list of these entries.
    ///
    /// # Errors
    /// If there is no descriptor left, or less memory than that.
    pub fn new(items: impl IntoIterator<Item = ShareableItem>) -> Result<Self, Error> {
        let packed: Vec<Packed> = items.into_iter().map(Packed::from).collect();
        let rooms: Vec<u64> = packed.iter().map(|packed| packed.room_words() as u64).collect();
        let failed = "making a shareable list";
        let (places, bytes) =
            laid_out(&rooms).ok_or_else(|| Error::io(failed)(std::io::ErrorKind::OutOfMemory.into()))?;
        let shared = Shared::create(bytes).map_err(Error::io(failed))?;
        let list = Self { shared, places };
        for (index, (room, packed)) in rooms.into_iter().zip(&packed).enumerate() {
            list.directory()[2 * index].store(room, Relaxed);
            list.write(index, packed);
        }
        Label::of::<()>(Content::List, list.len()).write(&list.shared);
        Ok(list)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What an entry is now.
    ///
    /// # Errors
    /// If there is none of this index, or others have left a mixture there that is no value ([`Error::is_decode`]).
    pub fn get(&self, index: usize) -> Result<ShareableItem, Error> {
        let place = self.place(index)?;
        // Acquire: pairs with the release in `write`. If nobody wrote since, the words are those that belong to this head; else any.
        let head = self.directory()[2 * index + 1].load(Acquire);
        let words = self.words(place);
        let unpacked = Packed::read(head, words.len(), |word| words[word].load(Relaxed)).and_then(Packed::into_item);
        unpacked.map_err(|why| Kind::TornEntry { index, why }.into())
    }

    /// Replaces an entry.
    ///
    /// # Errors
    /// If there is none of this index, or it has less room than the item takes ([`Error::is_too_long`]).
    pub fn set(&self, index: usize, item: ShareableItem) -> Result<(), Error> {
        let room = self.place(index)?.words * 8;
        let packed = Packed::from(item);
        if packed.len() > room {
            return Err(Kind::TooLong { index, bytes: packed.len(), room }.into());
        }
        self.write(index, &packed);
        Ok(())
    }

    /// All entries, one after the other: others may replace some meanwhile.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn to_vec(&self) -> Result<Vec<ShareableItem>, Error> {
        (0..self.len()).map(|index| self.get(index)).collect()
    }

    /// How many entries equal `item`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn count(&self, item: &ShareableItem) -> Result<usize, Error> {
        Ok(self.to_vec()?.iter().filter(|entry| *entry == item).count())
    }

    /// The index of the first entry that equals `item`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn index(&self, item: &ShareableItem) -> Result<Option<usize>, Error> {
        Ok(self.to_vec()?.iter().position(|entry| entry == item))
    }

    fn place(&self, index: usize) -> Result<Place, Error> {
        self.places.get(index).copied().ok_or_else(|| Kind::NoSuchElement { index, len: self.len() }.into())
    }

    fn directory(&self) -> &[AtomicU64] {
        self.shared.slice(LABEL_BYTES, 2 * self.len())
    }

    fn words(&self, place: Place) -> &[AtomicU64] {
        self.shared.slice(LABEL_BYTES + self.len() * ENTRY_BYTES + place.first * 8, place.words)
    }

    /// Writes what fits. Release: pairs with the acquire in `get`, which then sees these words, or later ones.
    fn write(&self, index: usize, packed: &Packed) {
        for (word, value) in self.words(self.places[index]).iter().zip(packed.words()) {
            word.store(value, Relaxed);
        }
        self.directory()[2 * index + 1].store(packed.head(), Release);
    }
}

/// The places of entries with so many words each, one behind the other, and the bytes of the whole; none if no memory has so many.
fn laid_out(rooms: &[u64]) -> Option<(Vec<Place>, usize)> {
    let mut first = 0_usize;
    let mut places = Vec::with_capacity(rooms.len());
    for room in rooms {
        let words = usize::try_from(*room).ok()?;
        places.push(Place { first, words });
        first = first.checked_add(words)?;
    }
    let directory = rooms.len().checked_mul(ENTRY_BYTES)?;
    let bytes = first.checked_mul(8)?.checked_add(directory)?.checked_add(LABEL_BYTES)?;
    isize::try_from(bytes).is_ok().then_some((places, bytes))
}

impl HandOver for ShareableList {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.shared.fd()
    }

    fn from_descriptor(descriptor: OwnedFd) -> Result<Self, Error> {
        let (backing, len) = labelled::<()>(descriptor, Content::List)?;
        let shared = mapped(backing)?;
        let wrong = || super::wrong_length(shared.len(), len);
        let directory = len.checked_mul(ENTRY_BYTES).and_then(|bytes| bytes.checked_add(LABEL_BYTES));
        if directory.is_none_or(|bytes| bytes > shared.len()) {
            return Err(wrong());
        }
        let directory: &[AtomicU64] = shared.slice(LABEL_BYTES, 2 * len);
        let rooms: Vec<u64> = directory.iter().step_by(2).map(|room| room.load(Relaxed)).collect();
        match laid_out(&rooms) {
            Some((places, bytes)) if bytes == shared.len() => Ok(Self { shared, places }),
            _ => Err(wrong()),
        }
    }
}

macro_rules! item_from {
    ($($kind:ident from $($from:ty),*);*) => {$($(
        impl From<$from> for ShareableItem {
            fn from(value: $from) -> Self {
                Self::$kind(value.into())
            }
        }
    )*)*};
}
item_from!(Bool from bool; Int from i64, i32, u32; Float from f64; Str from &str, String; Bytes from &[u8], Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other_and_what_no_memory_holds_is_refused() {
        let (places, bytes) = laid_out(&[1, 3, 2]).unwrap();
        assert_eq!(places.iter().map(|place| (place.first, place.words)).collect::<Vec<_>>(), [(0, 1), (1, 3), (4, 2)]);
        assert_eq!(bytes, LABEL_BYTES + 3 * ENTRY_BYTES + 6 * 8);
        assert_eq!(laid_out(&[]), Some((Vec::new(), LABEL_BYTES)));
        for rooms in [vec![u64::MAX], vec![1 << 60], vec![1 << 59, 1 << 59], vec![u64::MAX, 1]] {
            assert!(laid_out(&rooms).is_none(), "{rooms:?}");
        }
    }
}
