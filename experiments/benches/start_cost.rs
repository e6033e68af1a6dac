//! The lesson `start_cost` as a Criterion bench: `cargo bench -p experiments --bench start_cost`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::start_cost::LESSON)
}
