//! A closure has no name by which a worker could find it.

use multiprocess::pool::Config;

fn main() {
    multiprocess::init();
    let rate = 1_163;
    let _ = submission::apply(Config::new(2), |cents: u64| cents * rate / 1_000, vec![1, 2, 3]);
}
