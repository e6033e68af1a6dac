//! The lesson `shared_memory` as a Criterion bench: `cargo bench -p experiments --bench shared_memory`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::shared_memory::LESSON)
}
