//! From what a check observed to points: pure, so that a grade follows from the counts and from nothing else.

use std::collections::BTreeMap;

use exercises::checking::Observed;
use serde::{Deserialize, Serialize};

use crate::manifest::{Bounds, Exercise, Test};

/// How much is said about a test, in characters.
const FEEDBACK: usize = 400;

/// The word for how a test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Full points.
    Pass,
    /// Some of the points.
    Partial,
    /// It did what was not asked for.
    Fail,
    /// It was not done at its deadline.
    Timeout,
    /// It ended before it could be judged.
    Error,
    /// The compiler refuses it.
    DoesNotCompile,
    /// This machine cannot tell; it counts neither for nor against.
    Ungradable,
}

impl Status {
    /// The word as it is printed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Partial => "PARTIAL",
            Self::Fail => "FAIL",
            Self::Timeout => "TIMEOUT",
            Self::Error => "ERROR",
            Self::DoesNotCompile => "DOES NOT COMPILE",
            Self::Ungradable => "UNGRADABLE HERE",
        }
    }
}

/// A test and how it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GradedTest {
    /// Its name.
    pub name: String,
    /// What has to be so.
    pub what: String,
    /// How it went.
    pub status: Status,
    /// The points it got.
    pub points: f64,
    /// The points there were; none where this machine cannot tell.
    pub of: f64,
    /// What was counted and what was expected.
    pub feedback: String,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseEnd {
    /// What it observed, in order.
    pub observed: Vec<Observed>,
    /// Why it did not come to its end, if it did not, and the word for that.
    pub broke: Option<(Status, String)>,
    /// Processes that it left running.
    pub left_running: u64,
    /// Files that it left where they are everyone's.
    pub left_files: Vec<String>,
}

/// Judges every test of an exercise by how the cases ended, and by what the compiler took.
pub fn judge(exercise: &Exercise, cases: &BTreeMap<&str, CaseEnd>, refused: &[Option<String>]) -> Vec<GradedTest> {
    let mut graded: Vec<GradedTest> = Vec::new();
    for test in &exercise.tests {
        let missing = test.needs.as_deref().and_then(|needs| {
            let needed = graded.iter().find(|other| other.name == needs)?;
            match needed.status {
                Status::Pass => None,
                Status::Ungradable => Some((Status::Ungradable, format!("this machine cannot tell '{needs}'"))),
                _ => Some((Status::Fail, format!("worth nothing while '{needs}' is not passed"))),
            }
        });
        let compiled = exercise.refused.iter().zip(refused).find(|(refused, _)| refused.test == test.name);
        let (status, share, feedback) = match (compiled, missing) {
            (_, Some((status, why))) => (status, 0.0, why),
            (Some((refused, words)), None) => by_compiler(&refused.says, words.as_deref()),
            (None, None) => by_case(test, cases.get(test.case())),
        };
        let of = if status == Status::Ungradable { 0.0 } else { f64::from(test.points) };
        // Tenths, as the cache lab's.
        let points = (share * of * 10.0).round() / 10.0;
        let feedback = plain(&feedback, FEEDBACK);
        graded.push(GradedTest { name: test.name.clone(), what: test.what.clone(), status, points, of, feedback });
    }
    graded
}

/// The beginning of a text that a submission may have had a hand in, as a terminal and XML can bear it: without control characters.
pub(crate) fn plain(text: &str, at_most: usize) -> String {
    let shown = |sign: char| if sign.is_control() && !"\n\t".contains(sign) { '\u{fffd}' } else { sign };
    let mut short: String = text.chars().take(at_most).map(shown).collect();
    if text.chars().nth(at_most).is_some() {
        short.push_str("...");
    }
    short
}

type Judged = (Status, f64, String);

fn by_compiler(says: &str, words: Option<&str>) -> Judged {
    match words {
        None => (Status::Fail, 0.0, "the compiler takes a program that it has to refuse".into()),
        Some(words) if words.contains(says) => (Status::Pass, 1.0, format!("refused: {says}")),
        Some(words) => {
            let first = words.lines().next().unwrap_or_default();
            (Status::Fail, 0.0, format!("refused for another reason ({first}), expected: {says}"))
        }
    }
}

