//! Send work by name.
//!
//! `apply` takes closures and does the work in this process. A worker cannot be sent a closure: it has no name by which another process finds
//! it, and what it captures lies in this process's memory. Let `apply` take functions that have a name, and have a pool do the work. Then give
//! names to the closures below; what they capture has to cross. An open file cannot.
//!
//! Counted are the results that were made by the parent, and what the compiler says to a program that calls `apply` with a closure.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use exercises::Sheet;
use exercises::shop::{self, Catalogue, Stamped};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Error, Function};

/// This one has a name already: the work that `taxed` needs.
#[derive(bincode::Encode, bincode::Decode)]
struct WithTax;

impl Function for WithTax {
    const NAME: &'static str = "what_crosses_by_name::WithTax";
    type State = ();
    type Item = u64;
    type Output = Stamped<u64>;

    fn call(&self, _: &(), cents: u64) -> Stamped<u64> {
        shop::with_tax(cents)
    }
}
multiprocess::register_function!(WithTax);

// BEGIN SOLUTION
//| /// Applies a function to every item, and returns the outputs in their order.
//| // TODO: take a function with a name, and have the workers of a pool apply it.
//| pub fn apply<T, R>(_config: Config, function: impl Fn(T) -> R, items: Vec<T>) -> Result<Vec<R>, Error> {
//|     Ok(items.into_iter().map(function).collect())
//| }
//|
//| /// Prices with tax.
//| pub fn taxed(config: Config, prices: Vec<u64>) -> Result<Vec<Stamped<u64>>, Error> {
//|     apply(config, |cents| shop::with_tax(cents), prices)
//| }
//|
//| /// Prices in a currency of which 1,000 cents are `rate`.
//| pub fn converted(config: Config, prices: Vec<u64>, rate: u64) -> Result<Vec<Stamped<u64>>, Error> {
//|     apply(config, |cents| shop::converted(cents, rate), prices)
//| }
//|
//| /// The titles of these numbers, from the catalogue at `path`.
//| pub fn titles(config: Config, numbers: Vec<u64>, path: &Path) -> Result<Vec<Stamped<String>>, Error> {
//|     let catalogue = Catalogue::open(path).expect("the catalogue is there");
//|     apply(config, |number| catalogue.title(number), numbers)
//| }
/// Applies a function to every item, in the workers of a pool, and returns the outputs in their order.
pub fn apply<F: Function<State = ()>>(
    config: Config,
    function: F,
    items: Vec<F::Item>,
) -> Result<Vec<F::Output>, Error> {
    let pool = Pool::start(config)?;
    let outputs = pool.map(function, items, 0)?;
    pool.finish(Duration::from_secs(5))?;
    Ok(outputs)
}

/// Prices with tax.
pub fn taxed(config: Config, prices: Vec<u64>) -> Result<Vec<Stamped<u64>>, Error> {
    apply(config, WithTax, prices)
}

/// The rate that a closure would capture.
#[derive(bincode::Encode, bincode::Decode)]
struct Converted(u64);

impl Function for Converted {
    const NAME: &'static str = "what_crosses_by_name::Converted";
    type State = ();
    type Item = u64;
    type Output = Stamped<u64>;

    fn call(&self, _: &(), cents: u64) -> Stamped<u64> {
        shop::converted(cents, self.0)
    }
}
multiprocess::register_function!(Converted);

/// Prices in a currency of which 1,000 cents are `rate`.
pub fn converted(config: Config, prices: Vec<u64>, rate: u64) -> Result<Vec<Stamped<u64>>, Error> {
    apply(config, Converted(rate), prices)
}

/// Where the catalogue is: the worker opens it.
#[derive(bincode::Encode, bincode::Decode)]
struct Titles(PathBuf);

impl Function for Titles {
    const NAME: &'static str = "what_crosses_by_name::Titles";
    type State = ();
    type Item = u64;
    type Output = Stamped<String>;

    fn call(&self, _: &(), number: u64) -> Stamped<String> {
        Catalogue::open(&self.0).expect("the catalogue is there").title(number)
    }
}
multiprocess::register_function!(Titles);

/// The titles of these numbers, from the catalogue at `path`.
pub fn titles(config: Config, numbers: Vec<u64>, path: &Path) -> Result<Vec<Stamped<String>>, Error> {
    apply(config, Titles(path.to_owned()), numbers)
}
// END SOLUTION

fn main() -> ExitCode {
    multiprocess::init();
    let config = Config::new(2);
    let taxed = taxed(config, vec![100, 200]).expect("two workers");
    let converted = converted(config, vec![1_000, 2_000], 1_163).expect("two workers");
    let path = std::env::temp_dir().join(format!("catalogue-{}", std::process::id()));
    Catalogue::create(&path, &["Emma", "Ulysses"]).expect("a file can be written");
    let titles = titles(config, vec![1, 0], &path);
    std::fs::remove_file(&path).expect("it was written above");
    let titles = titles.expect("two workers");
    let right = [taxed[1].value(), converted[1].value()] == [&238, &2_326] && titles[0].value() == "Ulysses";
    let makers = taxed.iter().chain(&converted).map(Stamped::process).chain(titles.iter().map(Stamped::process));
    let mut sheet = Sheet::new();
    sheet.holds("prices and titles are right", right);
    sheet.exactly("results made by the parent", makers.filter(|maker| *maker == std::process::id()).count() as u64, 0);
    sheet.end()
}
