//! The slots of a bounded queue: one is taken at `put`, and free again with the item's last byte at `get`.
//!
//! CPython has a semaphore for that, and a process killed between its read and its release takes a slot along for ever. Here the count of
//! items read ([`READS`]) is itself the count of slots given back, so that one store does both.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Instant;

use super::flow::LOOK_UP_EVERY;
use super::pipe::{Pipe, READS, SLOTS};
use crate::sys::futex;

/// Slots taken so far, less those that were given back without a read.
const TAKEN: usize = SLOTS;
/// How many wait for a slot; too many for good if one was killed at it, which costs a call of the kernel per read and nothing else.
const WAITING: usize = SLOTS + 64;
/// Changes whenever a slot becomes free while somebody waits.
const FREED: usize = SLOTS + 68;

/// Counts are compared modulo this, the most that a bound may be and one more.
const MODULUS: u32 = 1 << 31;

impl Pipe {
    fn taken(&self) -> &AtomicU32 {
        self.word(TAKEN)
    }

    /// How many slots are taken: items on their way, wherever they are.
    pub(super) fn on_their_way(&self) -> u32 {
        self.taken().load(SeqCst).wrapping_sub(self.word(READS).load(SeqCst) / 2) % MODULUS
    }

    fn try_slot(&self, bound: u32) -> bool {
        loop {
            let taken = self.taken().load(SeqCst);
            // Reads only become more, so that a slot which is free now is free at the exchange, if nobody else took one.
            if taken.wrapping_sub(self.word(READS).load(SeqCst) / 2) % MODULUS >= bound {
                return false;
            }
            if self.taken().compare_exchange(taken, taken.wrapping_add(1), SeqCst, SeqCst).is_ok() {
                return true;
            }
        }
    }

    /// Takes one of `bound` slots as soon as one is free; false if none was until `deadline`, or `over` says so.
    ///
    /// Who waits first adds itself to those who do, then reads the word, then looks for a slot, then sleeps unless the word has changed. Who
    /// frees a slot first does that, then looks whether anybody waits ([`slot_is_free`](Self::slot_is_free)). All of it is `SeqCst`: either
    /// the second sees the first waiting, changes the word and wakes it, or the first sees the slot.
    pub(super) fn take_slot(&self, bound: u32, deadline: Instant, over: impl Fn() -> bool) -> io::Result<bool> {
        if self.try_slot(bound) {
            return Ok(true);
        }
        self.word(WAITING).fetch_add(1, SeqCst);
        let taken = loop {
            let seen = self.word(FREED).load(SeqCst);
            if self.try_slot(bound) {
                break Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || over() {
                break Ok(false);
            }
            // A process may die after it freed a slot and before it said so.
            if let Err(fault) = futex::wait(self.word(FREED), seen, left.min(LOOK_UP_EVERY)) {
                break Err(fault);
            }
        };
        self.word(WAITING).fetch_sub(1, SeqCst);
        taken
    }

    /// Gives a slot back whose item will never be read.
    pub(super) fn give_slot_back(&self) {
        self.taken().fetch_sub(1, SeqCst);
        self.slot_is_free();
    }

    /// Wakes one who waits for a slot. The other half of [`take_slot`](Self::take_slot).
    pub(super) fn slot_is_free(&self) {
        if self.word(WAITING).load(SeqCst) > 0 {
            self.word(FREED).fetch_add(1, SeqCst);
            futex::wake(self.word(FREED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pipe::Side;
    use std::time::Duration;

    use super::*;

    #[test]
    fn slots_are_counted_across_the_end_of_the_numbers() {
        let pipe = Pipe::new().unwrap();
        pipe.word(READS).store(u32::MAX - 1, SeqCst);
        pipe.taken().store(MODULUS - 1, SeqCst);
        assert_eq!(pipe.on_their_way(), 0);
        assert!(pipe.try_slot(2) && pipe.try_slot(2) && !pipe.try_slot(2));
        pipe.begin(Side::Read);
        assert!(!pipe.try_slot(2), "an item that is being read still has its slot");
        pipe.begin(Side::Read);
        assert_eq!(pipe.on_their_way(), 1);
        assert!(pipe.try_slot(2) && !pipe.try_slot(2));
        pipe.give_slot_back();
        assert_eq!(pipe.on_their_way(), 1);
    }

    #[test]
    fn the_largest_bound_is_a_bound() {
        let pipe = Pipe::new().unwrap();
        pipe.taken().store(MODULUS - 2, SeqCst);
        assert!(pipe.try_slot(MODULUS - 1) && !pipe.try_slot(MODULUS - 1));
    }

    #[test]
    fn of_many_who_wait_each_gets_a_slot() {
        let pipe = Pipe::new().unwrap();
        let far = Instant::now() + Duration::from_secs(60);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        assert!(pipe.take_slot(1, far, || false).unwrap());
                        pipe.give_slot_back();
                    }
                });
            }
        });
        assert_eq!((pipe.on_their_way(), pipe.word(WAITING).load(SeqCst)), (0, 0));
    }
}
