//! The grader: builds and runs submissions as untrusted code, counts what they did, and judges it.
//!
//! ```text
//! exercise.toml, solution.rs, check.rs      manifest, source
//!   -> compiled with the submission         compile      rustc, in a cage
//!   -> run, a case at a time                keeper, cage a process between, limits, another user
//!   -> observations                         exercises::checking
//!   -> points and words                     judge        pure
//!   -> text, JSON and what platforms read   formats      pure
//! ```
//!
//! The submission is compiled as a crate of its own, without `unsafe`, before any check is where it could see it. What it prints is never
//! read for a grade. Around that stands what a student and a teacher use: [`handout`], [`hints`], [`attempts`], [`kit`].

pub mod attempts;
mod cage;
mod class;
pub mod cli;
pub mod compile;
pub mod formats;
pub mod grade;
pub mod handout;
pub mod hints;
pub mod interrupt;
pub mod judge;
mod keeper;
pub mod kit;
pub mod manifest;
mod orphans;
mod previous;
pub mod prove;
mod session;
pub mod source;
pub mod submission;
mod sweep;
mod watch;

pub use keeper::serve;
