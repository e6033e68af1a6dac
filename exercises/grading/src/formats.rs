//! Grades as people and platforms read them: each format a pure function of a report.

mod autolab;
mod classroom50;
mod gradescope;
mod json;
mod junit;
mod table;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

pub use classroom50::Identity;
pub(crate) use gradescope::EXTRA;
pub use table::{Student, table};

use crate::grade::Graded;
use crate::judge::Status;

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    #[default]
    Text,
    /// All there is, as one object on one line.
    Json,
    /// Gradescope's `results.json`.
    Gradescope,
    /// Classroom 50's `result.json`.
    Classroom50,
    /// Autolab's last two lines.
    Autolab,
    /// JUnit's XML.
    Junit,
}

/// Every format by its name.
const NAMES: [(Format, &str); 6] = [
    (Format::Text, "text"),
    (Format::Json, "json"),
    (Format::Gradescope, "gradescope"),
    (Format::Classroom50, "classroom50"),
    (Format::Autolab, "autolab"),
    (Format::Junit, "junit"),
];

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        let allowed = NAMES.map(|(_, known)| known).join(", ");
        found.map(|(format, _)| *format).ok_or_else(|| format!("'{name}' is no format; allowed: {allowed}"))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(format, _)| format == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

/// All that a format is made from.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Every exercise of the call.
    pub graded: Vec<Graded>,
    /// What else the reader should know, a line each.
    pub notes: Vec<String>,
    /// How long it took so far, in seconds.
    pub seconds: f64,
    /// The most points an exercise got before, by its name.
    pub best: BTreeMap<String, f64>,
    /// The most points that all of it got before, where only that is known.
    pub best_total: f64,
    /// Whose grades these are; only Classroom 50 asks.
    pub identity: Identity,
}

impl Report {
    /// The points of this submission.
    pub fn points(&self) -> f64 {
        rounded(self.graded.iter().map(|graded| graded.points).sum())
    }

    /// The points there were.
    pub fn of(&self) -> f64 {
        rounded(self.graded.iter().map(|graded| graded.of).sum())
    }

    /// The points that count: of each exercise the best attempt, this one included.
    pub fn kept(&self) -> f64 {
        rounded(self.graded.iter().map(|graded| self.kept_of(graded)).sum::<f64>().max(self.best_total))
    }

    /// The points of an exercise that count.
    pub fn kept_of(&self, graded: &Graded) -> f64 {
        rounded(graded.points.max(self.best.get(&graded.exercise).copied().unwrap_or(0.0)))
    }
}

/// A report in a format, with colours where they are wanted and the format has them.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn write(format: Format, report: &Report, colours: bool) -> serde_json::Result<String> {
    let line = |value| serde_json::to_string(&value).map(|line| line + "\n");
    match format {
        Format::Text => Ok(text::text(report, colours)),
        Format::Json => line(json::json(report)),
        Format::Gradescope => line(gradescope::gradescope(report)),
        Format::Classroom50 => line(classroom50::classroom50(report)),
        Format::Autolab => autolab::autolab(report),
        Format::Junit => Ok(junit::junit(report)),
    }
}

/// Points are tenths; a sum of tenths in binary is not quite.
fn rounded(points: f64) -> f64 {
    (points * 10.0).round() / 10.0
}

/// Points in tenths, for who takes whole numbers only.
#[expect(clippy::cast_possible_truncation, reason = "points are small")]
fn tenths(points: f64) -> i64 {
    (points * 10.0).round() as i64
}

fn is_fine(status: Status) -> bool {
    matches!(status, Status::Pass | Status::Ungradable)
}

/// What is said of one test, in one or more lines.
fn words(graded: &Graded, place: usize) -> String {
    let test = &graded.tests[place];
    let mut words = format!("{}: {}", test.status.word(), test.what);
    if !test.feedback.is_empty() {
        words += &format!("\n{}", test.feedback);
    }
    let first_not_fine = graded.tests.iter().position(|test| !is_fine(test.status));
    if first_not_fine == Some(place) {
        if !graded.printed.is_empty() {
            words += &format!("\n\n{}", graded.printed.trim_end());
        }
        words += &format!("\n\nRead the chapter {}.", graded.lesson);
    }
    words
}
