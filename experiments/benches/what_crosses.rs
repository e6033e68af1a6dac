//! The lesson `what_crosses` as a Criterion bench: `cargo bench -p experiments --bench what_crosses`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::what_crosses::LESSON)
}
