//! Keeps a pool for each rate: fewer starts, and as many idle processes as there are rates.
//! expect: starts PARTIAL processes for 40 orders

/// Leaves the rate of an order in each worker.
#[derive(bincode::Encode, bincode::Decode)]
struct SetRate(u64);

impl multiprocess::Initializer for SetRate {
    const NAME: &'static str = "start_cost_one_pool::SetRate";
    type State = u64;

    fn initialize(self) -> u64 {
        self.0
    }
}
multiprocess::register_initializer!(SetRate);

#[derive(bincode::Encode, bincode::Decode)]
struct Price;
// NEXT REGION
// SKELETON
// NEXT REGION
// SKELETON
// NEXT REGION
    pools: std::collections::BTreeMap<u64, Pool<u64>>,
// NEXT REGION
        Ok(Self { pools: std::collections::BTreeMap::new() })
// NEXT REGION
        if !self.pools.contains_key(&rate) {
            self.pools.insert(rate, Pool::start_with(Config::new(2), SetRate(rate))?);
        }
        self.pools[&rate].map(Price, items, 0)
// NEXT REGION
        for pool in self.pools.into_values() {
            pool.finish(END_WITHIN)?;
        }
        Ok(())
