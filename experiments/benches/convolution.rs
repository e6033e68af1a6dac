//! The lesson `convolution` as a Criterion bench: `cargo bench -p experiments --bench convolution`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_folder.parent().unwrap_or(crate_folder);
    harness::bench::cargo_bench(&experiments::convolution::LESSON, env!("CARGO_PKG_VERSION"), root)
}
