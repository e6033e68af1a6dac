//! One worker in place of two for each order: half of the starts, and still one for each order.
//! expect: starts FAIL processes for 40 orders

#[derive(bincode::Encode, bincode::Decode)]
struct Price {
    rate: u64,
}
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    workers: usize,
// NEXT REGION
        Ok(Self { workers: 1 })
// NEXT REGION
        let pool = Pool::start(Config::new(self.workers))?;
        let prices = pool.map(Price { rate }, items, 0)?;
        pool.finish(END_WITHIN)?;
        Ok(prices)
// NEXT REGION
// SKELETON
