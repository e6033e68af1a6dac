//! The lesson `big_queue` as a Criterion bench: `cargo bench -p experiments --bench big_queue`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::big_queue::LESSON)
}
