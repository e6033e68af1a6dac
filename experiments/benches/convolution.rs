//! The lesson `convolution` as a Criterion bench: `cargo bench -p experiments --bench convolution`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::convolution::LESSON)
}
