//! A Rust twin of CPython's `multiprocessing` that counts everything and does not hang.
//!
//! Start with [`classic::Pool`]: CPython's pool, part by part. What crosses to its workers is a [`Function`], found there by
//! name; what each worker keeps is left by an [`Initializer`]. [`Process`] is one worker by itself, [`Queue`] carries items between
//! processes, and [`SharedArray`], [`SharedBlocks`] and [`Semaphore`] are what processes share without sending it. [`gil`] is the interpreter
//! lock that processes are the way around.
//!
//! [`meter`] holds the counts, [`codec`] the pickle, [`frame`] the framing. [`supervise`] runs a program with all its descendants under
//! a deadline; [`watchdog`] tells a child that is stuck for ever from one that works; [`trap`] forks where one should not, and
//! [`forkserver`] where one may.
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
pub mod forkserver;
pub mod frame;
pub mod function;
pub mod gil;
pub mod meter;
mod numbers;
mod process;
mod queue;
mod scratch;
mod semaphore;
mod shared_array;
mod states;
pub mod supervise;
mod sys;
pub mod trap;
mod waiting;
pub mod watchdog;

pub use classic::init;
pub use error::Error;
pub use function::{Function, Initializer};
#[doc(hidden)]
pub use linkme;
pub use numbers::Numbers;
pub use process::{Inherited, Process};
pub use queue::Queue;
pub use scratch::ScratchFile;
pub use semaphore::Semaphore;
pub use shared_array::{ClaimError, Plain, SharedArray};
pub use states::{StateSampler, States};
pub use sys::blocks::{Block, SharedBlocks};
pub use sys::pid::{Status, Usage};
pub use sys::vectors::with_wide_vectors;

/// How a worker process comes to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartMethod {
    /// A copy of this process, which must be single-threaded at that moment; it inherits everything without any pickling.
    Fork,
    /// This program, executed again; everything it needs is sent to it.
    Spawn,
}
