//! The formats' schemas, and a strict check of a value against one: a key that is not in the schema is a fault.

use serde_json::Value;

/// What a value has to be.
pub(crate) enum Shape {
    Text,
    Number,
    Whole,
    Truth,
    Word(&'static [&'static str]),
    /// A text or a number.
    Cell,
    List(Box<Self>),
    /// Any keys, all values of one shape.
    Map(Box<Self>),
    Anything,
    Object {
        needed: Vec<(&'static str, Self)>,
        allowed: Vec<(&'static str, Self)>,
    },
}

use Shape::{Anything, Cell, List, Map, Number, Object, Text, Truth, Whole, Word};

/// The first thing about `value` that is not as `shape` demands, with where it stands.
pub(crate) fn fault(value: &Value, shape: &Shape, place: &str) -> Option<String> {
    let fine = match shape {
        Text => value.is_string(),
        Number => value.is_number(),
        Whole => value.is_i64() || value.is_u64(),
        Truth => value.is_boolean(),
        Cell => value.is_string() || value.is_number(),
        Anything => true,
        Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        List(of) => match value.as_array() {
            Some(list) => {
                let mut numbered = (0..).zip(list);
                return numbered.find_map(|(number, item)| fault(item, of, &format!("{place}[{number}]")));
            }
            None => false,
        },
        Map(of) => match value.as_object() {
            Some(map) => return map.iter().find_map(|(key, item)| fault(item, of, &format!("{place}.{key}"))),
            None => false,
        },
        Object { needed, allowed } => return object_fault(value, needed, allowed, place),
    };
    (!fine).then(|| format!("{place}: {value}"))
}

fn object_fault(
    value: &Value,
    needed: &[(&'static str, Shape)],
    allowed: &[(&'static str, Shape)],
    place: &str,
) -> Option<String> {
    let Some(object) = value.as_object() else { return Some(format!("{place} is no object")) };
    if let Some((key, _)) = needed.iter().find(|(key, _)| !object.contains_key(*key)) {
        return Some(format!("{place} has no '{key}'"));
    }
    object.iter().find_map(|(key, item)| match needed.iter().chain(allowed).find(|(known, _)| known == key) {
        Some((_, shape)) => fault(item, shape, &format!("{place}.{key}")),
        None => Some(format!("{place} must not have '{key}'")),
    })
}

const TEXTS: Shape = Word(&["text", "html", "simple_format", "md", "ansi"]);
const SEEN: Shape = Word(&["hidden", "after_due_date", "after_published", "visible"]);

/// Gradescope's `results.json`, after its specification.
pub(crate) fn gradescope() -> Shape {
    let test = Object {
        needed: vec![],
        allowed: vec![
            ("score", Number),
            ("max_score", Number),
            ("status", Word(&["passed", "failed"])),
            ("name", Text),
            ("name_format", TEXTS),
            ("number", Text),
            ("output", Text),
            ("output_format", TEXTS),
            ("tags", List(Box::new(Text))),
            ("visibility", SEEN),
            ("extra_data", Anything),
        ],
    };
    let leader =
        Object { needed: vec![("name", Text), ("value", Cell)], allowed: vec![("order", Word(&["asc", "desc"]))] };
    Object {
        needed: vec![("tests", List(Box::new(test)))],
        allowed: vec![
            ("score", Number),
            ("execution_time", Number),
            ("output", Text),
            ("output_format", TEXTS),
            ("test_output_format", TEXTS),
            ("test_name_format", TEXTS),
            ("visibility", SEEN),
            ("stdout_visibility", SEEN),
            ("extra_data", Anything),
            ("leaderboard", List(Box::new(leader))),
        ],
    }
}

/// Classroom 50's `result.json`: the schema with `usernames`, or the newer one without.
pub(crate) fn classroom50() -> Shape {
    let test = Object {
        needed: vec![("test-name", Text), ("passed", Truth), ("score", Whole), ("max-score", Whole)],
        allowed: vec![],
    };
    Object {
        needed: vec![
            ("schema", Word(&["classroom50/result/v1"])),
            ("datetime", Text),
            ("score", Whole),
            ("max-score", Whole),
            ("tests", List(Box::new(test))),
        ],
        allowed: vec![
            ("classroom", Text),
            ("assignment", Text),
            ("usernames", List(Box::new(Text))),
            ("submission", Text),
            ("commit", Text),
            ("release", Text),
            ("review", Text),
            ("owner", Text),
            ("assignment_type", Text),
            ("submitted_by", Text),
        ],
    }
}

/// The last of Autolab's lines.
pub(crate) fn autolab_scores() -> Shape {
    Object { needed: vec![("scores", Map(Box::new(Number)))], allowed: vec![("scoreboard", List(Box::new(Cell)))] }
}

/// A stage of Autolab's line before the last.
pub(crate) fn autolab_stage() -> Shape {
    Map(Box::new(Object { needed: vec![("passed", Truth)], allowed: vec![("hint", Text)] }))
}

/// Our own.
pub(crate) fn json() -> Shape {
    let words = || Word(&["PASS", "PARTIAL", "FAIL", "TIMEOUT", "ERROR", "DOES_NOT_COMPILE", "UNGRADABLE"]);
    let test = Object {
        needed: vec![
            ("name", Text),
            ("what", Text),
            ("status", words()),
            ("points", Number),
            ("of", Number),
            ("feedback", Text),
        ],
        allowed: vec![],
    };
    let exercise = Object {
        needed: vec![
            ("exercise", Text),
            ("lesson", Text),
            ("title", Text),
            ("status", words()),
            ("points", Number),
            ("of", Number),
            ("tests", List(Box::new(test))),
            ("printed", Text),
        ],
        allowed: vec![],
    };
    Object {
        needed: vec![
            ("schema", Word(&["unpickled/grades/v1"])),
            ("points", Number),
            ("of", Number),
            ("kept", Number),
            ("seconds", Number),
            ("notes", List(Box::new(Text))),
            ("best", Map(Box::new(Number))),
            ("exercises", List(Box::new(exercise))),
        ],
        allowed: vec![],
    }
}

/// The first thing about a text that is not as JUnit's XML has to be: well-formed, known elements with known attributes, each inside its own.
pub(crate) fn junit_fault(xml: &str) -> Option<String> {
    let known: &[(&str, &str, &[&str])] = &[
        ("testsuites", "", &["name", "tests", "failures", "errors", "skipped", "time"]),
        ("testsuite", "testsuites", &["name", "tests", "failures", "errors", "skipped"]),
        ("properties", "testsuite", &[]),
        ("property", "properties", &["name", "value"]),
        ("testcase", "testsuite", &["name", "classname"]),
        ("failure", "testcase", &["type", "message"]),
        ("error", "testcase", &["type", "message"]),
        ("skipped", "testcase", &["message"]),
    ];
    let Some(mut rest) = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") else {
        return Some("no declaration".into());
    };
    let mut open: Vec<&str> = Vec::new();
    while let Some(begin) = rest.find('<') {
        if let Some(fault) = text_fault(&rest[..begin]) {
            return Some(fault);
        }
        let Some(end) = rest.find('>') else { return Some(format!("no '>' in {rest}")) };
        let tag = &rest[begin + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Some(format!("</{name}> closes nothing"));
            }
            continue;
        }
        let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let parent = open.last().copied().unwrap_or("");
        let Some((_, _, allowed)) = known.iter().find(|(known, above, _)| *known == name && *above == parent) else {
            return Some(format!("<{name}> in <{parent}>"));
        };
        while !attributes.is_empty() {
            let parts = attributes.split_once("=\"").and_then(|(key, rest)| Some((key, rest.split_once('"')?)));
            let Some((key, (value, after))) = parts else { return Some(format!("attributes {attributes}")) };
            if !allowed.contains(&key) {
                return Some(format!("<{name}> must not have '{key}'"));
            }
            if let Some(fault) = text_fault(value) {
                return Some(fault);
            }
            attributes = after.trim_start();
        }
        if !alone {
            open.push(name);
        }
    }
    (!open.is_empty() || !rest.trim().is_empty()).then(|| format!("{open:?} not closed, or text after them: {rest}"))
}

/// Text may hold entities that XML knows, and no control letters but line ends and tabs.
fn text_fault(text: &str) -> Option<String> {
    let entities = ["amp;", "lt;", "gt;", "quot;", "apos;", "#10;", "#9;"];
    let entity = text.split('&').skip(1).find(|rest| !entities.iter().any(|entity| rest.starts_with(entity)));
    let control = text.chars().find(|letter| *letter < ' ' && !"\n\t".contains(*letter));
    entity.map(|rest| format!("&{rest}")).or_else(|| control.map(|letter| format!("{letter:?}")))
}
