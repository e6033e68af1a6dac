//! One pool, not one for each order.
//!
//! An office weighs the items of many orders in worker processes. Each order has a rate of its own, and each starts a pool of its own, because
//! the pool's initializer hands the rate to the workers. A start costs more than an order is work. Start one pool when the office opens, end it when
//! the office closes, and let the rate come to the workers in another way. Counted: items that no worker has weighed, and processes that
//! have weighed any.

use std::process::ExitCode;
use std::time::Duration;

use exercises::{Sheet, set_up_scales, weigh, weighed};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Error, Function};

/// How long a pool may take to end.
const END_WITHIN: Duration = Duration::from_secs(5);

// BEGIN SOLUTION
//| /// Leaves the rate of an order in each worker.
//| #[derive(bincode::Encode, bincode::Decode)]
//| struct SetRate(u64);
//|
//| impl multiprocess::Initializer for SetRate {
//|     const NAME: &'static str = "start_cost_one_pool::SetRate";
//|     type State = u64;
//|
//|     fn initialize(self) -> u64 {
//|         self.0
//|     }
//| }
//| multiprocess::register_initializer!(SetRate);
//|
//| /// What is mapped: the price of an item at the rate that is there.
//| #[derive(bincode::Encode, bincode::Decode)]
//| struct Price;
/// What is mapped: the price of an item at a rate that comes with the tasks.
#[derive(bincode::Encode, bincode::Decode)]
struct Price {
    rate: u64,
}
// END SOLUTION

impl Function for Price {
    const NAME: &'static str = "start_cost_one_pool::Price";
    // BEGIN SOLUTION
    //| type State = u64;
    type State = ();
    // END SOLUTION
    type Item = u64;
    type Output = u64;

    // BEGIN SOLUTION
    //| fn call(&self, rate: &u64, item: u64) -> u64 {
    //|     rate * weigh(item)
    //| }
    fn call(&self, _: &(), item: u64) -> u64 {
        self.rate * weigh(item)
    }
    // END SOLUTION
}
multiprocess::register_function!(Price);

/// Takes orders, and has the items weighed by worker processes.
#[derive(Debug)]
pub struct Office {
    // BEGIN SOLUTION
    //| // TODO: a place for a pool.
    pool: Pool,
    // END SOLUTION
}

impl Office {
    /// Opens an office.
    pub fn open() -> Result<Self, Error> {
        // BEGIN SOLUTION
        //| Ok(Self {})
        Ok(Self { pool: Pool::start(Config::new(2))? })
        // END SOLUTION
    }

    /// The prices of the items of one order.
    pub fn prices(&mut self, rate: u64, items: Vec<u64>) -> Result<Vec<u64>, Error> {
        // BEGIN SOLUTION
        //| let pool = Pool::start_with(Config::new(2), SetRate(rate))?;
        //| let prices = pool.map(Price, items, 0)?;
        //| pool.finish(END_WITHIN)?;
        //| Ok(prices)
        self.pool.map(Price { rate }, items, 0)
        // END SOLUTION
    }

    /// Closes it: every process that it has started ends.
    pub fn close(self) -> Result<(), Error> {
        // BEGIN SOLUTION
        //| Ok(())
        self.pool.finish(END_WITHIN)?;
        Ok(())
        // END SOLUTION
    }
}

fn main() -> ExitCode {
    multiprocess::init();
    set_up_scales().expect("three numbers of shared memory");
    let mut office = Office::open().expect("an office");
    let prices: Vec<_> = (1..=20).map(|rate| office.prices(rate, vec![12, 34, 56]).expect("two workers")).collect();
    office.close().expect("its workers end");
    let weighed = weighed();
    let mut sheet = Sheet::new();
    let right = (1..).zip(&prices).all(|(rate, prices)| *prices == [3 * rate, 7 * rate, 11 * rate]);
    sheet.holds("the prices are right", right);
    sheet.exactly("items weighed by workers", weighed.items, 60);
    sheet.at_most("processes that weighed them", weighed.processes, 2);
    sheet.end()
}
