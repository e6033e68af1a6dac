//! Give each worker its data once.
//!
//! A shop quotes prices at several rates, by spawned workers: they inherit nothing, and everything they need has to be pickled. Each task
//! carries the catalogue, which never changes, and the rate, which changes with each map. Give the catalogue to each worker once, at its
//! start, and leave with the function what changes. Counted: how often the parent pickles the catalogue, how often each worker unpickles it,
//! lookups, and bytes.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use exercises::{Catalogue, Sheet};
use multiprocess::classic::{Chunksize, Config, Pool};
use multiprocess::meter::{self, WorkerReport};
use multiprocess::{Error, Function, Initializer, StartMethod};

// BEGIN SOLUTION
//| /// What is mapped: a rate, and the whole catalogue.
//| #[derive(bincode::Encode, bincode::Decode)]
//| struct Quote {
//|     catalogue: Arc<Catalogue>,
//|     rate: u64,
//| }
/// What each worker is given when it starts.
#[derive(bincode::Encode, bincode::Decode)]
struct Keep(Arc<Catalogue>);

impl Initializer for Keep {
    const NAME: &'static str = "initialize_once_per_worker::Keep";
    type State = Arc<Catalogue>;

    fn initialize(self) -> Arc<Catalogue> {
        self.0
    }
}
multiprocess::register_initializer!(Keep);

/// What is mapped: the rate, and nothing else.
#[derive(bincode::Encode, bincode::Decode)]
struct Quote {
    rate: u64,
}
// END SOLUTION

impl Function for Quote {
    const NAME: &'static str = "initialize_once_per_worker::Quote";
    /// The number of an article.
    type Item = u32;
    type Output = u64;

    // BEGIN SOLUTION
    //| type State = ();
    //|
    //| fn call(&self, _: &(), article: u32) -> u64 {
    //|     self.catalogue.price(article) * self.rate
    //| }
    type State = Arc<Catalogue>;

    fn call(&self, catalogue: &Arc<Catalogue>, article: u32) -> u64 {
        catalogue.price(article) * self.rate
    }
    // END SOLUTION
}
multiprocess::register_function!(Quote);

/// Quotes the articles that are wanted at each rate, `chunk` of them in a task; and reports on the workers.
pub fn quotes(
    catalogue: Arc<Catalogue>,
    wanted: &[u32],
    rates: &[u64],
    config: Config,
    chunk: Chunksize,
) -> Result<(Vec<Vec<u64>>, Vec<WorkerReport>), Error> {
    let mut quotes = Vec::new();
    // BEGIN SOLUTION
    //| // TODO: the catalogue crosses with every task of every map.
    //| let pool = Pool::start(config)?;
    //| for rate in rates {
    //|     let quote = Quote { catalogue: Arc::clone(&catalogue), rate: *rate };
    //|     quotes.push(pool.map(quote, wanted.to_vec(), chunk)?);
    //| }
    let pool = Pool::start_with(config, Keep(catalogue))?;
    for rate in rates {
        quotes.push(pool.map(Quote { rate: *rate }, wanted.to_vec(), chunk)?);
    }
    // END SOLUTION
    let reports = pool.finish()?;
    Ok((quotes, reports))
}

fn main() -> ExitCode {
    multiprocess::init();
    let catalogue = Arc::new(Catalogue::of(0..1_000));
    let wanted: Vec<u32> = (0..200).collect();
    let config = Config::new(2).start_method(StartMethod::Spawn).deadline(Duration::from_secs(5));
    let before = meter::counts();
    let (quotes, reports) =
        quotes(catalogue, &wanted, &[1, 2, 3], config, Chunksize::from(20)).expect("two workers quote");
    let counted = meter::counts().since(&before);
    let given = reports.iter().map(|report| report.counts.marks.get("catalogue_crossings").copied().unwrap_or(0));
    let mut sheet = Sheet::new();
    sheet.exactly("quotes at rate 3, together", quotes[2].iter().sum(), 60_300);
    sheet.exactly("catalogues pickled", counted.marks.get("catalogue_crossings").copied().unwrap_or(0), 2);
    sheet.exactly("catalogues unpickled", given.sum(), 2);
    sheet.end()
}
