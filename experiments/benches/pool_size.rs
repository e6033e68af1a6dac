//! The lesson `pool_size` as a Criterion bench: `cargo bench -p experiments --bench pool_size`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::pool_size::LESSON)
}
