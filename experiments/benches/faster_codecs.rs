//! The lesson `faster_codecs` as a Criterion bench: `cargo bench -p experiments --bench faster_codecs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    experiments::cargo_bench(&experiments::faster_codecs::LESSON)
}
