//! What is studied: one folder per lesson, and the ledger of claims.
//!
//! A lesson folder holds its definition (`mod.rs`), its variants and the checks of its claims. What several lessons measure with, a pool that
//! is warm and a drawn order, stands beside the folders. Nothing here starts a process by itself, measures, or draws: `harness` runs
//! what is defined here.

pub mod big_argument;
pub mod big_queue;
pub mod bound_method;
pub mod break_even;
pub mod channels;
pub mod chunksize;
pub mod convolution;
pub mod csv_pipeline;
pub mod diagnose;
pub mod faster_codecs;
pub mod fork_trap;
pub mod gil_primes;
pub mod initialize_once;
pub mod io_or_cpu;
mod ledger;
mod places;
pub mod pool_anatomy;
pub mod pool_size;
pub mod shared_memory;
pub mod shared_state;
pub mod start_cost;
mod still_valid;
pub mod threads_release;
pub mod through_disk;
mod turns;
mod warm;
pub mod what_crosses;

use std::path::Path;
use std::process::ExitCode;

use harness::Lesson;

pub use ledger::ledger;
pub use still_valid::still_valid;

/// Every lesson there is, in the order of the book.
pub const LESSONS: &[&Lesson] = &[
    &gil_primes::LESSON,
    &start_cost::LESSON,
    &fork_trap::LESSON,
    &bound_method::LESSON,
    &pool_anatomy::LESSON,
    &big_argument::LESSON,
    &big_queue::LESSON,
    &channels::LESSON,
    &what_crosses::LESSON,
    &threads_release::LESSON,
    &faster_codecs::LESSON,
    &initialize_once::LESSON,
    &shared_memory::LESSON,
    &through_disk::LESSON,
    &shared_state::LESSON,
    &chunksize::LESSON,
    &pool_size::LESSON,
    &break_even::LESSON,
    &convolution::LESSON,
    &csv_pipeline::LESSON,
    &io_or_cpu::LESSON,
    &diagnose::LESSON,
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
    if let Some(code) = what_crosses::without_guard() {
        return code;
    }
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = crate_folder.parent().unwrap_or(crate_folder);
    harness::bench::cargo_bench(lesson, &ledger(), env!("CARGO_PKG_VERSION"), root)
}
