//! The lesson `shared_state` as a Criterion bench: `cargo bench -p experiments --bench shared_state`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::shared_state::LESSON)
}
