//! A Rust twin of CPython's `multiprocessing` that counts everything and does not hang.
//!
//! Start with [`Pool`], the pool to use, or its twin over threads, [`Threads`]; [`Executor`] gives out futures over the same workers;
//! [`classic::Pool`] is CPython's pool, part by part, with CPython's costs. What crosses to a worker is a [`Function`], found there by
//! name; what each worker keeps is left by an [`Initializer`].
//!
//! | to | there is |
//! |---|---|
//! | start one process | [`Process`], [`process`] |
//! | carry items | [`Queue`], [`JoinableQueue`], [`SimpleQueue`]; between two processes [`Connection`] and [`Ring`], each a [`Channel`] |
//! | wait for each other | [`Lock`], [`RLock`], [`Condition`], [`Event`], [`Barrier`], [`Semaphore`], [`BoundedSemaphore`] |
//! | share numbers | [`SharedArray`], [`SharedBlocks`], [`Value`], [`Array`], [`SharedAtomic`], [`ShareableList`]; by name [`named`] |
//! | hand them to a process that was not forked with them | [`HandOver`] |
//! | keep objects in a server | [`manager`] |
//! | see what an interpreter lock does | [`gil`] |
//!
//! ```no_run
//! use multiprocess::pool::{Config, Pool, Workers};
//!
//! #[derive(bincode::Encode, bincode::Decode)]
//! struct Square;
//!
//! impl multiprocess::Function for Square {
//!     const NAME: &'static str = "example::Square";
//!     type State = ();
//!     type Item = u64;
//!     type Output = u64;
//!     fn call(&self, _: &(), item: u64) -> u64 {
//!         item * item
//!     }
//! }
//! multiprocess::register_function!(Square);
//!
//! fn main() -> Result<(), multiprocess::Error> {
//!     multiprocess::init(); // first of all: a worker that is this program executed again goes no further
//!     let pool = Pool::start(Config::new(2))?;
//!     let squares = pool.map(Square, (0..1_000).collect(), 0)?;
//!     assert_eq!(squares[31], 961);
//!     pool.finish(std::time::Duration::from_secs(10))?;
//!     Ok(())
//! }
//! ```
//!
//! [`meter`] holds the counts, [`trace`] what happened when, [`codec`] the pickle, [`frame`] the framing. [`supervise`] runs a program with
//! all its descendants under a deadline; [`watchdog`] tells a child that is stuck for ever from one that works; [`trap`] forks where one
//! should not, and [`forkserver`] where one may.
//!
//! All `unsafe` code is in one module, `sys`. `just miri` runs what needs no kernel under Miri (the pickle, the framing, the interpreter lock, the
//! rings of the trace), `just sanitize` the unit tests and every case under AddressSanitizer, `just valgrind` the unit tests; loom tries the
//! orders of the shared-memory protocols. Valgrind 3.19 knows no `pidfd_open`, so nothing that starts a process runs under it.
//!
//! A program that uses [`StartMethod::Spawn`] or [`StartMethod::ForkServer`] calls [`init`] on the first line of its `main`.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "this project needs Linux (memfd, pidfd, robust mutexes, /proc); on another system run it in a container, as the README's \
     section \"Not on Linux?\" shows"
);

#[doc(hidden)]
pub mod bare;
mod channel;
pub mod classic;
pub mod codec;
mod connection;
mod error;
pub mod executor;
pub mod forkserver;
pub mod frame;
pub mod function;
pub mod gil;
#[doc(hidden)]
pub mod hostile;
pub mod manager;
mod memory;
pub mod meter;
mod numbers;
pub mod pool;
pub mod process;
mod queue;
mod ring;
mod scratch;
mod semaphore;
mod shared_array;
mod start;
mod states;
pub mod supervise;
mod synchronize;
mod sys;
pub mod trace;
pub mod trap;
mod waiting;
pub mod watchdog;

pub use channel::Channel;
pub use connection::Connection;
pub use error::{Error, Loss};
pub use executor::Executor;
pub use function::{Function, Initializer};
#[doc(hidden)]
pub use linkme;
pub use memory::named;
pub use memory::{
    Array, ArrayGuard, Countable, Element, HandOver, RawArray, RawValue, ShareableItem, ShareableList, SharedAtomic,
    Value, ValueGuard,
};
pub use numbers::Numbers;
pub use pool::{Pool, Threads};
pub use process::daemon::is_daemonic;
pub use process::{Inherited, Process, wait};
pub use queue::{JoinableQueue, Queue, SimpleQueue};
pub use ring::Ring;
pub use scratch::ScratchFile;
pub use semaphore::Semaphore;
pub use shared_array::{ClaimError, Plain, SharedArray};
pub use start::{StartMethod, init};
pub use states::{StateSampler, States};
pub use synchronize::{Barrier, BoundedSemaphore, Condition, ConditionGuard, Event, Lock, LockGuard, RLock};
pub use sys::blocks::{Block, SharedBlocks};
pub use sys::pid::{Status, Usage};
pub use sys::vectors::with_wide_vectors;
