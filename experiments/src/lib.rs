//! What is studied: one folder per lesson, and the ledger of claims.
//!
//! A lesson folder holds its definition (`mod.rs`), its variants and the checks of its claims. What several lessons measure with, a pool that
//! is warm and a drawn order, stands beside the folders. Nothing here starts a process by itself, measures, or draws: `harness` runs
//! what is defined here.

pub mod big_queue;
pub mod bound_method;
pub mod chunksize;
pub mod convolution;
pub mod fork_trap;
pub mod gil_primes;
mod ledger;
mod still_valid;
mod turns;
mod warm;

use std::path::Path;
use std::process::ExitCode;

use harness::Lesson;

pub use ledger::ledger;
pub use still_valid::still_valid;

/// Every lesson there is, in the order of the book.
pub const LESSONS: &[&Lesson] = &[
    &gil_primes::LESSON,
    &fork_trap::LESSON,
    &bound_method::LESSON,
    &big_queue::LESSON,
    &chunksize::LESSON,
    &convolution::LESSON,
];

/// The lesson called `stem`.
///
/// ```
/// assert_eq!(experiments::lesson("bound_method").unwrap().baseline().name, "serial");
/// assert!(experiments::lesson("bound_methods").is_none());
/// ```
pub fn lesson(stem: &str) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.stem == stem).copied()
}

/// The `main` of the Criterion bench of a lesson: `cargo bench -p experiments --bench STEM`.
pub fn cargo_bench(lesson: &Lesson) -> ExitCode {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_folder.parent().unwrap_or(crate_folder);
    harness::bench::cargo_bench(lesson, &ledger(), env!("CARGO_PKG_VERSION"), root)
}
