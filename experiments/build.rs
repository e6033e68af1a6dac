//! Gives each lesson a fingerprint: a checksum of all that a measurement depends on, so that a record can tell when it is stale.
//!
//! That is the lesson's source without its claims, the runtime, what times a variant and makes its inputs, and the versions of the
//! dependencies that do the measured work. Blank lines and lines that hold only a comment are left out: rewording one makes no
//! measurement old.

use std::path::{Path, PathBuf};

fn main() {
    let lessons = Path::new("src");
    let runtime = Path::new("../harness/runtime/src");
    let timing = ["../harness/measure/src/outcome.rs", "../harness/measure/src/random.rs"].map(Path::new);
    let lock = Path::new("../Cargo.lock");
    for path in [lessons, runtime, timing[0], timing[1], lock] {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let versions = versions(lock);
    for entry in std::fs::read_dir(lessons).expect("the crate has a source folder").flatten() {
        let folder = entry.path();
        if let (true, Some(stem)) = (folder.is_dir(), entry.file_name().to_str()) {
            let mut files = sources(&folder);
            files.retain(|file| !file.ends_with("claims.rs") && !file.ends_with("claims/tests.rs"));
            files.extend(sources(runtime));
            files.extend(timing.map(Path::to_path_buf));
            println!("cargo::rustc-env=FINGERPRINT_{stem}={:08x}", checksum(&files, &versions));
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

/// The locked versions of what does the measured work besides our own code.
fn versions(lock: &Path) -> String {
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    let packages = text.split("[[package]]").filter(|package| {
        ["bincode", "crc32fast", "matrixmultiply", "ndarray", "rayon", "rayon-core"]
            .iter()
            .any(|name| package.contains(&format!("name = \"{name}\"\n")))
    });
    packages.flat_map(|package| package.lines().take(3)).collect::<Vec<_>>().join("\n")
}

fn checksum(files: &[PathBuf], versions: &str) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(versions.as_bytes());
    for file in files {
        let text = std::fs::read_to_string(file).expect("a source file is text");
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
            sum.update(line.as_bytes());
            sum.update(b"\n");
        }
    }
    sum.finalize()
}
