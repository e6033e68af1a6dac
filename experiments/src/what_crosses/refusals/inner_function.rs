//! A function as such has an address, and a name for the compiler; none that a worker could look up.

use multiprocess::classic::{Chunksize, Config, Pool};

fn main() -> Result<(), multiprocess::Error> {
    fn triple(item: u64) -> u64 {
        item * 3
    }
    multiprocess::init();
    let pool = Pool::start(Config::new(2))?;
    let products = pool.map(triple, vec![1, 2, 3], Chunksize::Automatic)?;
    println!("{products:?}");
    Ok(())
}
