//! Our own format, `unpickled/grades/v1`: everything the grader knows. The chapter for teachers describes it.

use serde_json::{Value, json};

use super::{Report, rounded};

/// One object.
pub(super) fn json(report: &Report) -> Value {
    json!({
        "schema": "unpickled/grades/v1",
        "points": report.points(),
        "of": report.of(),
        "kept": report.kept(),
        "seconds": rounded(report.seconds),
        "notes": report.notes,
        "best": report.best,
        "exercises": report.graded,
    })
}
