//! Every call starts its own workers: nothing is kept, and the sieves are made again and again.
//! expect: once FAIL 0 in the parent, [1, 1, 1, 1, 1, 1, 1, 1, 1] in its workers

/// Makes the sieve of a worker.
#[derive(Debug, bincode::Encode, bincode::Decode)]
struct MakeSieve {
    below: usize,
}

impl Initializer for MakeSieve {
    const NAME: &'static str = "bound_method_initializer::MakeSieve";
    type State = Sieve;

    fn initialize(self) -> Sieve {
        Sieve::below(self.below)
    }
}
multiprocess::register_initializer!(MakeSieve);

#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct IsPrime;
// NEXT REGION
// SOLUTION
// NEXT REGION
    config: Config,
    below: usize,
    records: std::cell::RefCell<Vec<Record>>,
// NEXT REGION
        Ok(Self { config, below, records: std::cell::RefCell::default() })
// NEXT REGION
        let pool = Pool::start_with(self.config, MakeSieve { below: self.below })?;
        let answers = pool.map(IsPrime, numbers, 0)?;
        self.records.borrow_mut().extend(pool.finish(Duration::from_secs(5))?);
        Ok(answers)
// NEXT REGION
        let _ = limit;
        Ok(self.records.into_inner())
