//! Records of older schemas: each reads as rows of today, none may hold what its schema did not have, and none is rewritten.

use std::path::{Path, PathBuf};

use record::{Error, Run, SCHEMA};
use serde_json::{Value, json};

fn data(schema: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/schema-{schema}.jsonl"))
}

/// The committed rows of a schema.
fn rows(schema: u32) -> Vec<Value> {
    let text = std::fs::read_to_string(data(schema)).expect("a committed file");
    text.lines().map(|line| serde_json::from_str(line).expect("a committed row")).collect()
}

fn parse(rows: &[Value]) -> Result<Run, Error> {
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    Run::parse(Path::new("old.jsonl"), text.as_bytes())
}

#[track_caller]
fn check_refused(rows: &[Value], line: usize, reason: &str) {
    let error = parse(rows).expect_err("these rows are none of their schema");
    assert!(error.is_damaged() && !error.is_newer_schema(), "{error}");
    let message = error.to_string();
    assert!(message.starts_with(&format!("old.jsonl:{line}: ")) && message.contains(reason), "{message}");
}

#[test]
fn there_is_a_file_of_every_schema_and_each_reads() {
    for schema in 1..=SCHEMA {
        let before = std::fs::read(data(schema)).unwrap();
        let run = Run::read(&data(schema)).unwrap();
        assert_eq!((run.header.schema, run.header.id), (schema, format!("schema-{schema}")));
        assert_eq!((run.subjects.len(), run.end.is_some()), (2, true), "schema {schema}");
        assert_eq!(std::fs::read(data(schema)).unwrap(), before, "a record is never rewritten");
    }
}

#[test]
fn schema_1_says_nothing_of_what_came_later() {
    let run = Run::read(&data(1)).unwrap();
    let subject = &run.subjects[0];
    assert_eq!((subject.lesson.as_str(), subject.result.answer.as_deref()), ("bound_method", Some("3847d318da7c4093")));
    assert!(subject.result.facts.contains_key("cache_serialised_bytes"));
    assert!(subject.result.series.is_empty() && subject.result.notes.is_empty() && subject.usage.is_none());
    let plan = &run.header.lessons[0];
    assert!(plan.shrunk.is_empty() && plan.params["items"] == 1_000_000);
    assert_eq!((run.header.budget_s, &run.header.program.binary_sha256, run.sealed()), (None, &None, false));
    assert_eq!(run.end.unwrap().steal_ticks, Some(564));
}

#[test]
fn schema_2_has_series_notes_and_shrunk_sizes() {
    let run = Run::read(&data(2)).unwrap();
    assert_eq!(run.header.lessons[0].shrunk["trials"], 60);
    assert!(!run.subjects[1].result.series.is_empty() && !run.subjects[1].result.notes.is_empty());
    assert!(run.subjects.iter().all(|subject| subject.usage.is_none()));
    assert!(!run.sealed());
}

/// Its seal was made with `sha256sum`.
#[test]
fn schema_3_has_usage_budget_program_and_seal() {
    let run = Run::read(&data(3)).unwrap();
    let usage = run.subjects[0].usage.unwrap();
    assert_eq!((usage.wall_ns, usage.involuntary_switches), (u64::MAX, 2));
    assert_eq!(run.header.budget_s, Some(240));
    assert_eq!(run.header.program.binary_sha256.as_deref().map(str::len), Some(64));
    assert!(run.sealed());
}

#[test]
fn what_old_and_new_schemas_share_reads_the_same() {
    let (old, new) = (Run::read(&data(2)).unwrap(), Run::read(&data(3)).unwrap());
    assert_eq!(old.subjects[1], new.subjects[1]);
    assert_eq!((old.header.environment, old.header.lessons), (new.header.environment, new.header.lessons));
}

/// The place of an object in a row, as a JSON pointer, and a field that its schema does not have.
const TOO_EARLY: [(u32, usize, &str, &str); 15] = [
    (1, 1, "/lessons/0", "shrunk"),
    (1, 2, "/result", "series"),
    (1, 2, "/result", "notes"),
    (1, 1, "", "budget_s"),
    (1, 2, "", "usage"),
    (1, 4, "", "sha256"),
    (2, 1, "", "budget_s"),
    (2, 1, "/program", "binary_sha256"),
    (2, 1, "/environment", "affinity"),
    (2, 2, "", "usage"),
    (2, 4, "", "rows"),
    (2, 4, "", "sha256"),
    (2, 4, "", "frequency_khz"),
    (2, 1, "/environment", "surprise"),
    (3, 1, "/environment", "surprise"),
];

#[test]
fn a_field_that_came_later_is_refused_in_an_older_row() {
    for (schema, line, place, field) in TOO_EARLY {
        let mut rows = rows(schema);
        let object = rows[line - 1].pointer_mut(place).unwrap().as_object_mut().unwrap();
        assert!(object.insert(field.to_owned(), json!(null)).is_none(), "{field} is there already");
        check_refused(&rows, line, &format!("unknown field `{field}`"));
    }
}

#[test]
fn an_unknown_field_is_refused_in_every_schema_wherever_it_stands() {
    let places = [(1, ""), (1, "/program"), (1, "/lessons/0"), (2, ""), (2, "/block"), (2, "/result"), (4, "")];
    for schema in 1..SCHEMA {
        for (line, place) in places {
            let mut rows = rows(schema);
            rows[line - 1].pointer_mut(place).unwrap()["surprise"] = json!(1);
            check_refused(&rows, line, "unknown field `surprise`");
        }
    }
}

#[test]
fn a_missing_field_is_refused_in_every_schema() {
    for schema in 1..SCHEMA {
        let mut rows = rows(schema);
        rows[2].as_object_mut().unwrap().remove("at_ns");
        check_refused(&rows, 3, &format!("not a row of a run of schema {schema}: missing field `at_ns`"));
    }
}

#[test]
fn a_torn_last_line_is_left_out_of_an_old_run_too() {
    let text = std::fs::read_to_string(data(1)).unwrap();
    let run = Run::parse(Path::new("old.jsonl"), &text.as_bytes()[..text.len() - 10]).unwrap();
    assert_eq!((run.subjects.len(), run.end), (2, None));
}

#[test]
fn a_schema_from_the_future_or_from_nowhere_is_refused_as_such() {
    let mut rows = rows(SCHEMA);
    rows[0]["schema"] = json!(SCHEMA + 1);
    assert!(parse(&rows).unwrap_err().is_newer_schema());
    rows[0]["schema"] = json!(0);
    check_refused(&rows, 1, &format!("schema 0; there are 1 to {SCHEMA}"));
}

#[test]
fn the_committed_reference_runs_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
    let runs = Run::read_all(&folder).unwrap();
    for (name, schema, lessons) in [
        ("2026-11-21T132524Z-post-1352901", 1, 1),
        ("2026-11-21T160014Z-post-1352901", 2, 6),
        ("2026-11-21T165643Z-standard-1352901", 2, 6),
        ("2026-11-21T202525Z-standard-1352901", 2, 6),
    ] {
        let (_, run) = runs.iter().find(|(_, run)| run.header.id == name).unwrap();
        assert_eq!((run.header.schema, run.header.lessons.len()), (schema, lessons), "{name}");
        assert!(run.end.is_some() && !run.sealed() && run.subjects.len() > 300, "{name}");
    }
    for (path, run) in &runs {
        assert_eq!(path.file_stem().unwrap().to_str(), Some(run.header.id.as_str()));
    }
}
