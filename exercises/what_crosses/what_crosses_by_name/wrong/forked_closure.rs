//! Bypasses the pool: a fork has the closure as it has everything else. There is no such thing for a program executed again.
//! expect: spawned FAIL by forks of it

use bincode::{Decode, Encode};
use multiprocess::{Channel, Connection, Process};

/// Applies a function to every item, in another process, and returns the outputs in their order.
pub fn apply<T, R: Encode + Decode<()>>(
    _config: Config,
    function: impl Fn(T) -> R,
    items: Vec<T>,
) -> Result<Vec<R>, Error> {
    let (reader, writer) = Connection::pipe()?;
    let _child = Process::start(&[&writer], || {
        let outputs: Vec<R> = items.into_iter().map(function).collect();
        writer.send(&outputs, Duration::MAX).map_or(1, |()| 0)
    })?;
    reader.recv(Duration::from_secs(5))
}

/// Prices with tax.
pub fn taxed(config: Config, prices: Vec<u64>) -> Result<Vec<Stamped<u64>>, Error> {
    apply(config, shop::with_tax, prices)
}

/// Prices in a currency of which 1,000 cents are `rate`.
pub fn converted(config: Config, prices: Vec<u64>, rate: u64) -> Result<Vec<Stamped<u64>>, Error> {
    apply(config, |cents| shop::converted(cents, rate), prices)
}

/// The titles of these numbers, from the catalogue at `path`.
pub fn titles(config: Config, numbers: Vec<u64>, path: &Path) -> Result<Vec<Stamped<String>>, Error> {
    apply(config, |number| Catalogue::open(path).expect("the catalogue is there").title(number), numbers)
}
