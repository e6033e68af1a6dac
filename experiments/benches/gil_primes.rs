//! The lesson `gil_primes` as a Criterion bench: `cargo bench -p experiments --bench gil_primes`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::gil_primes::LESSON)
}
