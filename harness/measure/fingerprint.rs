//! Checksums of sources, for the build scripts that give lessons and instruments their fingerprints.

use std::path::{Path, PathBuf};

/// Every Rust file below `folder`, in a fixed order.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
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

/// What does the measured work besides our own code.
const MEASURED: [&str; 12] = [
    "bincode",
    "crc32fast",
    "csv",
    "matrixmultiply",
    "ndarray",
    "parquet",
    "postcard",
    "rayon",
    "rayon-core",
    "rkyv",
    "tokio",
    "wincode",
];

/// The locked versions of what does the measured work besides our own code.
pub(crate) fn versions(lock: &Path) -> String {
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    let packages = text
        .split("[[package]]")
        .filter(|package| MEASURED.iter().any(|name| package.contains(&format!("name = \"{name}\"\n"))));
    packages.flat_map(|package| package.lines().take(3)).collect::<Vec<_>>().join("\n")
}

/// One number for the files and the versions: it changes with every line that is more than a comment.
pub(crate) fn checksum(files: &[PathBuf], versions: &str) -> u32 {
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
