//! Classroom 50's `result.json`. It takes whole numbers only, so its points are tenths of ours.

use serde_json::{Map, Value, json};

use super::{Report, is_fine, tenths};
use crate::judge::Status;

/// Whose grades these are, as the platform's workflow says in the environment. What it does not say is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    fields: Vec<(&'static str, String)>,
    usernames: Option<Vec<String>>,
    datetime: Option<String>,
}

/// Each field with the variable that fills it. The last three are those of the newer schema.
const FIELDS: [(&str, &str); 9] = [
    ("classroom", "CLASSROOM"),
    ("assignment", "ASSIGNMENT"),
    ("submission", "SUBMISSION_TAG"),
    ("commit", "COMMIT_URL"),
    ("release", "RELEASE_URL"),
    ("review", "REVIEW_URL"),
    ("owner", "OWNER"),
    ("assignment_type", "ASSIGNMENT_TYPE"),
    ("submitted_by", "SUBMITTED_BY"),
];

impl Identity {
    /// Takes what the variables say; `now` is the date of the grade, in UTC.
    ///
    /// `USERNAME`, one or several with commas between, becomes `usernames`, unless `OWNER` is there: the newer schema has no other.
    pub fn of(variable: impl Fn(&str) -> Option<String>, now: String) -> Self {
        let said = |name: &str| variable(name).filter(|value| !value.is_empty());
        let fields = FIELDS.iter().filter_map(|(field, name)| Some((*field, said(name)?))).collect();
        let names = said("USERNAME").filter(|_| said("OWNER").is_none());
        let usernames = names.map(|names| names.split(',').map(|name| name.trim().to_owned()).collect());
        Self { fields, usernames, datetime: Some(now) }
    }
}

/// One object.
pub(super) fn classroom50(report: &Report) -> Value {
    let tests = report.graded.iter().flat_map(|graded| {
        graded.tests.iter().map(move |test| {
            let note = if test.status == Status::Ungradable { " (ungradable here)" } else { "" };
            json!({
                "test-name": format!("{}/{}{note}", graded.exercise, test.name),
                "passed": is_fine(test.status),
                "score": tenths(test.points),
                "max-score": tenths(test.of),
            })
        })
    });
    let Identity { fields, usernames, datetime } = &report.identity;
    let mut object = Map::new();
    object.insert("schema".into(), json!("classroom50/result/v1"));
    object.extend(fields.iter().map(|(field, value)| ((*field).to_owned(), json!(value))));
    object.extend(usernames.iter().map(|names| ("usernames".to_owned(), json!(names))));
    object.extend(datetime.iter().map(|datetime| ("datetime".to_owned(), json!(datetime))));
    object.insert("score".into(), json!(tenths(report.kept())));
    object.insert("max-score".into(), json!(tenths(report.of())));
    object.insert("tests".into(), tests.collect());
    Value::Object(object)
}