fn by_case(test: &Test, end: Option<&CaseEnd>) -> Judged {
    let Some(end) = end else { return (Status::Error, 0.0, "its case was not run".into()) };
    let about = |observed: &&Observed| name(observed) == Some(test.name.as_str());
    let seen: Vec<&Observed> = end.observed.iter().filter(about).collect();
    match (seen.as_slice(), &end.broke) {
        // Whoever reports after the end of a case was not the check.
        (_, Some((status, why))) => (*status, 0.0, why.clone()),
        _ if end.left_running > 0 => {
            let left =
                if end.left_running == 1 { "1 process".to_owned() } else { format!("{} processes", end.left_running) };
            (Status::Fail, 0.0, format!("{left} left running"))
        }
        _ if !end.left_files.is_empty() => (Status::Fail, 0.0, format!("left behind: {}", end.left_files.join(", "))),
        ([], None) => (Status::Error, 0.0, "the check ended without a word on it".into()),
        ([one], None) => by_observation(test, one),
        (several, None) => (Status::Error, 0.0, format!("the check spoke of it {} times", several.len())),
    }
}

fn name(observed: &Observed) -> Option<&str> {
    match observed {
        Observed::Holds { test, .. }
        | Observed::Count { test, .. }
        | Observed::Times { test, .. }
        | Observed::NotHere { test, .. } => Some(test),
        Observed::Done { .. } => None,
    }
}

fn by_observation(test: &Test, observed: &Observed) -> Judged {
    match (observed, &test.bounds) {
        (Observed::Holds { fine: true, saw, .. }, _) => (Status::Pass, 1.0, saw.clone()),
        (Observed::Holds { fine: false, saw, .. }, _) => (Status::Fail, 0.0, saw.clone()),
        (Observed::NotHere { reason, .. }, _) => (Status::Ungradable, 0.0, reason.clone()),
        #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
        (Observed::Count { counted, .. }, Some(bounds)) => by_bounds(*counted as f64, bounds),
        (Observed::Times { reference, submission, again, .. }, Some(bounds)) => {
            by_times(reference, submission, again, bounds)
        }
        _ => (Status::Error, 0.0, "the manifest has no bounds for what the check counted".into()),
    }
}

/// The share of the points for a value: all up to `full`, none from `none` on, linear between.
fn share(value: f64, bounds: &Bounds) -> f64 {
    // A clamp lets -0 pass, and it would be printed.
    ((bounds.none - value) / (bounds.none - bounds.full)).clamp(0.0, 1.0).abs()
}

fn word_of(share: f64) -> Status {
    if share >= 1.0 {
        Status::Pass
    } else if share > 0.0 {
        Status::Partial
    } else {
        Status::Fail
    }
}

fn by_bounds(value: f64, bounds: &Bounds) -> Judged {
    let share = share(value, bounds);
    (word_of(share), share, said(&number(value), bounds))
}

fn said(value: &str, bounds: &Bounds) -> String {
    let (up_to, from) = if bounds.full < bounds.none { ("up to", "from") } else { ("from", "at") };
    let beyond = if bounds.full < bounds.none { "on" } else { "and below" };
    let (full, none) = (number(bounds.full), number(bounds.none));
    format!("{value} {}; full points {up_to} {full}, none {from} {none} {beyond}", bounds.counts)
}

/// Whole numbers in groups of three digits, others with two decimals.
fn number(value: f64) -> String {
    if value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Judges the ratio of times by its interval: what is decided everywhere in it is decided; else it is ungradable here.
fn by_times(reference: &[u64], submission: &[u64], again: &[u64], bounds: &Bounds) -> Judged {
    let triples = || reference.iter().zip(submission).zip(again);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds below 2^53")]
    let ratios = triples().map(|((one, ours), two)| *ours as f64 * 2.0 / (*one + *two).max(1) as f64);
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds below 2^53")]
    let noise = triples().map(|((one, _), two)| *one as f64 / (*two).max(1) as f64);
    let (Some((low, middle, high)), Some((calm, _, wild))) = (interval(ratios.collect()), interval(noise.collect()))
    else {
        return (Status::Error, 0.0, "the check took too few times".into());
    };
    let text = said(&format!("{middle:.2} ({low:.2} to {high:.2})"), bounds);
    let (at_low, at_high) = (share(low, bounds), share(high, bounds));
    if (at_low - at_high).abs() > 0.25 || wild / calm > bounds.none.max(bounds.full) {
        let noise = format!("equal times lie {calm:.2} to {wild:.2} apart on this machine");
        return (Status::Ungradable, 0.0, format!("{text}; {noise}, which cannot tell"));
    }
    let share = share(middle, bounds);
    (word_of(share), share, text)
}

/// The median of at least six values and an interval by ranks: the second and the last but one hold it with 78 % or more (David and Nagaraja, "Order Statistics").
fn interval(mut values: Vec<f64>) -> Option<(f64, f64, f64)> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    (count >= 6).then(|| (values[1], (values[(count - 1) / 2] + values[count / 2]) / 2.0, values[count - 2]))
}

#[cfg(test)]
mod tests;
