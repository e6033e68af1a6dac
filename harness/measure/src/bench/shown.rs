//! Whether Criterion really has a result for everything it was given: a value of zero, say, makes it drop one and exit well.

use std::path::Path;

use serde::Deserialize;

use super::Plan;
use crate::lesson::Variant;

/// The part of Criterion's `sample.json` that must hold: one iteration, one block, per sample.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
}

/// What is missing or wrong in `folder`, one line per variant of the plan.
pub(super) fn missing(folder: &Path, plan: &Plan<'_>) -> Vec<String> {
    let ids = plan.lessons.iter().filter(|planned| planned.by_criterion()).flat_map(|planned| {
        let id = |variant: &Variant| (format!("{}/{}", planned.lesson.stem, variant.name), planned.blocks);
        planned.lesson.variants[1..].iter().map(id)
    });
    ids.filter_map(|(id, blocks)| {
        complaint(&folder.join(&id).join("new/sample.json"), blocks).map(|why| format!("{id}: {why}"))
    })
    .collect()
}

fn complaint(path: &Path, blocks: u32) -> Option<String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Some("Criterion has no result for it".to_owned()) };
    match serde_json::from_str::<Sample>(&text) {
        Ok(sample) if sample.iters.len() == blocks as usize && sample.iters.iter().all(|iters| *iters == 1.0) => None,
        Ok(sample) => Some(format!("Criterion's samples hold {:?} blocks instead of one each", sample.iters)),
        Err(fault) => Some(format!("Criterion's result cannot be read: {fault}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_must_exist_and_hold_one_block_per_sample() {
        let folder = std::env::temp_dir().join(format!("unpickled-shown-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("sample.json");
        assert_eq!(complaint(&path, 2).as_deref(), Some("Criterion has no result for it"));
        for (text, fine) in [
            (r#"{"sampling_mode":"Flat","iters":[1.0,1.0],"times":[2.0,3.0]}"#, true),
            (r#"{"sampling_mode":"Flat","iters":[1.0],"times":[2.0]}"#, false),
            (r#"{"sampling_mode":"Flat","iters":[2.0,2.0],"times":[2.0,3.0]}"#, false),
            ("{", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(complaint(&path, 2).is_none(), fine, "{text}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
