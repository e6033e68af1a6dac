//! Why there is no figure: the machine cannot, or something failed.

use std::error::Error;
use std::fmt;

use crate::outcome::Outcome;

type Fault = Box<dyn Error + Send + Sync>;

/// Why a limit has no figure.
#[derive(Debug)]
pub(super) enum Unmeasured {
    /// This machine cannot, and why. That is no failure.
    NotHere(String),
    /// Something failed, or what came back is wrong.
    Failed(Fault),
}

impl Unmeasured {
    pub(super) fn wrong(what: impl Into<String>) -> Self {
        Self::Failed(what.into().into())
    }
}

impl fmt::Display for Unmeasured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHere(why) => f.write_str(why),
            Self::Failed(fault) => fault.fmt(f),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Unmeasured {
    fn from(fault: E) -> Self {
        Self::Failed(fault.into())
    }
}

/// What a variant hands back: that the machine cannot is an outcome.
pub(super) fn settled(measured: Result<Outcome, Unmeasured>) -> Result<Outcome, Fault> {
    match measured {
        Err(Unmeasured::NotHere(why)) => Ok(Outcome::not_here(why)),
        Err(Unmeasured::Failed(fault)) => Err(fault),
        Ok(outcome) => Ok(outcome),
    }
}
