//! The lesson `break_even` as a Criterion bench: `cargo bench -p experiments --bench break_even`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::break_even::LESSON)
}
