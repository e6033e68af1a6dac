//! The lesson `initialize_once` as a Criterion bench: `cargo bench -p experiments --bench initialize_once`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::initialize_once::LESSON)
}
