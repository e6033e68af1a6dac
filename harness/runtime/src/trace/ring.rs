//! One thread's events in shared memory: a ring that one thread writes and anybody may read, also after the writer was killed.
//!
//! Each entry carries a stamp, as a sequence lock does: `2n + 1` while its `n`th event is being written, `2n + 2` once it is whole. The writer
//! never waits and never looks at a reader. A reader that finds another stamp than it expects, before or after it took the words,
//! does not use them. See `README.md` beside this file.

use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use std::sync::atomic::{self, AtomicU32, AtomicU64};

/// How many words an event takes: when, what, job, task, bytes.
pub(crate) const WORDS: usize = 5;

/// How many bytes of a thread's name are kept; Linux itself keeps 15.
pub(crate) const NAME_BYTES: usize = 32;

/// A word of shared memory: that of this machine, or loom's, which tries every order.
pub(crate) trait Word {
    fn load(&self, order: Ordering) -> u64;
    fn store(&self, value: u64, order: Ordering);
    fn fence(order: Ordering);
}

impl Word for AtomicU64 {
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.store(value, order);
    }

    fn fence(order: Ordering) {
        atomic::fence(order);
    }
}

/// One event; all zero bytes are an entry that was never written.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Entry<W = AtomicU64, const N: usize = WORDS> {
    stamp: W,
    words: [W; N],
}

/// What a look at an entry found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<const N: usize = WORDS> {
    /// The event that was asked for, whole.
    Whole([u64; N]),
    /// It was being written: now, or when its writer was killed.
    Torn,
    /// It was not written yet.
    Nothing,
    /// A later one is in its place, or came while this one was read.
    Overwritten,
}

impl<W: Word, const N: usize> Entry<W, N> {
    /// Writes the `n`th event of a ring. Only the ring's one thread calls this.
    pub(crate) fn write(&self, n: u64, words: [u64; N]) {
        self.stamp.store(2 * n + 1, Relaxed);
        // Pairs with the fence in `read`: a reader that saw one of the words stored below sees the odd stamp above, or a later one.
        W::fence(Release);
        for (place, word) in self.words.iter().zip(words) {
            place.store(word, Relaxed);
        }
        // Pairs with the first load in `read`: a reader that sees this stamp sees all of the words.
        self.stamp.store(2 * n + 2, Release);
    }

    /// Reads the `n`th event of a ring.
    pub(crate) fn read(&self, n: u64) -> Found<N> {
        // Pairs with the last store in `write`.
        let before = self.stamp.load(Acquire);
        if before != 2 * n + 2 {
            return match before {
                _ if before == 2 * n + 1 => Found::Torn,
                _ if before < 2 * n + 1 => Found::Nothing,
                _ => Found::Overwritten,
            };
        }
        let words = self.words.each_ref().map(|word| word.load(Relaxed));
        // Pairs with the fence in `write`.
        W::fence(Acquire);
        if self.stamp.load(Relaxed) == before { Found::Whole(words) } else { Found::Overwritten }
    }
}

/// Whose ring it is and how far it has come; all zero bytes are a ring that nobody has.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct RingHead {
    /// 1 once the thread has written who it is.
    known: AtomicU32,
    pid: AtomicU32,
    /// How many events are whole.
    written: AtomicU64,
    name: [AtomicU64; NAME_BYTES / 8],
}

impl RingHead {
    /// Says who writes this ring. Only its one thread calls this, before its first event.
    pub(crate) fn introduce(&self, pid: u32, name: &str) {
        let mut bytes = [0; NAME_BYTES];
        let length = cut(name);
        bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
        for (place, word) in self.name.iter().zip(bytes.as_chunks::<8>().0) {
            place.store(u64::from_ne_bytes(*word), Relaxed);
        }
        self.pid.store(pid, Relaxed);
        // Pairs with the load in `writer`.
        self.known.store(1, Release);
    }

