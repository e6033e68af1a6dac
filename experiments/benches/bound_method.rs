//! The lesson `bound_method` as a Criterion bench: `cargo bench -p experiments --bench bound_method`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::bound_method::LESSON)
}
