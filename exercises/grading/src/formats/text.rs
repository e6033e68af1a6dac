//! For a terminal.

use std::fmt::Write;

use super::{Report, is_fine, rounded};
use crate::grade::Graded;
use crate::judge::Status;

/// Every exercise with its tests, and the sum.
pub(super) fn text(report: &Report, colours: bool) -> String {
    let mut text = String::new();
    for exercise in &report.graded {
        one(&mut text, exercise, colours);
        let best = report.kept_of(exercise);
        if best > exercise.points {
            let _ = writeln!(text, "  Your best attempt got {best} points.");
        }
        text.push('\n');
    }
    for note in &report.notes {
        let _ = writeln!(text, "{note}");
    }
    if report.graded.len() > 1 {
        let _ = write!(text, "{} of {} points", report.points(), report.of());
        let best = report.kept();
        let _ = writeln!(
            text,
            "{}",
            if best > report.points() { format!("; with your best attempts {best}") } else { String::new() }
        );
    }
    text
}

fn one(text: &mut String, graded: &Graded, colours: bool) {
    let Graded { exercise, title, points, of, lesson, .. } = graded;
    let _ = writeln!(text, "{exercise}: {title}   {} of {of} points", rounded(*points));
    let width = graded.tests.iter().map(|test| test.status.word().len()).max().unwrap_or(0);
    for test in &graded.tests {
        let word = format!("{:width$}", test.status.word());
        let word = if colours { format!("\x1b[{}m{word}\x1b[0m", colour(test.status)) } else { word };
        let _ = writeln!(text, "  {word}  {}/{} {}: {}", test.points, test.of, test.name, test.what);
        if !test.feedback.is_empty() && test.status != Status::DoesNotCompile {
            let _ = writeln!(text, "  {:width$}  {}", "", test.feedback);
        }
    }
    if !is_fine(graded.status) {
        for line in graded.printed.lines() {
            let _ = writeln!(text, "  | {line}");
        }
        let _ = writeln!(text, "  Read the chapter {lesson}; `lab hint {exercise}` says more.");
    }
}

fn colour(status: Status) -> u8 {
    match status {
        Status::Pass => 32,
        Status::Partial | Status::Ungradable => 33,
        Status::Fail | Status::Timeout | Status::Error | Status::DoesNotCompile => 31,
    }
}
