//! The list, its objects, and the score of one.

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use harness::Random;
use multiprocess::mark;

mark!(pub(crate) static LIST_DUMPS = "list_dumps");
mark!(pub(crate) static LIST_LOADS = "list_loads");

/// The letters of every name.
const NAME_BYTES: usize = 16;

// ANCHOR: object
/// An object of the kind that lists in Python are full of: a number, a name, a few measurements.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(crate) struct Object {
    id: u64,
    name: String,
    values: [f64; 4],
}

impl Object {
    /// What is computed of an object: not much, so that the way to it shows.
    pub(crate) fn score(&self) -> u64 {
        score(self.id, self.name.as_bytes(), self.values)
    }
}
// ANCHOR_END: object

fn score(id: u64, name: &[u8], values: [f64; 4]) -> u64 {
    let sum: f64 = values.iter().sum();
    id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(crc32fast::hash(name)) ^ sum.to_bits()
}

/// The list. Counts each time it is turned into bytes or back.
#[derive(Debug, PartialEq)]
pub(crate) struct List(pub(crate) Vec<Object>);

impl List {
    /// So many objects, the same for the same seed.
    pub(crate) fn new(items: usize, seed: u64) -> Self {
        let object = |number: u64| {
            let mut more = Random::seeded(number);
            let mut values = [0.0; 4];
            // The high 53 bits of each number, which a float64 holds exactly.
            values.iter_mut().zip(&mut more).for_each(|(value, number)| *value = (number >> 11) as f64);
            Object { id: number, name: format!("{number:0NAME_BYTES$x}"), values }
        };
        Self(Random::seeded(seed).take(items).map(object).collect())
    }

    /// The score of one of them.
    pub(crate) fn score(&self, index: u32) -> u64 {
        self.0[index as usize].score()
    }
}

impl Encode for List {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        LIST_DUMPS.count();
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for List {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        LIST_LOADS.count();
        Vec::decode(decoder).map(Self)
    }
}
bincode::impl_borrow_decode!(List);

/// The words of one object in shared memory: its number, its name, its values.
pub(crate) const WORDS: usize = 1 + NAME_BYTES / 8 + 4;

/// Lays an object out in words.
pub(crate) fn lay_out(object: &Object, words: &mut [u64]) {
    words[0] = object.id;
    for (word, letters) in words[1..].iter_mut().zip(object.name.as_bytes().as_chunks().0) {
        *word = u64::from_le_bytes(*letters);
    }
    for (word, value) in words[WORDS - 4..].iter_mut().zip(object.values) {
        *word = value.to_bits();
    }
}

/// The score of an object that lies in words.
pub(crate) fn score_of(words: &[u64]) -> u64 {
    let mut name = [0; NAME_BYTES];
    for (letters, word) in name.as_chunks_mut().0.iter_mut().zip(&words[1..]) {
        *letters = word.to_le_bytes();
    }
    let mut values = [0.0; 4];
    values.iter_mut().zip(&words[WORDS - 4..]).for_each(|(value, word)| *value = f64::from_bits(*word));
    score(words[0], &name, values)
}

/// Which objects are looked up: anywhere in the list, some twice.
pub(crate) fn indices(items: usize, below: usize, seed: u64) -> Vec<u32> {
    // Another stream than that of the objects.
    Random::seeded(!seed).take(items).map(|number| (number % below.max(1) as u64) as u32).collect()
}

/// The answer: the scores in their order.
pub(crate) fn answer(scores: &[u64]) -> String {
    let sum = (1..).zip(scores).fold(0_u64, |sum, (place, score)| sum.wrapping_add(u64::wrapping_mul(place, *score)));
    format!("{sum:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_in_words_has_the_same_score() {
        let list = List::new(100, 1);
        for object in &list.0 {
            assert_eq!(object.name.len(), NAME_BYTES);
            let mut words = [0; WORDS];
            lay_out(object, &mut words);
            assert_eq!(score_of(&words), object.score());
        }
        assert_ne!(list.score(0), list.score(1));
    }

    #[test]
    fn an_answer_knows_the_order_and_a_list_its_bytes() {
        assert_ne!(answer(&[1, 2]), answer(&[2, 1]));
        let list = List::new(10, 1);
        let bytes = multiprocess::codec::dumps(&list).unwrap();
        assert_eq!(multiprocess::codec::loads::<List>(&bytes).unwrap(), list);
        assert!(indices(1_000, 10, 1).iter().all(|index| *index < 10));
    }
}
