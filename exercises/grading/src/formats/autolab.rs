//! Autolab's two last lines of standard output: what was graded, then the scores.

use serde_json::{Map, json};

use super::{Report, is_fine};

/// Both lines. An exercise is a problem of the assessment, and goes by the same name there.
pub(super) fn autolab(report: &Report) -> serde_json::Result<String> {
    let mut shown = Map::new();
    shown.insert("_presentation".into(), json!("semantic"));
    let stages: Vec<&str> = report.graded.iter().map(|graded| graded.exercise.as_str()).collect();
    shown.insert("stages".into(), json!(stages));
    for graded in &report.graded {
        let tests = graded.tests.iter().map(|test| {
            let hint = format!("{}: {}", test.status.word(), test.feedback);
            let passed = is_fine(test.status);
            (
                test.name.clone(),
                if passed { json!({ "passed": true }) } else { json!({ "passed": false, "hint": hint }) },
            )
        });
        shown.insert(graded.exercise.clone(), json!(tests.collect::<Map<_, _>>()));
    }
    let kept = |graded| json!(report.kept_of(graded));
    let scores: Map<_, _> = report.graded.iter().map(|graded| (graded.exercise.clone(), kept(graded))).collect();
    let scoreboard: Vec<_> = report.graded.iter().map(kept).collect();
    let scores = json!({ "scores": scores, "scoreboard": scoreboard });
    Ok(format!("{}\n{}\n", serde_json::to_string(&shown)?, serde_json::to_string(&scores)?))
}
