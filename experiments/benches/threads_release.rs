//! The lesson `threads_release` as a Criterion bench: `cargo bench -p experiments --bench threads_release`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::threads_release::LESSON)
}
