//! Keeps the first order's pool, and with it the first order's rate.
//! expect: answer FAIL got

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
    pool: Option<Pool<u64>>,
// NEXT REGION
        Ok(Self { pool: None })
// NEXT REGION
        if self.pool.is_none() {
            self.pool = Some(Pool::start_with(Config::new(2), SetRate(rate))?);
        }
        let pool = self.pool.as_ref().expect("there is one by now");
        pool.map(Price, items, 0)
// NEXT REGION
        if let Some(pool) = self.pool {
            pool.finish(END_WITHIN)?;
        }
        Ok(())
