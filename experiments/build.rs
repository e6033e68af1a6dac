//! Gives each lesson a fingerprint: a checksum of all that a measurement depends on, so that a record can tell when it is stale.
//!
//! That is the lesson's source without its claims, what of the modules beside the lessons it measures with, the runtime, what times a
//! variant and makes its inputs, the observer where it is what is measured, and the versions of the dependencies that do the measured work.
//! Blank lines and lines that hold only a comment are left out: rewording one makes no measurement old.

#[path = "../harness/measure/fingerprint.rs"]
mod fingerprint;

use std::path::{Path, PathBuf};

use fingerprint::{checksum, sources, versions};

fn main() {
    let lessons = Path::new("src");
    let runtime = Path::new("../harness/runtime/src");
    let timing = ["../harness/measure/src/outcome.rs", "../harness/measure/src/random.rs"].map(Path::new);
    let observer = Path::new("../harness/measure/src/diagnose");
    let lock = Path::new("../Cargo.lock");
    println!("cargo::rerun-if-changed=../harness/measure/fingerprint.rs");
    for path in [lessons, runtime, timing[0], timing[1], observer, lock] {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let versions = versions(lock);
    for entry in std::fs::read_dir(lessons).expect("the crate has a source folder").flatten() {
        let folder = entry.path();
        if let (true, Some(stem)) = (folder.is_dir(), entry.file_name().to_str()) {
            let mut files = sources(&folder);
            files.retain(|file| !file.ends_with("claims.rs") && !file.ends_with("claims/tests.rs"));
            files.extend(shared(lessons, &files));
            files.extend(sources(runtime));
            files.extend(timing.map(Path::to_path_buf));
            if stem == "diagnose" {
                files.extend(sources(observer).into_iter().filter(|file| !file.ends_with("tests.rs")));
            }
            println!("cargo::rustc-env=FINGERPRINT_{stem}={:08x}", checksum(&files, &versions));
        }
    }
}

/// The modules beside the lessons that these `files` of one name as `crate::MODULE`.
fn shared(lessons: &Path, files: &[PathBuf]) -> Vec<PathBuf> {
    let texts: Vec<String> = files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let used = |file: &PathBuf| {
        let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        texts.iter().any(|text| text.contains(&format!("crate::{name};")) || text.contains(&format!("crate::{name}::")))
    };
    let mut modules: Vec<PathBuf> =
        sources(lessons).into_iter().filter(|file| file.parent() == Some(lessons)).collect();
    modules.retain(used);
    modules
}
