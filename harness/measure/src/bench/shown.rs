//! Whether Criterion really has a result for everything it was asked: a value of zero, say, makes it drop one and exit well.

use std::path::Path;

use serde::Deserialize;

use super::pass::Id;
use crate::lesson::Lesson;

/// The part of Criterion's `sample.json` that must hold: one iteration, one block, per sample.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
}

/// What is missing or wrong in `folder`, one line per benchmark; each must have `samples`, if that is known.
pub(super) fn missing(folder: &Path, lesson: &Lesson, ids: &[Id], samples: Option<usize>) -> Vec<String> {
    let complaint = |(name, what): &Id| {
        let id = format!("{}/{name}/{what}", lesson.stem);
        complaint(&folder.join(&id).join("new/sample.json"), samples).map(|why| format!("{id}: {why}"))
    };
    ids.iter().filter_map(complaint).collect()
}

/// Removes the newest results of these benchmarks, which would be taken for those that are to come. What was saved by a name stays.
pub(super) fn forget(folder: &Path, lesson: &Lesson, ids: &[Id]) -> std::io::Result<()> {
    for (name, what) in ids {
        match std::fs::remove_dir_all(folder.join(lesson.stem).join(name).join(what).join("new")) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
    }
    Ok(())
}

fn complaint(path: &Path, samples: Option<usize>) -> Option<String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Some("Criterion has no result for it".to_owned()) };
    match serde_json::from_str::<Sample>(&text) {
        Ok(sample) if sample.iters.iter().any(|iters| *iters != 1.0) => {
            Some(format!("Criterion's samples hold {:?} blocks instead of one each", sample.iters))
        }
        Ok(sample) if samples.is_some_and(|samples| samples != sample.iters.len()) => {
            Some(format!("Criterion has {} samples of it instead of {}", sample.iters.len(), samples.unwrap_or(0)))
        }
        Ok(_) => None,
        Err(fault) => Some(format!("Criterion's result cannot be read: {fault}")),
    }
}

/// Removes what an earlier definition of the lesson left in `folder`: results of variants that it has no more.
pub(super) fn sweep(folder: &Path, lesson: &Lesson) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(folder.join(lesson.stem)) {
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let known = entry.file_name().to_str().is_some_and(|name| lesson.variant(name).is_some());
        if entry.file_type()?.is_dir() && !known {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_must_exist_and_hold_one_block_per_sample() {
        let folder = std::env::temp_dir().join(format!("unpickled-shown-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("sample.json");
        assert_eq!(complaint(&path, Some(2)).as_deref(), Some("Criterion has no result for it"));
        for (text, fine) in [
            (r#"{"sampling_mode":"Flat","iters":[1.0,1.0],"times":[2.0,3.0]}"#, true),
            (r#"{"sampling_mode":"Flat","iters":[1.0],"times":[2.0]}"#, false),
            (r#"{"sampling_mode":"Flat","iters":[2.0,2.0],"times":[2.0,3.0]}"#, false),
            ("{", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(complaint(&path, Some(2)).is_none(), fine, "{text}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
