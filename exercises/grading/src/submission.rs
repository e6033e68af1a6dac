//! What was handed in: a folder or an archive, in which the file of an exercise may lie where the handout has it, or anywhere else.
//!
//! Nothing in it is trusted: links are not followed, and only plain files of a reasonable size are read.

use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::handout::{self, PROTECTED};
use crate::manifest::Exercise;

/// A larger file is not what was asked for, in bytes.
const FILE_AT_MOST: u64 = 1 << 20;

/// Files looked at, at most: a submission may hold a whole `target` folder.
const FILES_AT_MOST: usize = 20_000;

/// Folders inside folders, at most.
const DEPTH: usize = 8;

/// Where a submission lies, and what is in it.
#[derive(Clone, Debug)]
pub struct Submission {
    place: PathBuf,
    archive: bool,
    /// Paths in it, sorted, without what was built.
    files: Vec<PathBuf>,
}

impl Submission {
    /// Looks into a folder or a zip archive.
    ///
    /// # Errors
    /// If it is neither, or cannot be read.
    pub fn open(place: &Path) -> Result<Self> {
        let archive = place.is_file();
        let mut files = if archive { names_in_archive(place)? } else { Vec::new() };
        if !archive {
            walk(place, Path::new(""), DEPTH, &mut files)
                .with_context(|| format!("{} cannot be read", place.display()))?;
        }
        files.retain(|file| !file.components().any(|part| is_built(&part.as_os_str().to_string_lossy())));
        files.sort();
        Ok(Self { place: place.to_owned(), archive, files })
    }

