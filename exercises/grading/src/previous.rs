//! What Gradescope knows of the submissions before this one, so that none of their points is lost.

use serde_json::Value;

use crate::formats::{EXTRA, Report};

/// Adds the best points of the previous submissions that `metadata` tells of. What cannot be read is said in a note, and costs nothing else.
pub(crate) fn add(report: &mut Report, metadata: &str) {
    let Ok(metadata) = serde_json::from_str::<Value>(metadata) else {
        report.notes.push("what was submitted before is not known: submission_metadata.json cannot be read".into());
        return;
    };
    for submission in metadata["previous_submissions"].as_array().into_iter().flatten() {
        report.best_total = report.best_total.max(number(&submission["score"]));
        let points = submission["results"]["extra_data"][EXTRA].as_object();
        for (exercise, points) in points.into_iter().flatten() {
            let best = report.best.entry(exercise.clone()).or_insert(0.0);
            *best = best.max(number(points));
        }
    }
}

/// Numbers come as such, or as texts; anything else is none.
fn number(value: &Value) -> f64 {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.filter(|number| number.is_finite()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_every_exercise_and_of_the_whole_is_kept() {
        let metadata = serde_json::json!({ "id": 7, "previous_submissions": [
            { "score": "4.5", "results": { "extra_data": { EXTRA: { "a_one": 4.0, "a_two": 0.5 } } } },
            { "score": 3.0, "results": { "extra_data": { EXTRA: { "a_one": 1.0, "a_two": 2.0 } } } },
            { "score": null, "autograder_error": true },
        ] });
        let mut report = Report::default();
        add(&mut report, &metadata.to_string());
        assert_eq!(report.best, [("a_one".to_owned(), 4.0), ("a_two".to_owned(), 2.0)].into());
        assert_eq!((report.best_total, report.notes.len()), (4.5, 0));
    }

    #[test]
    fn a_file_that_cannot_be_read_costs_nothing() {
        let mut report = Report::default();
        add(&mut report, "");
        assert_eq!((report.best.len(), report.notes.len()), (0, 1));
    }
}
