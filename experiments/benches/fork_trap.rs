//! The lesson `fork_trap` as a Criterion bench: `cargo bench -p experiments --bench fork_trap`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::fork_trap::LESSON)
}
