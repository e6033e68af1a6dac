//! What a new process is sent.
#![no_main]

use bincode::{Decode, Encode};
use multiprocess::{Initializer, register_initializer};

/// What an initializer keeps.
type Load = (u64, Vec<u64>, String, Option<bool>);

/// Keeps a bit of everything; the corpus knows it by the name that it has in the cases.
#[derive(Encode, Decode)]
struct Keep(Load);

impl Initializer for Keep {
    const NAME: &'static str = "cases::Keep";
    type State = Load;

    fn initialize(self) -> Load {
        self.0
    }
}
register_initializer!(Keep);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    multiprocess::hostile::control(bytes);
});
