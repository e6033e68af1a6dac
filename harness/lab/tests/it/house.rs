//! Temporary folders for `lab` to work in: a bare one, or a copy of the checkout's parts that the book needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::lab::{Answered, Ended, Lab};

/// `lab run` of a lesson at profile `quick` with some parameters set (NAME=VALUE): the variants named, or all if none is.
#[track_caller]
pub(crate) fn quick_run(lesson: &str, variants: &[&str], settings: &[impl AsRef<str>]) -> Answered {
    let mut arguments = vec!["run", lesson];
    arguments.extend(variants);
    arguments.extend(["--profile", "quick", "--json"]);
    settings.iter().for_each(|setting| arguments.extend(["--set", setting.as_ref()]));
    House::bare().lab(&arguments).check(0).answered()
}

/// A folder that `lab` takes for a checkout. Everything in it is gone at the end.
pub(crate) struct House(TempDir);

impl House {
    /// A checkout with a ledger and nothing else.
    pub(crate) fn bare() -> Self {
        let house = Self(tempfile::Builder::new().prefix("unpickled-").tempdir().unwrap());
        fs::create_dir_all(house.path().join("experiments")).unwrap();
        fs::copy(checkout().join("experiments/claims.toml"), house.path().join("experiments/claims.toml")).unwrap();
        house
    }

    /// A checkout with all that the book is made of, and without anything measured.
    pub(crate) fn with_book() -> Self {
        let house = Self::bare();
        for folder in ["book", "experiments", "harness", "plots", "results/reference"] {
            copy(&checkout().join(folder), &house.path().join(folder));
        }
        house
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs `lab` to its end.
    #[track_caller]
    pub(crate) fn lab(&self, arguments: &[&str]) -> Ended {
        Lab::start(self.path(), arguments).wait()
    }

    /// The files of recorded runs.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.path().join("results/local")).into_iter().flatten().flatten();
        let is_run = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
        folder.map(|entry| entry.path()).filter(is_run).collect()
    }

    /// The one recorded run, with how many whole lines it has so far.
    pub(crate) fn run_so_far(&self) -> Option<(PathBuf, usize)> {
        let path = self.runs().pop()?;
        let lines = fs::read(&path).ok()?.iter().filter(|byte| **byte == b'\n').count();
        Some((path, lines))
    }

    /// Every file and folder in the house, by its path in it.
    pub(crate) fn inventory(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        walk(self.path(), &|_| true, &mut |path| {
            found.insert(path.strip_prefix(self.path()).unwrap().to_owned());
        });
        found
    }

    /// Demands that nothing lies around: no scratch file, no half-made run, no half-built book.
    #[track_caller]
    pub(crate) fn check_tidy(&self) {
        let left: Vec<PathBuf> = self
            .inventory()
            .into_iter()
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy();
                path.starts_with("scratch/") && path.components().count() > 1
                    || name.ends_with(".partial")
                    || name.starts_with(".html-")
            })
            .collect();
        assert_eq!(left, Vec::<PathBuf>::new());
    }
}

/// The checkout that these tests belong to. It is only read.
pub(crate) fn checkout() -> PathBuf {
    fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap()
}

/// Calls `see` with everything below `folder` that is `wanted`.
pub(crate) fn walk(folder: &Path, wanted: &impl Fn(&Path) -> bool, see: &mut impl FnMut(&Path)) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries.into_iter().filter(|path| wanted(path)) {
        see(&path);
        if path.is_dir() {
            walk(&path, wanted, see);
        }
    }
}

/// Whether a path is written by people: not built, and not git's own.
pub(crate) fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    !["target", "html", "local"].contains(&&*name) && !name.starts_with(".git") && !name.starts_with(".html-")
}

fn copy(from: &Path, to: &Path) {
    if !from.exists() {
        return;
    }
    fs::create_dir_all(to).unwrap();
    walk(from, &is_source, &mut |path| {
        let place = to.join(path.strip_prefix(from).unwrap());
        if path.is_dir() {
            fs::create_dir_all(place).unwrap();
        } else {
            fs::copy(path, place).unwrap();
        }
    });
}
