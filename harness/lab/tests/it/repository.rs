//! The repository's own rules: what every crate, folder, file and comment must keep to.

use std::fs;
use std::path::{Path, PathBuf};

use toml::Value;

use crate::house::{checkout, is_source, walk};
use crate::layers::Manifests;

/// A file that is longer is two files.
const LINES_AT_MOST: usize = 400;

/// What a mentioned file may end with to be looked for; anything else with a slash may be a URL, a ratio or a phrase.
const EXTENSIONS: [&str; 6] = [".rs", ".md", ".toml", ".css", ".svg", ".py"];

/// Folders that are made by commands and not committed.
const BUILT: [&str; 3] = ["book/html", "results/local", "target"];

/// Every Rust source file of the checkout.
fn rust_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in ["exercises", "experiments", "harness", "plots"].map(|folder| checkout().join(folder)) {
        if folder.exists() {
            walk(&folder, &is_source, &mut |path| files.push(path.to_owned()));
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    assert!(files.len() > 50, "the walk has missed something: {files:?}");
    files
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    for (folder, manifest) in Manifests::of_checkout().members {
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints, Some(&Value::Boolean(true)), "{folder}/Cargo.toml");
    }
}

#[test]
fn every_top_folder_says_what_belongs_in_it() {
    let mut missing = Vec::new();
    for entry in fs::read_dir(checkout()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && is_source(&path) && !name.starts_with('.') && !path.join("README.md").is_file() {
            missing.push(name);
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "folders without a README.md");
    for room in ["book", "experiments", "harness", "plots", "results"] {
        assert!(checkout().join(room).is_dir(), "{room}");
    }
}

/// The dependencies without a comment above them; one comment serves all lines up to the next empty one.
fn without_reason(manifest: &str) -> Vec<&str> {
    let section = manifest.split("[workspace.dependencies]\n").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let mut reason = false;
    let mut found = Vec::new();
    for line in section.lines().map(str::trim) {
        match line.as_bytes().first() {
            None => reason = false,
            Some(b'#') => reason = line.len() > 2,
            Some(_) if !reason => found.push(line),
            Some(_) => {}
        }
    }
    found
}

#[test]
fn every_dependency_stands_under_its_reason() {
    let manifest = fs::read_to_string(checkout().join("Cargo.toml")).unwrap();
    assert_eq!(without_reason(&manifest), Vec::<&str>::new());
}

#[test]
fn the_check_of_reasons_finds_a_dependency_without_one() {
    let manifest = "[workspace.dependencies]\n# A reason.\na = '1'\nb = '1'\n\nc = '1'\n#\nd = '1'\n[profile]\ne = 1\n";
    assert_eq!(without_reason(manifest), ["c = '1'", "d = '1'"]);
}

#[test]
fn no_source_file_is_too_long() {
    for path in rust_files() {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_AT_MOST, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_source_file_begins_with_what_it_is() {
    for path in rust_files() {
        assert!(fs::read_to_string(&path).unwrap().starts_with("//! "), "{}", path.display());
    }
}

/// The words of a text that look like paths in the checkout, without placeholders and patterns.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| letter.is_whitespace() || "`'\"()[],;|".contains(letter));
    let words = words.map(|word| word.trim_end_matches(['.', ':', '!', '?']));
    words.filter(|word| {
        let looks_like_one = word.contains('/') && EXTENSIONS.iter().any(|extension| word.ends_with(extension));
        // CPython's own files are named as it names them.
        let is_elsewhere =
            word.starts_with("Lib/") || word.starts_with('/') || word.starts_with('~') || word.contains("://");
        let is_pattern = word.contains(['*', '<', '{', '$']) || word.split(['/', '.']).any(is_placeholder);
        looks_like_one && !is_elsewhere && !is_pattern
    })
}

/// `STEM` and `FOLDER` stand for something; `README` and the like are names.
fn is_placeholder(part: &str) -> bool {
    let is_name = ["README", "ARCHITECTURE", "CHANGELOG", "LICENSE", "SUMMARY"].contains(&part);
    part.len() > 1 && !is_name && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// Whether `mentioned` is a path seen from the checkout, or from any folder on the way to `file`.
fn exists(mentioned: &str, file: &Path) -> bool {
    let root = checkout();
    file.ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(&root))
        .any(|folder| folder.join(mentioned).exists())
}

fn comments(source: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(source.lines()).filter_map(|(number, line)| Some((number, line.trim().strip_prefix("//")?)))
}

#[test]
fn files_named_in_comments_exist() {
    let mut dangling = Vec::new();
    for path in rust_files() {
        let source = fs::read_to_string(&path).unwrap();
        for (number, comment) in comments(&source) {
            let words = mentioned(comment).filter(|word| !exists(word, &path));
            dangling.extend(words.map(|word| format!("{}:{number}: {word}", path.display())));
        }
    }
    assert_eq!(dangling, Vec::<String>::new());
}

#[test]
fn files_and_folders_named_in_the_prose_exist() {
    let mut dangling = Vec::new();
    let mut pages = vec![checkout().join("ARCHITECTURE.md"), checkout().join("README.md")];
    walk(&checkout(), &is_source, &mut |path| {
        pages.extend((path.file_name().is_some_and(|name| name == "README.md")).then(|| path.to_owned()));
    });
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let folders = text.split(|letter: char| letter.is_whitespace() || "`()|,".contains(letter));
        let is_folder = |word: &&str| word.len() > 1 && word.ends_with('/') && !word.contains([':', '*', '<', '.']);
        let folders = folders.filter(is_folder).filter(|word| !word.split('/').any(is_placeholder));
        let is_built = |word: &str| BUILT.iter().any(|built| word.starts_with(built));
        for word in mentioned(&text).chain(folders.map(|word| word.trim_end_matches('/'))) {
            if !is_built(word) && !exists(word, &page) {
                dangling.push(format!("{}: {word}", page.display()));
            }
        }
    }
    assert_eq!(dangling, Vec::<String>::new());
}

#[test]
fn the_check_of_paths_sees_paths_and_nothing_else() {
    let text =
        "See `harness/lab/src/main.rs`, (book/src/no.md): results/**/*.jsonl, and/or experiments/src/STEM/mod.rs.";
    assert_eq!(mentioned(text).collect::<Vec<_>>(), ["harness/lab/src/main.rs", "book/src/no.md"]);
    let here = checkout().join("harness/lab/tests/it/repository.rs");
    assert!(
        exists("harness/lab/src/main.rs", &here) && exists("src/main.rs", &here) && !exists("book/src/no.md", &here)
    );
}
