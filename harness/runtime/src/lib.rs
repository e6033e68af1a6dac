//! A Rust twin of CPython's `multiprocessing` that counts everything and does not hang.
//!
//! Start with [`classic::Pool`]: CPython's pool, part by part. What crosses to its workers is a [`Function`], found there by
//! name; what each worker keeps is left by an [`Initializer`]. [`meter`] holds the counts, [`codec`] the pickle, [`frame`] the
//! framing, and [`supervise`] runs a program with all its descendants under a deadline.
//!
//! A program that uses [`StartMethod::Spawn`] calls [`init`] on the first line of its `main`.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "this project needs Linux (memfd, pidfd, robust mutexes, /proc); on another system run it in a container, as the README's \
     section \"Not on Linux?\" shows"
);

pub mod classic;
pub mod codec;
mod error;
pub mod frame;
pub mod function;
pub mod meter;
pub mod supervise;
mod sys;
mod waiting;

pub use classic::init;
pub use error::Error;
pub use function::{Function, Initializer};
#[doc(hidden)]
pub use linkme;
pub use sys::pid::{Status, Usage};

/// How a worker process comes to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartMethod {
    /// A copy of this process, which must be single-threaded at that moment; it inherits everything without any pickling.
    Fork,
    /// This program, executed again; everything it needs is sent to it.
    Spawn,
}
