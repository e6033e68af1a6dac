//! This function has a name; but the number of an open file means something in its own process only.

use std::fs::File;

use bincode::{Decode, Encode};
use multiprocess::Function;
use multiprocess::pool::Config;

#[derive(Encode, Decode)]
struct Length;

impl Function for Length {
    const NAME: &'static str = "handle::Length";
    type State = ();
    type Item = File;
    type Output = u64;

    fn call(&self, _: &(), file: File) -> u64 {
        file.metadata().map_or(0, |about| about.len())
    }
}
multiprocess::register_function!(Length);

fn main() {
    multiprocess::init();
    let file = File::open("/proc/self/stat").expect("it is always there");
    let _ = submission::apply(Config::new(2), Length, vec![file]);
}
