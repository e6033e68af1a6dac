//! Records of earlier code that were declared still valid, compiled in from `experiments/still_valid.toml`.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    #[serde(default)]
    record: Vec<Record>,
}

/// One declaration: it holds for these two fingerprints and no others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    lesson: String,
    recorded: String,
    now: String,
    because: String,
}

/// Why a record of `lesson` made by the code `recorded` still holds for the code `now`, if that was declared.
///
/// # Panics
/// If `still_valid.toml` is not a list of declarations; a test reads it.
pub fn still_valid(lesson: &str, recorded: &str, now: &str) -> Option<String> {
    let declared: Declared = toml::from_str(include_str!("../still_valid.toml")).expect("a list of declarations");
    let holds = |record: &Record| record.lesson == lesson && record.recorded == recorded && record.now == now;
    declared.record.into_iter().find(holds).map(|record| record.because)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_holds_that_was_not_declared() {
        assert_eq!(still_valid("bound_method", "00000000", "ffffffff"), None);
        assert_eq!(still_valid("no_such_lesson", "", ""), None);
    }
}
