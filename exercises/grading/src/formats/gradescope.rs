//! Gradescope's `results.json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Report, is_fine, rounded, words};
use crate::grade::Graded;
use crate::judge::Status;

/// Where a submission keeps its points by exercise for the next one: below `extra_data`.
pub(crate) const EXTRA: &str = "unpickled_points";

/// One object. The score is that of the best attempts; what the tests show is this submission.
pub(super) fn gradescope(report: &Report) -> Value {
    let tests = (1..)
        .zip(&report.graded)
        .flat_map(|(number, graded)| (0..graded.tests.len()).map(move |place| test(number, graded, place)));
    let points: BTreeMap<&str, f64> =
        report.graded.iter().map(|graded| (graded.exercise.as_str(), report.kept_of(graded))).collect();
    json!({
        "score": report.kept(),
        "execution_time": rounded(report.seconds),
        "output": said(report),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": { EXTRA: points },
        "tests": tests.collect::<Vec<_>>(),
    })
}

fn said(report: &Report) -> String {
    let mut lines = vec![format!("This submission: {} of {} points.", report.points(), report.of())];
    if report.kept() > report.points() {
        lines.push(format!("Your best attempts together: {} points. They count.", report.kept()));
    }
    lines.extend(report.notes.iter().cloned());
    lines.join("\n")
}

fn test(number: usize, graded: &Graded, place: usize) -> Value {
    let test = &graded.tests[place];
    let mut value = Map::new();
    // A test without a score is shown and counts neither for nor against.
    if test.status != Status::Ungradable {
        value.insert("score".into(), json!(test.points));
        value.insert("max_score".into(), json!(test.of));
        value.insert("status".into(), json!(if is_fine(test.status) { "passed" } else { "failed" }));
    }
    value.insert("name".into(), json!(format!("{}: {}", graded.exercise, test.name)));
    value.insert("name_format".into(), json!("text"));
    value.insert("number".into(), json!(format!("{number}.{}", place + 1)));
    value.insert("output".into(), json!(words(graded, place)));
    value.insert("output_format".into(), json!("text"));
    value.insert("tags".into(), json!([graded.lesson]));
    value.insert("visibility".into(), json!("visible"));
    Value::Object(value)
}
