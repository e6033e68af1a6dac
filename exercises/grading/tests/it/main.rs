//! The grader against submissions of every kind, built and run for real.

mod exercises;
mod hostile;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use grading::compile::Toolchain;

/// The checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders up").to_owned()
}

/// One toolchain for all tests: cargo is asked once.
fn toolchain() -> &'static Toolchain {
    static TOOLCHAIN: OnceLock<Toolchain> = OnceLock::new();
    TOOLCHAIN.get_or_init(|| Toolchain::ready(&root(), env!("CARGO_BIN_EXE_grader").as_ref()).expect("cargo and rustc"))
}
