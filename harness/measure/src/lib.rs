//! Runs lessons in fresh processes, in blocks, under Criterion; intervals and verdicts.
//!
//! [`lesson`] says how a lesson is defined, [`subject`] runs one variant in a fresh process, [`bench`](mod@bench) runs blocks of them
//! under Criterion and records every row. What follows from the rows is pure: [`statistics`], [`summary`], [`verdict`].

pub mod bench;
mod control_group;
pub mod environment;
pub mod evidence;
pub mod interrupt;
pub mod lesson;
pub mod memory;
pub mod outcome;
pub mod program;
mod random;
mod ratio;
pub mod statistics;
pub mod subject;
pub mod summary;
pub mod verdict;

pub use evidence::{Evidence, Finding};
pub use interrupt::{Interrupted, Interrupts};
pub use lesson::{BLOCKS, BadParameter, Check, Fitted, Lesson, Parameter, PrintedRatio, Size, Variant};
pub use outcome::{Measured, Outcome};
pub use random::Random;
