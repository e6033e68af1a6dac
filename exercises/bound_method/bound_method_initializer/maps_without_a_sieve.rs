//! Takes the function of the detector to a pool without an initializer, whose workers have no sieve.

use multiprocess::Function;

/// Whatever may be mapped on workers that hold nothing.
fn mapped_anywhere<F: Function<State = ()>>() {}

fn main() {
    mapped_anywhere::<submission::IsPrime>();
}
