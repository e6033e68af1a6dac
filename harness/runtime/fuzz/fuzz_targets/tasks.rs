//! Tasks as a worker reads them.
#![no_main]

use bincode::{Decode, Encode};
use multiprocess::{Function, register_function};

/// Takes a bit of everything; the corpus knows it by the name that it has in the cases.
#[derive(Encode, Decode)]
struct Weigh(Option<String>);

impl Function for Weigh {
    const NAME: &'static str = "cases::Weigh";
    type State = ();
    type Item = (u64, Vec<u64>, String, Option<bool>);
    type Output = u64;

    fn call(&self, _: &(), (number, numbers, text, choice): Self::Item) -> u64 {
        let own = self.0.as_ref().map_or(0, String::len) + text.len() + usize::from(choice == Some(true));
        numbers.into_iter().fold(number, u64::wrapping_add).wrapping_add(own as u64)
    }
}
register_function!(Weigh);

/// Takes and gives what has no size.
#[derive(Encode, Decode)]
struct Nothing;

impl Function for Nothing {
    const NAME: &'static str = "cases::Nothing";
    type State = ();
    type Item = ();
    type Output = ();

    fn call(&self, (): &(), (): ()) {}
}
register_function!(Nothing);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    multiprocess::hostile::task(bytes);
});
