//! The lesson `diagnose` as a Criterion bench: `cargo bench -p experiments --bench diagnose`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::diagnose::LESSON)
}