    /// Who writes this ring, if somebody does.
    pub(crate) fn writer(&self) -> Option<(u32, String)> {
        // Pairs with the last store in `introduce`.
        if self.known.load(Acquire) == 0 {
            return None;
        }
        let bytes: Vec<u8> = self.name.iter().flat_map(|word| word.load(Relaxed).to_ne_bytes()).collect();
        let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Some((self.pid.load(Relaxed), String::from_utf8_lossy(name).into_owned()))
    }

    /// Notes that `count` events are whole. Pairs with the load in [`written`](Self::written).
    pub(crate) fn advance(&self, count: u64) {
        self.written.store(count, Release);
    }

    /// How many events are whole, at least.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Acquire)
    }
}

/// How many bytes of a name fit, with whole characters.
fn cut(name: &str) -> usize {
    (0..=NAME_BYTES.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0)
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn entry() -> Entry {
        Entry { stamp: AtomicU64::new(0), words: [const { AtomicU64::new(0) }; WORDS] }
    }

    fn head() -> RingHead {
        let (known, pid, written) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU64::new(0));
        RingHead { known, pid, written, name: [const { AtomicU64::new(0) }; NAME_BYTES / 8] }
    }

    #[test]
    fn an_entry_gives_the_event_that_was_asked_for_and_no_other() {
        let entry = entry();
        assert_eq!(entry.read(0), Found::Nothing);
        entry.write(0, [7; WORDS]);
        assert_eq!(entry.read(0), Found::Whole([7; WORDS]));
        assert_eq!(entry.read(4), Found::Nothing, "the next one in this place is still to come");
        entry.write(4, [8; WORDS]);
        assert_eq!((entry.read(0), entry.read(4)), (Found::Overwritten, Found::Whole([8; WORDS])));
    }

    /// What a writer leaves that is killed after any of its stores.
    #[test]
    fn a_writer_killed_at_any_point_leaves_a_whole_event_or_a_torn_one() {
        for stores in 0..=WORDS + 2 {
            let entry = entry();
            entry.write(0, [1; WORDS]);
            if stores > 0 {
                entry.stamp.store(3, Relaxed);
            }
            for word in entry.words.iter().take(stores.saturating_sub(1)) {
                word.store(2, Relaxed);
            }
            if stores == WORDS + 2 {
                entry.stamp.store(4, Relaxed);
            }
            let expected = match stores {
                0 => (Found::Whole([1; WORDS]), Found::Nothing),
                _ if stores == WORDS + 2 => (Found::Overwritten, Found::Whole([2; WORDS])),
                _ => (Found::Overwritten, Found::Torn),
            };
            assert_eq!((entry.read(0), entry.read(1)), expected, "after {stores} stores");
        }
    }

    #[test]
    fn a_reader_beside_a_writer_sees_no_mixture() {
        const EVENTS: u64 = if cfg!(miri) { 200 } else { 200_000 };
        let entries = [entry(), entry()];
        let head = head();
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..EVENTS {
                    entries[(n % 2) as usize].write(n, [n; WORDS]);
                    head.advance(n + 1);
                }
            });
            let mut whole = 0;
            while head.written() < EVENTS {
                let next = head.written();
                for n in next.saturating_sub(2)..=next {
                    if let Found::Whole(words) = entries[(n % 2) as usize].read(n) {
                        assert_eq!(words, [n; WORDS]);
                        whole += 1;
                    }
                }
            }
            let last = entries[((EVENTS - 1) % 2) as usize].read(EVENTS - 1);
            assert_eq!(last, Found::Whole([EVENTS - 1; WORDS]), "after {whole} others");
        });
    }

    #[test]
    fn a_long_name_is_cut_between_two_characters() {
        let head = head();
        assert_eq!(head.writer(), None);
        head.introduce(7, &format!("{}ü", "x".repeat(NAME_BYTES - 1)));
        assert_eq!(head.writer(), Some((7, "x".repeat(NAME_BYTES - 1))));
    }
}
