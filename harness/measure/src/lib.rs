//! Runs lessons in fresh processes, in blocks, under Criterion; intervals and verdicts.
//!
//! [`lesson`] says how a lesson is defined, [`subject`] runs one variant in a fresh process, [`bench`](mod@bench) runs blocks of them
//! under Criterion and records every row. What follows from the rows is pure: [`statistics`], [`precision`], [`summary`],
//! [`verdict`], [`compare`], [`trust`].

pub mod bench;
pub mod compare;
mod control_group;
pub mod diagnose;
pub mod doctor;
pub mod environment;
pub mod evidence;
pub mod instruments;
pub mod interrupt;
pub mod lesson;
pub mod memory;
pub mod model;
pub mod outcome;
pub mod precision;
pub mod program;
mod random;
mod ratio;
pub mod statistics;
pub mod subject;
pub mod summary;
pub mod trust;
pub mod verdict;

pub use evidence::{Evidence, Finding};
pub use interrupt::{Interrupted, Interrupts};
pub use lesson::{BLOCKS, BadParameter, Check, Design, Fitted, Lesson, Parameter, PrintedRatio, Size, Variant};
pub use outcome::{Measured, Outcome};
pub use random::Random;
