//! The lesson `through_disk` as a Criterion bench: `cargo bench -p experiments --bench through_disk`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::through_disk::LESSON)
}
