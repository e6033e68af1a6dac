//! The pool is never ended, and its processes outlive the work.
//! expect: answer FAIL left running

/// Applies a function to every item, in the workers of a pool, and returns the outputs in their order.
pub fn apply<F: Function<State = ()>>(
    config: Config,
    function: F,
    items: Vec<F::Item>,
) -> Result<Vec<F::Output>, Error> {
    let pool = Box::leak(Box::new(Pool::start(config)?));
    pool.map(function, items, 0)
}

/// Prices with tax.
pub fn taxed(config: Config, prices: Vec<u64>) -> Result<Vec<Stamped<u64>>, Error> {
    apply(config, WithTax, prices)
}

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
