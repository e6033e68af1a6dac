//! What a teacher gives to a platform: the grader's sources without the laboratory, the checks without the solutions, and the platform's
//! own files around them.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};

use crate::handout::{self, Crate, File, Files, Root};
use crate::manifest::Exercise;

/// For whom files are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum For {
    /// The handout.
    #[default]
    Students,
    /// An autograder: `setup.sh`, `run_autograder`, the grader.
    Gradescope,
    /// A workflow that writes `result.json`, the grader.
    Classroom50,
    /// A workflow that writes JUnit's XML, the grader.
    Ci,
}

/// Each by its name.
const NAMES: [(For, &str); 4] =
    [(For::Students, "students"), (For::Gradescope, "gradescope"), (For::Classroom50, "classroom50"), (For::Ci, "ci")];

impl FromStr for For {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(_, known)| *known == name).map(|(whom, _)| *whom);
        let allowed = NAMES.map(|(_, known)| known).join(", ");
        found.ok_or_else(|| format!("nothing is put together for '{name}'; allowed: {allowed}"))
    }
}

impl fmt::Display for For {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(NAMES.iter().find(|(whom, _)| whom == self).map_or("", |(_, name)| name))
    }
}

/// The folder of the grader in a kit: a checkout with nothing but the grader, and the checks of some exercises.
const GRADER: &str = "unpickled";

/// The kit of these exercises.
///
/// # Errors
/// If the checkout lacks something.
pub fn kit(root: &Path, whom: For, exercises: &[Exercise], with_solutions: bool) -> Result<Files> {
    let program = |text: &str| File { bytes: text.as_bytes().to_vec(), executable: true };
    let (setup, grade) = (program(include_str!("kit/setup.sh")), program(include_str!("kit/grade.sh")));
    let around: Vec<(&str, File)> = match whom {
        For::Students => return handout::handout(root, exercises, with_solutions),
        For::Gradescope => vec![("setup.sh", setup), ("run_autograder", program(include_str!("kit/run_autograder")))],
        For::Classroom50 => vec![
            ("setup.sh", setup),
            ("grade.sh", grade),
            ("workflow.yml", include_str!("kit/classroom50.yml").to_owned().into()),
        ],
        For::Ci => vec![
            ("setup.sh", setup),
            ("grade.sh", grade),
            ("workflow.yml", include_str!("kit/ci.yml").to_owned().into()),
        ],
    };
    let mut files = grader(root, exercises)?;
    files = files.into_iter().map(|(path, file)| (Path::new(GRADER).join(path), file)).collect();
    files.extend(around.into_iter().map(|(path, file)| (path.into(), file)));
    Ok(files)
}

/// A checkout with the grader alone.
fn grader(root: &Path, exercises: &[Exercise]) -> Result<Files> {
    let parts: [(&str, &[&str]); 3] =
        [("harness/runtime", &["src"]), ("exercises", &["support"]), ("exercises/grading", &["src"])];
    let mut files = Files::new();
    let mut members = Vec::new();
    for (folder, parts) in parts {
        let member = Crate::read(root, folder, folder)?;
        files.extend(member.files(&root.join(folder), parts)?);
        members.push(member);
    }
    for exercise in exercises {
        let folder = Path::new("exercises").join(&exercise.lesson).join(&exercise.name);
        let own = handout::below(&exercise.folder)?;
        // The solutions are not needed there, and so they cannot be found there.
        let needed = own.into_iter().filter(|(path, _)| !path.starts_with("wrong") && path != Path::new("solution.rs"));
        files.extend(needed.map(|(path, file)| (folder.join(path), file)));
    }
    let workspace = Root::read(root)?;
    files.insert("Cargo.toml".into(), workspace.workspace(&members, &[])?.into());
    let ours = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock cannot be read")?;
    files.insert("Cargo.lock".into(), handout::pruned(&ours, &workspace.locked(&members)?)?.into());
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_has_the_checks_and_neither_solutions_nor_the_laboratory() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let exercises = crate::manifest::all(&root).unwrap();
        let kit = kit(&root, For::Gradescope, &exercises, false).unwrap();
        let names: Vec<String> = kit.keys().map(|path| path.display().to_string()).collect();
        for exercise in &exercises {
            let check = format!("unpickled/exercises/{}/{}/check.rs", exercise.lesson, exercise.name);
            assert!(names.contains(&check), "{check}");
        }
        let out_of_place =
            |name: &&String| name.contains("solution.rs") || name.contains("/wrong/") || name.contains("/lab/");
        assert_eq!(names.iter().find(out_of_place), None);
        assert!(kit[Path::new("run_autograder")].executable && kit[Path::new("setup.sh")].executable);
        assert!(!String::from_utf8_lossy(&kit[Path::new("unpickled/Cargo.lock")].bytes).contains("\"criterion\""));
    }

    #[test]
    fn an_unknown_name_is_answered_with_all() {
        let fault = "moodle".parse::<For>().unwrap_err();
        assert!(fault.contains("'moodle'") && fault.contains("students, gradescope, classroom50, ci"), "{fault}");
        for (whom, name) in NAMES {
            assert_eq!((name.parse(), whom.to_string()), (Ok(whom), name.to_owned()));
        }
    }
}
