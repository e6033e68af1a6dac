//! Keeps the pool in a static, and nobody ends it: its processes are left.
//! expect: answer FAIL left running

static POOL: std::sync::OnceLock<Pool> = std::sync::OnceLock::new();

#[derive(bincode::Encode, bincode::Decode)]
struct Price {
    rate: u64,
}
// NEXT REGION
// SOLUTION
// NEXT REGION
// SOLUTION
// NEXT REGION
    // The pool is a static.
// NEXT REGION
        if POOL.get().is_none() {
            let pool = Pool::start(Config::new(2))?;
            POOL.set(pool).expect("there is none yet");
        }
        Ok(Self {})
// NEXT REGION
        POOL.get().expect("an open office has one").map(Price { rate }, items, 0)
// NEXT REGION
// SKELETON
