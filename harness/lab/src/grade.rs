//! `lab grade`, `lab hint` and `lab handout`: the grader's commands, on the checkout that all commands work on.

use anyhow::Error;
use grading::cli::{self, GradeOptions, HandoutOptions, HintOptions};
use harness::Interrupted;

use crate::cli::{Ended, WrongCall};
use crate::shelf;

pub(crate) fn grade(options: &GradeOptions) -> anyhow::Result<Ended> {
    ended(cli::grade(&shelf::root()?, options))
}

pub(crate) fn hint(options: &HintOptions) -> anyhow::Result<Ended> {
    ended(cli::hint(&shelf::root()?, options))
}

pub(crate) fn handout(options: &HandoutOptions) -> anyhow::Result<Ended> {
    ended(cli::handout(&shelf::root()?, options))
}

/// The grader's words for how it went, in ours.
fn ended(outcome: anyhow::Result<cli::Ended>) -> anyhow::Result<Ended> {
    match outcome {
        Ok(cli::Ended::Fine) => Ok(Ended::Fine),
        Ok(cli::Ended::NotFine) => Ok(Ended::NotFine),
        Ok(cli::Ended::Interrupted(how)) => Ok(Ended::Interrupted(Interrupted { signal: how.signal })),
        Err(fault) => Err(match fault.downcast::<cli::WrongCall>() {
            Ok(cli::WrongCall(words)) => Error::new(WrongCall(words)),
            Err(fault) => fault,
        }),
    }
}
