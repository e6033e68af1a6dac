//! The lesson `chunksize` as a Criterion bench: `cargo bench -p experiments --bench chunksize`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::chunksize::LESSON)
}
