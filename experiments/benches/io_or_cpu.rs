//! The lesson `io_or_cpu` as a Criterion bench: `cargo bench -p experiments --bench io_or_cpu`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::io_or_cpu::LESSON)
}
