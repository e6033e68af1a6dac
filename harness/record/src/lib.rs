//! The words of the laboratory as types, and the reading and writing of recorded runs.
//!
//! This crate is the leaf that every other room shares. It holds no experiment, starts no process and draws nothing.
//! Read in this order: [`lesson`] (what is studied), [`run`] (what was measured), [`claim`] and [`judged`] (what follows from it),
//! [`store`] (how a run gets to disk and back, and how an old one is read).

pub mod claim;
pub mod counters;
pub mod environment;
mod error;
pub mod hash;
pub mod judged;
pub mod lesson;
mod machine;
mod migrate;
pub mod model;
pub mod run;
pub mod store;
mod time;

pub use claim::{Band, Claim, Ledger, Post, Stated};
pub use counters::{Counters, ProcessReport, Traffic};
pub use environment::Environment;
pub use error::Error;
pub use judged::{Drift, Interval, Judgement, KnownRatio, LessonSummary, Outliers, Tried, VariantSummary, Verdict};
pub use lesson::{Fault, LessonInfo, Mark, ParameterInfo, Params, Profile, VariantInfo};
pub use model::{ModelConstant, ModelPoint, ModelReport};
pub use run::{
    Arm, BlockOrder, BlockPosition, COUNTED_IN, End, EndRow, Header, LessonPlan, Program, Row, Run, SCHEMA, Subject,
    TreeUsage, VariantResult,
};
pub use store::Recorder;
pub use time::now;

/// The lane of the Rust twin, the only one that needs no other program on the machine.
pub const RUST_LANE: &str = "rust";
