//! The workers were forked before the sieve was there: they find nothing.
//! expect: answer FAIL got

/// What a forked worker finds in its memory.
static SIEVE: OnceLock<Sieve> = OnceLock::new();

#[derive(bincode::Encode, bincode::Decode)]
struct IsPrime;
// NEXT REGION
// SOLUTION
// NEXT REGION
    let pool = Pool::start(Config::new(2))?;
    SIEVE.set(sieve).expect("one sieve for each run of the program");
    let answers = pool.map(IsPrime, candidates, 0)?;
