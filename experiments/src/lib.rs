//! What is studied: one folder per lesson, and the ledger of claims.
//!
//! A lesson folder holds its definition (`mod.rs`), its variants and the checks of its claims. Nothing here starts a process by
//! itself, measures, or draws: `harness` runs what is defined here.

pub mod big_queue;
pub mod bound_method;
pub mod chunksize;
pub mod convolution;
pub mod fork_trap;
pub mod gil_primes;
mod ledger;
mod still_valid;

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
