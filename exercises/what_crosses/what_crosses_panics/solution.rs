//! Bring every outcome home.
//!
//! Workers run errands. Most return a value, some an error; some panic, and some end the worker that runs them. What is below brings home values
//! and errors, and if anything worse happens to one errand it brings home nothing of all the others. Wanted is an outcome for each errand,
//! in their order. An errand is run once; one that ended its worker is lost, and only that one.

use std::process::ExitCode;
use std::time::Duration;

use exercises::{Errand, Sheet};
use multiprocess::pool::{Config, Pool, Workers};
use multiprocess::{Error, Function};

/// What became of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned this value.
    Value(u64),
    /// It returned an error, which says this.
    Refused(String),
    /// It panicked; the runtime's error, which has the words of the panic in it.
    Panicked(String),
    /// The worker that ran it has ended.
    Lost,
}

#[derive(bincode::Encode, bincode::Decode)]
struct Run;

impl Function for Run {
    const NAME: &'static str = "what_crosses_panics::Run";
    type State = ();
    type Item = Errand;
    type Output = Result<u64, String>;

    fn call(&self, _: &(), errand: Errand) -> Result<u64, String> {
        errand.run()
    }
}
multiprocess::register_function!(Run);

/// Has two workers run the errands; tells for each, in their order, what became of it.
pub fn outcomes(errands: Vec<Errand>) -> Result<Vec<Outcome>, Error> {
    let pool = Pool::start(Config::new(2))?;
    // BEGIN SOLUTION
    //| // TODO: the first error of the pool is the error of all.
    //| let came = pool.map(Run, errands, 0)?;
    //| let outcomes = came.into_iter().map(|came| came.map_or_else(Outcome::Refused, Outcome::Value)).collect();
    let came = pool.try_map(Run, errands, 1)?;
    let outcome = |came: Result<_, Error>| match came {
        Ok(Ok(value)) => Ok(Outcome::Value(value)),
        Ok(Err(refusal)) => Ok(Outcome::Refused(refusal)),
        Err(fault) if fault.is_worker_lost() => Ok(Outcome::Lost),
        Err(fault) if fault.is_task_failed() => Ok(Outcome::Panicked(fault.to_string())),
        Err(fault) => Err(fault),
    };
    let outcomes = came.into_iter().map(outcome).collect::<Result<_, _>>()?;
    // END SOLUTION
    pool.finish(Duration::from_secs(5))?;
    Ok(outcomes)
}

fn main() -> ExitCode {
    multiprocess::init();
    let mut errands: Vec<Errand> = (0..20).map(Errand::fine).collect();
    errands[4] = Errand::refused(4);
    errands[9] = Errand::panics(9);
    errands[15] = Errand::kills(15);
    let outcomes = outcomes(errands).unwrap_or_else(|fault| {
        println!("{fault}");
        Vec::new()
    });
    let values = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Value(_))).count();
    let mut sheet = Sheet::new();
    sheet.exactly("outcomes", outcomes.len() as u64, 20);
    sheet.exactly("values", values as u64, 17);
    sheet.holds("errand 4 was refused", matches!(outcomes.get(4), Some(Outcome::Refused(_))));
    sheet.holds("errand 9 panicked", matches!(outcomes.get(9), Some(Outcome::Panicked(_))));
    sheet.holds("errand 15 was lost", outcomes.get(15) == Some(&Outcome::Lost));
    sheet.end()
}
