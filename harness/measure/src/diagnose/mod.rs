//! What is wrong with a pool: a command and every process below it, watched through `/proc`, and rules that say what bounds it.
//!
//! [`watch`](watch()) runs the command and keeps what `look` sees; [`family`] says who is the parent and who the workers; `findings` is
//! pure, from what was seen to what it means and which lesson explains it.

pub mod family;
mod findings;
mod look;
mod seen;
mod watch;

pub use findings::{Fault, Figure, Finding, findings};
pub use look::Wait;
pub use seen::{Ending, Observation, Seen};
pub use watch::{Watch, can_watch, serve, watch, watched, with_signals};
