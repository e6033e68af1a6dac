//! A result of which only the question mark is used: the work was handed in, its outcome is never looked at.

use std::time::Duration;

use multiprocess::Function;
use multiprocess::executor::{Config, Executor};

fn hand_in<F: Function<State = (), Item = u64>>(function: F) -> Result<(), multiprocess::Error> {
    let executor = Executor::new(Config::new(2))?;
    executor.submit(function, 1)?;
    executor.finish(Duration::from_secs(10))?;
    Ok(())
}

fn main() {
    // Any function will do.
    let _ = hand_in::<std::sync::Arc<Never>>;
}

#[derive(bincode::Encode, bincode::Decode)]
struct Never;

impl Function for Never {
    const NAME: &'static str = "example::Never";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item
    }
}
