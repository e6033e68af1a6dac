//! How rows of older schemas become rows of today's: small steps on JSON values, one per schema, applied in order.
//!
//! Nothing on disk is rewritten. A step refuses what its schema did not have yet, adds what the next one has, and leaves the rest alone;
//! the types of today, which refuse every unknown field, then read the outcome. What was never recorded stays absent.

use serde_json::{Map, Value};

use crate::run::SCHEMA;

type Object = Map<String, Value>;
type Step = fn(&mut Object) -> Result<(), String>;

/// Step `i` turns a row of schema `i + 1` into one of schema `i + 2`.
const STEPS: [Step; SCHEMA as usize - 1] = [from_1_to_2, from_2_to_3];

/// What the environment consisted of up to schema 2.
const ENVIRONMENT_UP_TO_2: [&str; 16] = [
    "cpu",
    "cores",
    "usable_cores",
    "smt",
    "quota_cores",
    "memory_bytes",
    "available_bytes",
    "kernel",
    "libc",
    "hypervisor",
    "governor",
    "huge_pages",
    "aslr",
    "pipe_max_bytes",
    "load",
    "steal_ticks",
];

/// A row of schema `from` as a row of today's schema. The number in a header stays what it is.
///
/// # Errors
/// If the row holds a field that its schema does not have; the message names field and schema. Values that are no row at all pass, and are
/// refused by whoever reads the outcome.
pub(crate) fn to_today(mut row: Value, from: u32) -> Result<Value, String> {
    if let Some(row) = row.as_object_mut() {
        for (schema, step) in (1..).zip(STEPS).skip_while(|(schema, _)| *schema < from) {
            step(row).map_err(|field| format!("unknown field `{field}`, which schema {schema} does not have"))?;
        }
    }
    Ok(row)
}

/// Schema 2 added series and notes to what a subject reports, and says which parameters were made smaller.
fn from_1_to_2(row: &mut Object) -> Result<(), String> {
    match kind(row) {
        "run" => lessons(row).try_for_each(|plan| add(plan, "shrunk", Value::Object(Object::new()))),
        "subject" => within(row, "result", |result| {
            add(result, "series", Value::Object(Object::new()))?;
            add(result, "notes", Value::Object(Object::new()))
        }),
        _ => Ok(()),
    }
}

/// Schema 3 added the usage of each subject's tree, the hash of the program, the budget, the seal, and more of the environment at both ends.
fn from_2_to_3(row: &mut Object) -> Result<(), String> {
    match kind(row) {
        "run" => {
            add(row, "budget_s", Value::Null)?;
            within(row, "program", |program| add(program, "binary_sha256", Value::Null))?;
            within(row, "environment", |environment| {
                let unknown = environment.keys().find(|name| !ENVIRONMENT_UP_TO_2.contains(&name.as_str()));
                unknown.map_or(Ok(()), |name| Err(name.clone()))
            })
        }
        "subject" => add(row, "usage", Value::Null),
        "end" => ["available_bytes", "frequency_khz", "rows", "sha256"]
            .iter()
            .try_for_each(|name| add(row, name, Value::Null)),
        _ => Ok(()),
    }
}

fn kind(row: &Object) -> &str {
    row.get("kind").and_then(Value::as_str).unwrap_or("")
}

fn lessons(row: &mut Object) -> impl Iterator<Item = &mut Object> {
    row.get_mut("lessons").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

fn within(row: &mut Object, name: &str, step: impl FnOnce(&mut Object) -> Result<(), String>) -> Result<(), String> {
    row.get_mut(name).and_then(Value::as_object_mut).map_or(Ok(()), step)
}

/// Adds a field that is new in the next schema; if it is there already, this row is not of its own.
fn add(object: &mut Object, name: &str, value: Value) -> Result<(), String> {
    match object.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(name.to_owned()),
    }
}
