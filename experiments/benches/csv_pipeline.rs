//! The lesson `csv_pipeline` as a Criterion bench: `cargo bench -p experiments --bench csv_pipeline`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::csv_pipeline::LESSON)
}
