//! The lesson `bound_method` as a Criterion bench: `cargo bench -p experiments --bench bound_method`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    harness::bench::cargo_bench(&experiments::bound_method::LESSON, env!("CARGO_PKG_VERSION"), &root)
}
