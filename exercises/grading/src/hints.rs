//! Staged hints: each call shows the next one, and the folder remembers how far it went.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::attempts;
use crate::manifest::Exercise;

/// The file that remembers, in the folder of a submission.
pub const HINTS: &str = ".unpickled-hints.json";

/// The hint to show, and its number: the one asked for, or the one after the last that was shown; the third again, after the third.
///
/// # Errors
/// If what is remembered cannot be read or written. A folder that is not there remembers nothing, which is no error.
pub fn next(exercise: &Exercise, asked: Option<usize>, folder: &Path) -> Result<(usize, String)> {
    let file = folder.join(HINTS);
    let text = attempts::read(&file)?;
    // What somebody else wrote there is as good as nothing.
    let mut shown: BTreeMap<String, usize> = serde_json::from_str(&text).unwrap_or_default();
    let last = shown.get(&exercise.name).copied().unwrap_or(0);
    let number = asked.unwrap_or(last.saturating_add(1)).clamp(1, exercise.hints.len());
    if folder.is_dir() && number > last {
        shown.insert(exercise.name.clone(), number);
        let text = serde_json::to_string(&shown)? + "\n";
        let opened = attempts::options().write(true).create(true).truncate(true).open(&file);
        let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok((number, exercise.hints[number - 1].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exercise() -> Exercise {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        crate::manifest::all(&root).unwrap().remove(0)
    }

    #[test]
    fn each_call_shows_the_next_hint_until_the_last() {
        let (folder, exercise) = (tempfile::tempdir().unwrap(), exercise());
        let numbers = [(); 4].map(|()| next(&exercise, None, folder.path()).unwrap().0);
        assert_eq!(numbers, [1, 2, 3, 3]);
    }

    #[test]
    fn a_level_that_is_asked_for_is_shown_and_going_back_forgets_nothing() {
        let (folder, exercise) = (tempfile::tempdir().unwrap(), exercise());
        assert_eq!(next(&exercise, Some(2), folder.path()).unwrap(), (2, exercise.hints[1].clone()));
        assert_eq!(next(&exercise, Some(1), folder.path()).unwrap().0, 1);
        assert_eq!(next(&exercise, None, folder.path()).unwrap().0, 3);
    }

    #[test]
    fn nothing_is_made_where_there_is_no_folder() {
        let (folder, exercise) = (tempfile::tempdir().unwrap(), exercise());
        let nowhere = folder.path().join("nowhere");
        assert_eq!(next(&exercise, None, &nowhere).unwrap().0, 1);
        assert!(!nowhere.exists());
    }
}
