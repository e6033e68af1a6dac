//! A closure has no name by which another process could find it.

use multiprocess::classic::{Chunksize, Config, Pool};

fn main() -> Result<(), multiprocess::Error> {
    multiprocess::init();
    let factor = 3;
    let pool = Pool::start(Config::new(2))?;
    let products = pool.map(|item: u64| item * factor, vec![1, 2, 3], Chunksize::Automatic)?;
    println!("{products:?}");
    Ok(())
}
