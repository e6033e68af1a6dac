//! An exercise's own file, `exercise.toml`: what is asked, what is counted, what it is worth. A superset of an entry of rustlings' `info.toml`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// What a case of a check may use where the manifest says nothing else.
const DEADLINE_S: u64 = 10;
const MEMORY_MIB: u64 = 512;

/// An exercise.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// Its name: the lesson's stem, an underscore, a word or two; at most 32 letters, as rustlings demands.
    pub name: String,
    /// The lesson it belongs to, by stem.
    pub lesson: String,
    /// What is to be done, in a line.
    pub title: String,
    /// How long it takes.
    pub minutes: u32,
    /// Three hints, each telling more than the one before.
    pub hints: [String; 3],
    /// How long one case of the check may take, in seconds.
    #[serde(default = "deadline")]
    pub deadline_s: u64,
    /// How much private memory each process of the check may have, in MiB.
    #[serde(default = "memory")]
    pub memory_mib: u64,
    /// What is graded.
    pub tests: Vec<Test>,
    /// Programs that must not compile with the submission, by the test that asks for it.
    #[serde(default)]
    pub refused: Vec<Refused>,
    /// How the skeleton fails.
    pub skeleton: Expected,
    /// Where all of this stands.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// Something that is graded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Its name, as the check reports it.
    pub name: String,
    /// What has to be so.
    pub what: String,
    /// What it is worth.
    pub points: u32,
    /// The case of the check that observes it, if it goes by another name.
    pub case: Option<String>,
    /// The test without which this one is worth nothing.
    pub needs: Option<String>,
    /// How a count or a ratio of times is judged; none for what holds or does not.
    pub bounds: Option<Bounds>,
}

/// Full points up to one bound, none from the other on, linear between them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// What is counted, in the plural.
    pub counts: String,
    /// Full points from here on: at most, if `none` is above it; at least, if `none` is below it.
    pub full: f64,
    /// No points from here on.
    pub none: f64,
}

/// A program that must be refused by the compiler.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The test that asks for it.
    pub test: String,
    /// The program, a file beside the manifest.
    pub program: String,
    /// What the compiler's message has to contain: it must be refused for the right reason.
    pub says: String,
}

/// How a file that is not the solution has to fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The first test that is not passed.
    pub test: String,
    /// The word for it.
    pub status: String,
    /// What the feedback contains.
    pub says: String,
}

fn deadline() -> u64 {
    DEADLINE_S
}

fn memory() -> u64 {
    MEMORY_MIB
}

impl Exercise {
    /// Reads and checks one manifest.
    ///
    /// # Errors
    /// If it cannot be read, or is at odds with itself; the message names the file.
    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join("exercise.toml");
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let read: Self = toml::from_str(&text).with_context(|| format!("{} is no manifest", file.display()))?;
        let exercise = Self { folder: folder.to_owned(), ..read };
        exercise.check().with_context(|| format!("in {}", file.display()))?;
        Ok(exercise)
    }

    fn check(&self) -> Result<()> {
        let named = self.name.strip_prefix(&self.lesson).is_some_and(|rest| rest.starts_with('_'));
        ensure!(named, "'{}' does not begin with its lesson, '{}_'", self.name, self.lesson);
        ensure!(self.name.len() <= 32, "'{}' is longer than 32 letters", self.name);
        ensure!(self.folder.ends_with(&self.name), "'{}' stands in another folder", self.name);
        ensure!(self.hints.iter().all(|hint| !hint.trim().is_empty()), "a hint is empty");
        ensure!((10..=20).contains(&self.minutes), "{} minutes are not 10 to 20", self.minutes);
        ensure!(self.points() > 0, "nothing is worth a point");
        for (place, test) in self.tests.iter().enumerate() {
            let (before, rest) = self.tests.split_at(place);
            let twice = rest[1..].iter().any(|other| other.name == test.name);
            ensure!(!twice, "test '{}' is there twice", test.name);
            let needs = test.needs.as_ref().is_none_or(|needs| before.iter().any(|other| other.name == *needs));
            ensure!(needs, "test '{}' needs what is no test before it", test.name);
            let bounds = test.bounds.as_ref().is_none_or(|bounds| bounds.full != bounds.none);
            ensure!(bounds, "the bounds of test '{}' are one", test.name);
        }
        for refused in &self.refused {
            ensure!(self.test(&refused.test).is_some(), "'{}' is no test", refused.test);
        }
        ensure!(self.test(&self.skeleton.test).is_some(), "'{}' is no test", self.skeleton.test);
        Ok(())
    }

    /// The test of this name.
    pub fn test(&self, name: &str) -> Option<&Test> {
        self.tests.iter().find(|test| test.name == name)
    }

    /// What all of it is worth.
    pub fn points(&self) -> u32 {
        self.tests.iter().map(|test| test.points).sum()
    }

    /// The cases to run, each once, in the order of the tests.
    pub fn cases(&self) -> Vec<&str> {
        let mut cases: Vec<&str> = Vec::new();
        let compiled = |test: &Test| self.refused.iter().any(|refused| refused.test == test.name);
        for case in self.tests.iter().filter(|test| !compiled(test)).map(Test::case) {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
        cases
    }
}

impl Test {
    /// The case that observes it.
    pub fn case(&self) -> &str {
        self.case.as_deref().unwrap_or(&self.name)
    }
}

/// Every exercise below `root/exercises`, by lesson and name.
///
/// # Errors
/// If a manifest cannot be read, or two have one name.
pub fn all(root: &Path) -> Result<Vec<Exercise>> {
    let lessons = root.join("exercises");
    let mut found = Vec::new();
    for lesson in folders(&lessons)? {
        for folder in folders(&lesson)?.into_iter().filter(|folder| folder.join("exercise.toml").exists()) {
            found.push(Exercise::read(&folder)?);
        }
    }
    ensure!(!found.is_empty(), "there are no exercises in {}", lessons.display());
    Ok(found)
}

fn folders(of: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(of).with_context(|| format!("{} cannot be read", of.display()))?;
    let mut folders: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}
