//! What the pools of this lesson map: a product, by name; with a panic, with an error; and what is not let through.

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use multiprocess::{Function, register_function};

/// What every item is multiplied by.
pub(super) const FACTOR: u64 = 3;

/// Every so manieth item goes wrong.
pub(super) const EVERY: u64 = 10;

// ANCHOR: triple
/// A function with a name, and nothing else.
#[derive(Encode, Decode)]
pub(crate) struct Triple;

impl Function for Triple {
    const NAME: &'static str = "what_crosses::Triple";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item * FACTOR
    }
}
register_function!(Triple);
// ANCHOR_END: triple

// ANCHOR: times
/// What a closure would have captured is a field, and crosses with every task.
#[derive(Encode, Decode)]
pub(crate) struct Times(pub(crate) u64);

impl Function for Times {
    const NAME: &'static str = "what_crosses::Times";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item * self.0
    }
}
register_function!(Times);
// ANCHOR_END: times

/// Panics at every tenth item.
#[derive(Encode, Decode)]
pub(crate) struct Panics;

impl Function for Panics {
    const NAME: &'static str = "what_crosses::Panics";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        assert!(!item.is_multiple_of(EVERY), "item {item} is not to my taste");
        item * FACTOR
    }
}
register_function!(Panics);

/// Returns an error for every tenth item: a value like any other.
#[derive(Encode, Decode)]
pub(crate) struct Fails;

impl Function for Fails {
    const NAME: &'static str = "what_crosses::Fails";
    type State = ();
    type Item = u64;
    type Output = Result<u64, String>;

    fn call(&self, _: &(), item: u64) -> Result<u64, String> {
        if item.is_multiple_of(EVERY) { Err(format!("item {item} is not to my taste")) } else { Ok(item * FACTOR) }
    }
}
register_function!(Fails);

/// A function that nobody has registered: there is no entry under its name.
#[derive(Encode, Decode)]
pub(crate) struct Unregistered;

impl Function for Unregistered {
    const NAME: &'static str = "what_crosses::Unregistered";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item
    }
}

/// A number that cannot be encoded if it is odd, and if it is a multiple of four cannot be decoded.
#[derive(Debug)]
pub(crate) struct Picky(pub(crate) u64);

impl Encode for Picky {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        if self.0 % 2 == 1 {
            return Err(EncodeError::OtherString("odd numbers stay here".to_owned()));
        }
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for Picky {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let number = u64::decode(decoder)?;
        if number.is_multiple_of(4) {
            return Err(DecodeError::OtherString("multiples of four are not let in".to_owned()));
        }
        Ok(Self(number))
    }
}

/// Takes what may not cross.
#[derive(Encode, Decode)]
pub(crate) struct TakesPicky;

impl Function for TakesPicky {
    const NAME: &'static str = "what_crosses::TakesPicky";
    type State = ();
    type Item = Picky;
    type Output = u64;

    fn call(&self, _: &(), item: Picky) -> u64 {
        item.0
    }
}
register_function!(TakesPicky);

/// Returns what may not cross.
#[derive(Encode, Decode)]
pub(crate) struct ReturnsPicky;

impl Function for ReturnsPicky {
    const NAME: &'static str = "what_crosses::ReturnsPicky";
    type State = ();
    type Item = u64;
    type Output = Picky;

    fn call(&self, _: &(), item: u64) -> Picky {
        Picky(item)
    }
}
register_function!(ReturnsPicky);
