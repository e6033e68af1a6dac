//! What the pools of this lesson map: the same conversion, with the cache in a different place each time.

use std::sync::Arc;

use bincode::{Decode, Encode};
use multiprocess::{Function, Initializer, register_function, register_initializer};

use super::converter::{Converter, Digits, GLOBAL, checksum, digits, global};

// ANCHOR: bound_method
/// The bound method: the converter itself is what is mapped, so it crosses with every task.
impl Function for Converter {
    const NAME: &'static str = "bound_method::Converter";
    type State = ();
    type Item = u32;
    type Output = Digits;

    fn call(&self, _: &(), int: u32) -> Digits {
        self.convert(int)
    }
}
register_function!(Converter);
// ANCHOR_END: bound_method

// ANCHOR: free_function
/// The free function: it has no object, so it makes the bit string each time. Only its name crosses.
#[derive(Encode, Decode)]
pub(crate) struct ConvertAlone;

impl Function for ConvertAlone {
    const NAME: &'static str = "bound_method::ConvertAlone";
    type State = ();
    type Item = u32;
    type Output = Digits;

    fn call(&self, _: &(), int: u32) -> Digits {
        digits(&format!("{int:b}"))
    }
}
register_function!(ConvertAlone);
// ANCHOR_END: free_function

// ANCHOR: initializer_global
/// The initializer that puts the converter into a global of its worker.
#[derive(Encode, Decode)]
pub(crate) struct IntoGlobal(pub(crate) Arc<Converter>);

impl Initializer for IntoGlobal {
    const NAME: &'static str = "bound_method::IntoGlobal";
    type State = ();

    fn initialize(self) {
        GLOBAL.set(self.0).expect("a worker runs its initializer once");
    }
}
register_initializer!(IntoGlobal);

/// A free function that finds the converter in the global.
#[derive(Encode, Decode)]
pub(crate) struct ConvertByGlobal;

impl Function for ConvertByGlobal {
    const NAME: &'static str = "bound_method::ConvertByGlobal";
    type State = ();
    type Item = u32;
    type Output = Digits;

    fn call(&self, _: &(), int: u32) -> Digits {
        global().convert(int)
    }
}
register_function!(ConvertByGlobal);
// ANCHOR_END: initializer_global

// ANCHOR: encapsulated_initializer
/// The initializer whose return value is handed to the function: no global, and the types say who holds what.
#[derive(Encode, Decode)]
pub(crate) struct HandOver(pub(crate) Arc<Converter>);

impl Initializer for HandOver {
    const NAME: &'static str = "bound_method::HandOver";
    type State = Arc<Converter>;

    fn initialize(self) -> Arc<Converter> {
        self.0
    }
}
register_initializer!(HandOver);

/// A free function that is handed the converter.
#[derive(Encode, Decode)]
pub(crate) struct ConvertWith;

impl Function for ConvertWith {
    const NAME: &'static str = "bound_method::ConvertWith";
    type State = Arc<Converter>;
    type Item = u32;
    type Output = Digits;

    fn call(&self, converter: &Arc<Converter>, int: u32) -> Digits {
        converter.convert(int)
    }
}
register_function!(ConvertWith);
// ANCHOR_END: encapsulated_initializer

// ANCHOR: checksum_only
/// Converts a whole chunk, keeps the arrays in the worker, and returns nothing but their share of the answer.
#[derive(Encode, Decode)]
pub(crate) struct ConvertAndKeep;

impl Function for ConvertAndKeep {
    const NAME: &'static str = "bound_method::ConvertAndKeep";
    type State = ();
    type Item = (usize, Vec<u32>);
    type Output = u64;

    fn call(&self, _: &(), (first, ints): (usize, Vec<u32>)) -> u64 {
        let arrays: Vec<Digits> = ints.into_iter().map(|int| global().convert(int)).collect();
        checksum(first, &arrays)
    }
}
register_function!(ConvertAndKeep);
// ANCHOR_END: checksum_only
