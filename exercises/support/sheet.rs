//! What an exercise shows of itself when it is run by hand.

use std::fmt::Display;
use std::process::ExitCode;

/// Lines of what was counted, each with what it should have been; ends a `main`.
///
/// ```
/// let mut sheet = exercises::Sheet::new();
/// sheet.holds("the sum is right", 1 + 1 == 2);
/// sheet.at_most("dumps", 3, 4);
/// sheet.end();
/// ```
#[derive(Debug, Default)]
#[must_use = "a sheet says by `end` whether all of it is fine"]
pub struct Sheet {
    failed: bool,
}

impl Sheet {
    /// An empty sheet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something that should be so.
    pub fn holds(&mut self, what: impl Display, fine: bool) {
        self.line(fine, format_args!("{what}"));
    }

    /// A count that should be exactly `expected`.
    pub fn exactly(&mut self, what: impl Display, counted: u64, expected: u64) {
        self.line(counted == expected, format_args!("{what}: {counted}, expected {expected}"));
    }

    /// A count that should not be above `bound`.
    pub fn at_most(&mut self, what: impl Display, counted: u64, bound: u64) {
        self.line(counted <= bound, format_args!("{what}: {counted}, expected at most {bound}"));
    }

    /// A count that should not be below `bound`.
    pub fn at_least(&mut self, what: impl Display, counted: u64, bound: u64) {
        self.line(counted >= bound, format_args!("{what}: {counted}, expected at least {bound}"));
    }

    fn line(&mut self, fine: bool, text: impl Display) {
        println!("{} {text}", if fine { "ok  " } else { "TODO" });
        self.failed |= !fine;
    }

    /// Failure unless every line is fine.
    pub fn end(self) -> ExitCode {
        if self.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
