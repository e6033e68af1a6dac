//! What is measured besides the lessons: the machine, the harness itself, and what a pool costs.
//!
//! An instrument is defined like a lesson and runs like one, in fresh processes. It has no chapter and judges no claim.

pub mod calibration;
pub mod limits;
pub mod model;

use crate::Lesson;

/// Every instrument there is.
pub const INSTRUMENTS: &[&Lesson] = &[&limits::LIMITS, &calibration::CALIBRATION, &model::MODEL];

/// Those that every run measures beside its lessons. The model has campaigns of its own.
pub const IN_EVERY_RUN: &[&Lesson] = &[&limits::LIMITS, &calibration::CALIBRATION];

/// The instrument called `stem`.
pub fn instrument(stem: &str) -> Option<&'static Lesson> {
    INSTRUMENTS.iter().find(|instrument| instrument.stem == stem).copied()
}
