//! What a student gets: the skeletons, the runtime and what the exercises are written with, as one folder that builds by itself.
//! No solutions, no checks, no wrong solutions. It is laid out as `rustlings` wants it, which can be its front end.

mod crates;
mod lock;
mod place;
mod rustlings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::compile::FOR_CHECKS;
use crate::manifest::Exercise;
use crate::source::Source;

pub(crate) use crates::{Crate, Root};
pub(crate) use lock::pruned;
pub use place::{Placed, pack, place};

/// The list of what was handed out, with a hash of each file, in the form of `sha256sum`.
pub const PROTECTED: &str = "handout.sha256";

/// A file to hand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub executable: bool,
}

/// Files by where they belong.
pub type Files = BTreeMap<PathBuf, File>;

impl From<String> for File {
    fn from(text: String) -> Self {
        Self { bytes: text.into_bytes(), executable: false }
    }
}

/// The hash of a file, as the list of the handout has it.
pub fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a list of the handout says.
pub fn hashes(list: &str) -> BTreeMap<PathBuf, String> {
    let lines = list.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(hash, path)| (PathBuf::from(path), hash.to_owned())).collect()
}

/// Whether a file of the handout is no student's to change: what the exercises are built from and counted by.
pub fn is_protected(path: &Path) -> bool {
    path.starts_with("runtime") || path.starts_with("support") || path == Path::new("Cargo.toml")
}

/// The handout of these exercises; with their solutions where the teacher or `rustlings dev check` wants them.
///
/// # Errors
/// If a source cannot be read, or the checkout lacks something.
pub fn handout(root: &Path, exercises: &[Exercise], with_solutions: bool) -> Result<Files> {
    let workspace = Root::read(root)?;
    let members = [Crate::read(root, "harness/runtime", "runtime")?, Crate::read(root, "exercises", "support")?];
    let mut files = Files::new();
    files.extend(members[0].files(&root.join("harness/runtime"), &["src"])?);
    // The folder of the exercises holds all of them, so what they are written with moves to where a crate has it by default.
    for (path, file) in members[1].files(&root.join("exercises"), &["support"])? {
        let path =
            path.strip_prefix("support/support").map_or(path.clone(), |rest| Path::new("support/src").join(rest));
        files.insert(path, file);
    }
    let manifest = members[1].manifest.replace("\"support/lib.rs\"", "\"src/lib.rs\"");
    files.insert("support/Cargo.toml".into(), manifest.into());
    for exercise in exercises {
        let source = Source::read(&exercise.folder)?;
        let name = Path::new(&exercise.lesson).join(format!("{}.rs", exercise.name));
        files.insert(Path::new("exercises").join(&name), source.skeleton().into());
        if with_solutions {
            files.insert(Path::new("solutions").join(&name), source.solution().into());
        }
    }
    let dependencies = members[1].dependencies()?;
    let theirs = dependencies.iter().map(String::as_str).filter(|name| !FOR_CHECKS.contains(name));
    let own: Vec<&str> = theirs.chain(["exercises"]).collect();
    let cargo = workspace.handout(&rustlings::bins(exercises, with_solutions), &own, &members)?;
    files.insert("Cargo.toml".into(), cargo.into());
    let ours = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock cannot be read")?;
    let mut locked = workspace.locked(&members)?;
    let (name, version) = ("handout".to_owned(), workspace.version()?);
    locked.push(lock::Member { name, version, dependencies: own.iter().map(|&name| name.to_owned()).collect() });
    files.insert("Cargo.lock".into(), lock::pruned(&ours, &locked)?.into());
    files.insert("info.toml".into(), rustlings::info(exercises)?.into());
    files.insert("README.md".into(), readme(exercises).into());
    // `rustlings dev check` compares the solutions with what rustfmt makes of them.
    let rustfmt = fs::read_to_string(root.join("rustfmt.toml")).context("rustfmt.toml cannot be read")?;
    files.insert("rustfmt.toml".into(), rustfmt.into());
    files.insert(".gitignore".into(), "target/\n.rustlings-state.txt\n.unpickled-*\n".to_owned().into());
    let list = files.iter().fold(String::new(), |mut list, (path, file)| {
        let _ = writeln!(list, "{}  {}", hash(&file.bytes), path.display());
        list
    });
    files.insert(PROTECTED.into(), list.into());
    Ok(files)
}

fn readme(exercises: &[Exercise]) -> String {
    let rows = exercises.iter().fold(String::new(), |mut rows, exercise| {
        let Exercise { name, lesson, title, minutes, .. } = exercise;
        let _ = writeln!(rows, "| `{name}` | {title} | {lesson} | {minutes} | {} |", exercise.points());
        rows
    });
    include_str!("handout/student.md").replace("EXERCISES\n", &rows)
}

/// Every file below `folder`, by its path in it, links left out.
pub(crate) fn below(folder: &Path) -> Result<Files> {
    fn walk(root: &Path, below: &Path, files: &mut Files) -> Result<()> {
        let place = root.join(below);
        let entries = fs::read_dir(&place).with_context(|| format!("{} cannot be read", place.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = below.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                walk(root, &path, files)?;
            } else if kind.is_file() {
                files.insert(path, File { bytes: fs::read(entry.path())?, executable: false });
            }
        }
        Ok(())
    }
    let mut files = Files::new();
    walk(folder, Path::new(""), &mut files)?;
    ensure!(!files.is_empty(), "{} is empty", folder.display());
    Ok(files)
}
