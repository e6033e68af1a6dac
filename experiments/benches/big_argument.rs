//! The lesson `big_argument` as a Criterion bench: `cargo bench -p experiments --bench big_argument`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::big_argument::LESSON)
}
