//! The lesson `channels` as a Criterion bench: `cargo bench -p experiments --bench channels`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::channels::LESSON)
}
