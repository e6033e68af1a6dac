//! The lesson `pool_anatomy` as a Criterion bench: `cargo bench -p experiments --bench pool_anatomy`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::pool_anatomy::LESSON)
}
