//! The number of an open file means something in its own process only.

use bincode::{Decode, Encode};
use multiprocess::Function;

#[derive(Encode, Decode)]
struct Takes;

impl Function for Takes {
    const NAME: &'static str = "example::Takes";
    type State = ();
    type Item = std::fs::File;
    type Output = bool;

    fn call(&self, _: &(), item: std::fs::File) -> bool {
        item.metadata().is_ok()
    }
}

fn main() {
    let _ = Takes;
}
