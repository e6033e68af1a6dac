//! What forked processes wait for each other with: CPython's `synchronize.py`, with a deadline on every wait and owners that may die.

mod barrier;
mod bounded;
mod condition;
mod event;
mod lock;
pub(crate) mod robust;
mod room;

pub use barrier::Barrier;
pub use bounded::BoundedSemaphore;
pub use condition::{Condition, ConditionGuard};
pub use event::Event;
pub use lock::{Lock, LockGuard, RLock};
