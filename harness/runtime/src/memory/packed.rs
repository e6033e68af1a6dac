//! How an item of a [`ShareableList`](super::ShareableList) lies in words of memory: pure arithmetic, with nothing shared.

use super::ShareableItem;

/// What the low byte of a head tells. Zeros are None, as new memory is.
const NONE: u64 = 0;
const BOOL: u64 = 1;
const INT: u64 = 2;
const FLOAT: u64 = 3;
const STR: u64 = 4;
const BYTES: u64 = 5;

/// An item as its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    kind: u64,
    bytes: Vec<u8>,
}

impl From<ShareableItem> for Packed {
    fn from(item: ShareableItem) -> Self {
        let (kind, bytes) = match item {
            ShareableItem::None => (NONE, vec![0; 8]),
            ShareableItem::Bool(value) => (BOOL, u64::from(value).to_ne_bytes().to_vec()),
            ShareableItem::Int(value) => (INT, value.to_ne_bytes().to_vec()),
            ShareableItem::Float(value) => (FLOAT, value.to_bits().to_ne_bytes().to_vec()),
            ShareableItem::Str(value) => (STR, value.into_bytes()),
            ShareableItem::Bytes(value) => (BYTES, value),
        };
        Self { kind, bytes }
    }
}

impl Packed {
    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many words an entry gets that begins as this: CPython's rule, by which a string has a byte to spare.
    pub(super) fn room_words(&self) -> usize {
        if self.is_string() { self.bytes.len() / 8 + 1 } else { 1 }
    }

    fn is_string(&self) -> bool {
        matches!(self.kind, STR | BYTES)
    }

    /// The kind in the low byte, the length in bytes above it.
    pub(super) fn head(&self) -> u64 {
        self.kind | (self.bytes.len() as u64) << 8
    }

    /// The bytes as words, the last filled up with zeros.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> {
        self.bytes.chunks(8).map(|bytes| {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            u64::from_ne_bytes(word)
        })
    }

    /// What a head and the words behind it say; `room` is how many words there are. Any head is possible: others write it.
    pub(super) fn read(head: u64, room: usize, word: impl Fn(usize) -> u64) -> Result<Self, String> {
        let (kind, len) = (head & 0xff, head >> 8);
        let read = Self { kind, bytes: Vec::new() };
        if kind > BYTES {
            return Err(format!("there is no kind of item with the number {kind}"));
        }
        let len = usize::try_from(len).ok().filter(|len| *len <= room * 8 && (read.is_string() || *len == 8));
        let len = len.ok_or_else(|| format!("{} bytes is no length for it in a room of {}", head >> 8, room * 8))?;
        let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|index| word(index).to_ne_bytes()).collect();
        bytes.truncate(len);
        Ok(Self { bytes, ..read })
    }

    /// The item, if the bytes are one.
    pub(super) fn into_item(self) -> Result<ShareableItem, String> {
        let word = || u64::from_ne_bytes(self.bytes[..8].try_into().expect("eight bytes"));
        Ok(match self.kind {
            NONE => ShareableItem::None,
            BOOL => match word() {
                bits @ 0..=1 => ShareableItem::Bool(bits == 1),
                bits => return Err(format!("{bits:#x} is no truth value")),
            },
            INT => ShareableItem::Int(word().cast_signed()),
            FLOAT => ShareableItem::Float(f64::from_bits(word())),
            STR => ShareableItem::Str(String::from_utf8(self.bytes).map_err(|fault| fault.to_string())?),
            _ => ShareableItem::Bytes(self.bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(item: ShareableItem) -> (usize, Result<ShareableItem, String>) {
        let packed = Packed::from(item);
        let words: Vec<u64> = packed.words().collect();
        assert!(words.len() <= packed.room_words());
        let read = Packed::read(packed.head(), packed.room_words(), |word| words[word]);
        (packed.room_words() * 8, read.and_then(Packed::into_item))
    }

    #[test]
    fn every_item_comes_back_and_has_the_room_that_cpython_gives_it() {
        let string = |len: usize| ShareableItem::from("x".repeat(len));
        let items = [
            (ShareableItem::None, 8),
            (true.into(), 8),
            (false.into(), 8),
            (i64::MIN.into(), 8),
            ((-0.0).into(), 8),
            (f64::INFINITY.into(), 8),
            (string(0), 8),
            (string(7), 8),
            (string(8), 16),
            (string(15), 16),
            (string(16), 24),
            (string(1_001), 1_008),
            ("\0ab\0\0".into(), 8),
            (vec![0_u8; 8].into(), 16),
            // Four bytes a character.
            ("0\u{10000}\u{10000}".into(), 16),
        ];
        for (item, room) in items {
            assert_eq!(there_and_back(item.clone()), (room, Ok(item)));
        }
    }

    #[test]
    fn a_mixture_is_an_error_and_never_more() {
        let read = |head: u64, word: u64| Packed::read(head, 1, |_| word).and_then(Packed::into_item);
        assert_eq!(read(BOOL | 8 << 8, 2), Err("0x2 is no truth value".to_owned()));
        assert!(read(STR | 3 << 8, 0xff_ffff).unwrap_err().contains("utf-8"));
        assert_eq!(read(6 | 8 << 8, 0), Err("there is no kind of item with the number 6".to_owned()));
        for head in [BYTES | 9 << 8, !0xff | BYTES, INT | 7 << 8, FLOAT, NONE | 4 << 8, BOOL | 16 << 8] {
            assert!(read(head, 0).unwrap_err().contains("no length"), "{head:#x}");
        }
        assert_eq!(read(INT | 8 << 8, 1.5_f64.to_bits()), Ok(ShareableItem::Int(1.5_f64.to_bits().cast_signed())));
        // Whatever stands there.
        let mut state = 1_u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let head = (state >> 40) & 0xfff;
            let _ = read(head, state);
        }
    }
}
