//! Tells the crate which compiler builds it, and gives each instrument a fingerprint, as each lesson has one.
//!
//! A run's record names the compiler, and at run time there may be none to ask.

mod fingerprint;

use std::path::Path;
use std::process::Command;

use fingerprint::{checksum, sources, versions};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=fingerprint.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    let version = std::env::var_os("RUSTC").and_then(|rustc| Command::new(rustc).arg("--version").output().ok());
    let version =
        version.filter(|output| output.status.success()).and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo::rustc-env=UNPICKLED_RUSTC={}", version.as_deref().unwrap_or("unknown").trim());
    instruments();
}

/// One for each instrument, a folder or a file: of its source, the runtime's, and what times a variant and makes its inputs.
fn instruments() {
    let folder = Path::new("src/instruments");
    let runtime = Path::new("../runtime/src");
    let timing = ["src/outcome.rs", "src/random.rs"].map(Path::new);
    let lock = Path::new("../../Cargo.lock");
    for path in [folder, runtime, timing[0], timing[1], lock] {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let versions = versions(lock);
    for entry in std::fs::read_dir(folder).expect("the crate has a folder of instruments").flatten() {
        let path = entry.path();
        if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| *stem != "mod") {
            let mut files = if path.is_dir() { sources(&path) } else { vec![path.clone()] };
            files.extend(sources(runtime));
            files.extend(timing.map(Path::to_path_buf));
            println!("cargo::rustc-env=FINGERPRINT_{stem}={:08x}", checksum(&files, &versions));
        }
    }
}
