//! A mutex of the standard library does cross: as another mutex around a copy of what is in it.

use bincode::{Decode, Encode};
use multiprocess::Function;

#[derive(Encode, Decode)]
struct Takes;

impl Function for Takes {
    const NAME: &'static str = "example::Takes";
    type State = ();
    type Item = std::sync::Mutex<u64>;
    type Output = u64;

    fn call(&self, _: &(), item: std::sync::Mutex<u64>) -> u64 {
        item.into_inner().unwrap_or(0)
    }
}

fn main() {
    let _ = Takes;
}
