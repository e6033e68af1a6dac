//! Waiting for the other side of a ring: looking for a while, then sleeping, and never longer than it lives.

use std::cell::Cell;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use super::protocol::{Memory, Side};
use crate::connection::{Fault, Patience};
use crate::sys::fd;

/// How often a side looks at the memory before it sleeps: for ten to fifty microseconds, about what falling asleep and being woken
/// cost together.
const SPINS: u32 = 1000;

/// How many of these come without a pause in between: an answer to what was just sent comes so soon that a pause would be longer than the rest of
/// the wait. Some tenths of a microsecond.
const LOOKS_WITHOUT_PAUSE: u32 = 200;

/// The most looks that can be asked for: a side whose other one was killed must come to sleep, where it learns of it.
const SPINS_AT_MOST: u32 = 500_000;

/// How long a side sleeps at most before it looks whether the other lives. A side that is killed wakes nobody.
const LOOK_UP_EVERY: Duration = Duration::from_millis(50);

/// How many times a side sleeps before it asks again which cores it may use.
const ASK_AGAIN_AFTER: u32 = 64;

/// How a side waits.
#[derive(Debug)]
pub(super) struct Waiter {
    /// What was asked for; otherwise it depends on the cores.
    wanted: Option<u32>,
    spins: Cell<u32>,
    sleeps: Cell<u32>,
}

impl Waiter {
    pub(super) fn new() -> Self {
        Self { wanted: None, spins: Cell::new(0), sleeps: Cell::new(0) }
    }

    pub(super) fn set_spins(&mut self, times: u32) {
        self.wanted = Some(times.min(SPINS_AT_MOST));
    }

    /// How often to look before sleeping: not at all where the other side cannot run meanwhile.
    fn spins(&self) -> u32 {
        if let Some(wanted) = self.wanted {
            return wanted;
        }
        if self.sleeps.get().is_multiple_of(ASK_AGAIN_AFTER) {
            self.spins.set(if fd::cores() > 1 { SPINS } else { 0 });
        }
        self.spins.get()
    }

    /// Waits until `ready` gives something. `ready` depends on the other side's index alone.
    pub(super) fn wait<M: Memory, T>(
        &self,
        side: &Side<'_, M>,
        lifeline: &OwnedFd,
        patience: &Patience,
        mut ready: impl FnMut() -> Result<Option<T>, Fault>,
    ) -> Result<T, Fault> {
        let spins = if patience.is_none() { 0 } else { self.spins() };
        for look in 0..spins {
            if look >= LOOKS_WITHOUT_PAUSE {
                std::hint::spin_loop();
            }
            if let Some(found) = ready()? {
                return Ok(found);
            }
        }
        let mut slept = false;
        loop {
            let seen = side.seen();
            if let Some(found) = ready()? {
                return Ok(found);
            }
            let left = patience.deadline().map_or(LOOK_UP_EVERY, |end| end.saturating_duration_since(Instant::now()));
            // Not before the first sleep: as a rule the other side lives.
            if (slept || left.is_zero()) && is_closed(lifeline)? {
                // All that it did came before its end.
                return ready()?.ok_or(Fault::Gone);
            }
            if left.is_zero() {
                return Err(Fault::TimedOut);
            }
            self.sleeps.set(self.sleeps.get().wrapping_add(1));
            side.sleep(seen, left.min(LOOK_UP_EVERY));
            slept = true;
        }
    }
}

fn is_closed(lifeline: &OwnedFd) -> Result<bool, Fault> {
    fd::wait_for(lifeline.as_fd(), PollFlags::POLLIN, Some(Instant::now())).map_err(Fault::Io)
}