    /// The text of an exercise's file, if there is one; an error says in words for the student why it is not read.
    pub fn text_of(&self, exercise: &Exercise) -> Option<Result<String>> {
        self.path_of(exercise).map(|file| self.read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The path of an exercise's file: as the handout has it, or right in the folder, or the only one of its name.
    pub fn path_of(&self, exercise: &Exercise) -> Option<&Path> {
        let name = format!("{}.rs", exercise.name);
        let handed_out = Path::new("exercises").join(&exercise.lesson).join(&name);
        let exact = |path: &Path| self.files.iter().find(|file| *file == path);
        let named: Vec<&PathBuf> =
            self.files.iter().filter(|file| file.ends_with(&name) && !file.starts_with("solutions")).collect();
        let inside = || named.iter().copied().find(|file| file.ends_with(&handed_out));
        let only = || named.first().copied().filter(|_| named.len() == 1);
        let found = exact(&handed_out).or_else(|| exact(Path::new(&name))).or_else(inside).or_else(only);
        found.map(PathBuf::as_path)
    }

    /// Which files of the handout that no exercise asks to change were changed, in words. They are not used for grading.
    pub fn changed(&self) -> Vec<String> {
        let Some(list) = self.files.iter().find(|file| file.file_name().is_some_and(|name| name == PROTECTED)) else {
            return Vec::new();
        };
        let Ok(bytes) = self.read(list) else { return Vec::new() };
        let top = list.parent().unwrap_or(Path::new(""));
        let hashes = handout::hashes(&String::from_utf8_lossy(&bytes));
        let protected = hashes.iter().filter(|(path, _)| handout::is_protected(path));
        let changed = protected.filter(|(path, hash)| {
            let path = top.join(path);
            self.files.contains(&path) && self.read(&path).map_or(true, |bytes| handout::hash(&bytes) != **hash)
        });
        changed.map(|(path, _)| format!("changed, and not used: {}", path.display())).collect()
    }

    fn read(&self, file: &Path) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.archive {
            let mut archive = zip::ZipArchive::new(fs::File::open(&self.place)?)?;
            let entry = archive.by_name(&file.to_string_lossy())?;
            entry.take(FILE_AT_MOST + 1).read_to_end(&mut bytes)?;
        } else {
            let place = self.place.join(file);
            let kind = fs::symlink_metadata(&place)?.file_type();
            ensure!(kind.is_file(), "{} is no plain file and was not read", file.display());
            fs::File::open(place)?.take(FILE_AT_MOST + 1).read_to_end(&mut bytes)?;
        }
        ensure!(bytes.len() as u64 <= FILE_AT_MOST, "{} is larger than {FILE_AT_MOST} bytes", file.display());
        Ok(bytes)
    }
}

fn is_built(name: &str) -> bool {
    matches!(name, "target" | ".git" | "__MACOSX")
}

/// The names in an archive that stay inside it. Only plain files count: a link in an archive is a file that holds a path.
fn names_in_archive(place: &Path) -> Result<Vec<PathBuf>> {
    let shown = place.display();
    let archive = fs::File::open(place).with_context(|| format!("{shown} cannot be read"))?;
    let archive =
        zip::ZipArchive::new(archive).with_context(|| format!("{shown} is neither a folder nor a zip archive"))?;
    let names = archive.file_names().filter(|name| !name.ends_with('/')).map(PathBuf::from);
    let inside = |path: &PathBuf| path.components().all(|part| matches!(part, Component::Normal(_)));
    let names: Vec<PathBuf> = names.filter(inside).take(FILES_AT_MOST + 1).collect();
    ensure!(names.len() <= FILES_AT_MOST, "{shown} holds more than {FILES_AT_MOST} files");
    Ok(names)
}

fn walk(root: &Path, below: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        // The kind of the entry itself: a link is neither a folder to go into nor a file to read.
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 && !is_built(&entry.file_name().to_string_lossy()) {
            walk(root, &path, depth - 1, files)?;
        } else if !kind.is_dir() {
            files.push(path);
        }
        if files.len() > FILES_AT_MOST {
            bail!("there are more than {FILES_AT_MOST} files in it");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn exercise() -> Exercise {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        crate::manifest::all(&root).unwrap().into_iter().find(|exercise| exercise.name == "bound_method_cache").unwrap()
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let place = folder.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        folder
    }

    #[track_caller]
    fn check_found(files: &[(&str, &str)], expected: Option<&str>) {
        let folder = folder(files);
        let text = Submission::open(folder.path()).unwrap().text_of(&exercise()).map(Result::unwrap);
        assert_eq!(text.as_deref(), expected);
    }

    #[test]
    fn the_file_is_found_where_the_handout_has_it_or_elsewhere() {
        let handed_out = "exercises/bound_method/bound_method_cache.rs";
        check_found(&[(handed_out, "a"), ("bound_method_cache.rs", "b")], Some("a"));
        check_found(&[("bound_method_cache.rs", "b")], Some("b"));
        check_found(
            &[("mine/exercises/bound_method/bound_method_cache.rs", "c"), ("mine/bound_method_cache.rs", "d")],
            Some("c"),
        );
        check_found(&[("deep/er/bound_method_cache.rs", "e")], Some("e"));
        // Two are one too many, and a solution that was handed out is nobody's work.
        check_found(&[("a/bound_method_cache.rs", ""), ("b/bound_method_cache.rs", "")], None);
        check_found(&[("solutions/bound_method/bound_method_cache.rs", "")], None);
        check_found(&[("target/bound_method_cache.rs", "")], None);
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = folder(&[]);
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("bound_method_cache.rs")).unwrap();
        let fault = Submission::open(folder.path()).unwrap().text_of(&exercise()).unwrap().unwrap_err();
        assert!(fault.to_string().contains("no plain file"), "{fault}");
    }

    #[test]
    fn a_file_of_megabytes_is_not_read() {
        let large = "x".repeat(2 << 20);
        let folder = folder(&[("bound_method_cache.rs", &large)]);
        let fault = Submission::open(folder.path()).unwrap().text_of(&exercise()).unwrap().unwrap_err();
        assert!(fault.to_string().contains("larger than"), "{fault}");
    }

    #[test]
    fn an_archive_is_read_without_unpacking_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("alice.zip");
        let mut archive = zip::ZipWriter::new(fs::File::create(&place).unwrap());
        let options = zip::write::SimpleFileOptions::default();
        for (name, text) in [("alice/bound_method_cache.rs", "mine"), ("../bound_method_cache.rs", "outside")] {
            archive.start_file(name, options).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
        let text = Submission::open(&place).unwrap().text_of(&exercise()).unwrap().unwrap();
        assert_eq!(text, "mine");
    }

    #[test]
    fn what_is_no_archive_is_said_to_be_none() {
        let folder = folder(&[("alice.zip", "not at all")]);
        let fault = Submission::open(&folder.path().join("alice.zip")).unwrap_err();
        assert!(fault.to_string().contains("neither a folder nor a zip archive"), "{fault:#}");
    }

    #[test]
    fn a_changed_file_of_the_handout_is_named() {
        let list = format!(
            "{}  runtime/src/lib.rs\n{}  support/src/lib.rs\n{}  exercises/a/a_b.rs\n",
            handout::hash(b"as it was"),
            handout::hash(b"as it is"),
            handout::hash(b"skeleton"),
        );
        let files = [
            (PROTECTED, list.as_str()),
            ("runtime/src/lib.rs", "faked"),
            ("support/src/lib.rs", "as it is"),
            ("exercises/a/a_b.rs", "solved"),
        ];
        let folder = folder(&files);
        let changed = Submission::open(folder.path()).unwrap().changed();
        assert_eq!(changed, ["changed, and not used: runtime/src/lib.rs"]);
    }
}
