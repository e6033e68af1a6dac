//! Gives each lesson a fingerprint: a checksum of its source and the runtime's, so that a record can tell when it is stale.
//!
//! Blank lines and lines that hold only a comment are left out: rewording one makes no measurement old.

use std::path::{Path, PathBuf};

fn main() {
    let lessons = Path::new("src");
    let runtime = Path::new("../harness/runtime/src");
    for folder in [lessons, runtime] {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    for entry in std::fs::read_dir(lessons).expect("the crate has a source folder").flatten() {
        let folder = entry.path();
        if let (true, Some(stem)) = (folder.is_dir(), entry.file_name().to_str()) {
            let mut files = sources(&folder);
            files.extend(sources(runtime));
            println!("cargo::rustc-env=FINGERPRINT_{stem}={:08x}", checksum(&files));
        }
    }
}

/// Every Rust file below `folder`, in a fixed order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder of sources").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn checksum(files: &[PathBuf]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("a source file is text");
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
            sum.update(line.as_bytes());
            sum.update(b"\n");
        }
    }
    sum.finalize()
}
