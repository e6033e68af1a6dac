//! The rate is given at the start, too: every map after the first is quoted at the first one's rate.
//! expect: answer FAIL map 1, at rate

/// What each worker is given when it starts.
#[derive(bincode::Encode, bincode::Decode)]
struct Keep(Arc<Catalogue>, u64);

impl Initializer for Keep {
    const NAME: &'static str = "initialize_once_per_worker::Keep";
    type State = (Arc<Catalogue>, u64);

    fn initialize(self) -> (Arc<Catalogue>, u64) {
        (self.0, self.1)
    }
}
multiprocess::register_initializer!(Keep);

/// What is mapped: nothing but a name.
#[derive(bincode::Encode, bincode::Decode)]
struct Quote;
// NEXT REGION
    type State = (Arc<Catalogue>, u64);

    fn call(&self, (catalogue, rate): &(Arc<Catalogue>, u64), article: u32) -> u64 {
        catalogue.price(article) * rate
    }
// NEXT REGION
    let pool = Pool::start_with(config, Keep(catalogue, rates[0]))?;
    for _ in rates {
        quotes.push(pool.map(Quote, wanted.to_vec(), chunk)?);
    }
