//! A lock is memory that processes have in common; a copy of its bytes would lock out nobody.

use bincode::{Decode, Encode};
use multiprocess::Function;

#[derive(Encode, Decode)]
struct Takes;

impl Function for Takes {
    const NAME: &'static str = "example::Takes";
    type State = ();
    type Item = multiprocess::Lock;
    type Output = bool;

    fn call(&self, _: &(), item: multiprocess::Lock) -> bool {
        item.acquire(std::time::Duration::ZERO).is_ok()
    }
}

fn main() {
    let _ = Takes;
}
