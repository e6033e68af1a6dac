//! A function with a name, and plain values: this crosses.

use bincode::{Decode, Encode};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::{Function, register_function};

#[derive(Encode, Decode)]
struct Times(u64);

impl Function for Times {
    const NAME: &'static str = "example::Times";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item * self.0
    }
}
register_function!(Times);

fn main() -> Result<(), multiprocess::Error> {
    multiprocess::init();
    let factor = 3;
    let pool = Pool::start(Config::new(2))?;
    let products = pool.map(Times(factor), vec![1, 2, 3], Chunksize::Automatic)?;
    println!("{products:?}");
    Ok(())
}
