//! The memory of a trace: a head, then one ring of events per thread, in a memfd that every process of the program maps.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::ring::{Entry, Found, RingHead, WORDS};
use super::{Lost, What};
use crate::sys::shared::Shared;
use crate::trace::Event;

/// The beginning of the memory; all zero bytes are one that has no room for any ring.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Head {
    /// How many rings there are.
    rings: AtomicU64,
    /// How many events each of them holds.
    events: AtomicU64,
    /// How many rings were asked for. Relaxed: it gives each thread a number of its own and publishes nothing.
    taken: AtomicU64,
    /// Events of threads that came after all rings were taken.
    without_ring: AtomicU64,
}

/// A mapping of the memory.
#[derive(Debug)]
pub(super) struct Buffer {
    shared: Shared,
    rings: usize,
    events: usize,
}

impl Buffer {
    fn ring_bytes(events: usize) -> Option<usize> {
        size_of::<RingHead>().checked_add(events.checked_mul(size_of::<Entry>())?)?.checked_next_multiple_of(64)
    }

    fn bytes(rings: usize, events: usize) -> Option<usize> {
        rings.checked_mul(Self::ring_bytes(events)?)?.checked_add(size_of::<Head>())
    }

    pub(super) fn create(rings: usize, events: usize) -> io::Result<Self> {
        let bytes = Self::bytes(rings, events).ok_or(io::ErrorKind::OutOfMemory)?;
        let buffer = Self { shared: Shared::create(bytes)?, rings, events };
        buffer.head().rings.store(rings as u64, Relaxed);
        buffer.head().events.store(events as u64, Relaxed);
        Ok(buffer)
    }

    /// Maps what another process has created. The descriptor came from it after it had written the head.
    pub(super) fn map(fd: OwnedFd) -> io::Result<Self> {
        let strange = || io::Error::new(io::ErrorKind::InvalidData, "the descriptor does not hold a trace");
        let length = std::fs::File::from(fd.try_clone()?).metadata()?.len();
        let length = usize::try_from(length).map_err(|_| strange())?;
        if length < size_of::<Head>() {
            return Err(strange());
        }
        let shared = Shared::map(fd, length)?;
        let head = shared.at::<Head>(0);
        let [rings, events] = [&head.rings, &head.events].map(|number| usize::try_from(number.load(Relaxed)));
        let (rings, events) = (rings.map_err(|_| strange())?, events.map_err(|_| strange())?);
        if Self::bytes(rings, events) != Some(length) {
            return Err(strange());
        }
        Ok(Self { shared, rings, events })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.shared.fd()
    }

    fn head(&self) -> &Head {
        self.shared.at(0)
    }

    fn ring_at(&self, ring: usize) -> usize {
        let bytes = Self::ring_bytes(self.events).expect("the whole memory was counted when it was made");
        size_of::<Head>() + ring * bytes
    }

    fn ring(&self, ring: usize) -> &RingHead {
        self.shared.at(self.ring_at(ring))
    }

    fn entry(&self, ring: usize, n: u64) -> &Entry {
        let place = (n % self.events as u64) as usize;
        self.shared.at(self.ring_at(ring) + size_of::<RingHead>() + place * size_of::<Entry>())
    }

    /// A ring that no other thread has; none if all are taken.
    pub(super) fn claim(&self, pid: u32, name: &str) -> Option<usize> {
        let ring = usize::try_from(self.head().taken.fetch_add(1, Relaxed)).ok()?;
        let ring = (ring < self.rings && self.events > 0).then_some(ring)?;
        self.ring(ring).introduce(pid, name);
        Some(ring)
    }

    /// Writes the `n`th event of a ring that the calling thread has claimed.
    pub(super) fn write(&self, ring: usize, n: u64, words: [u64; WORDS]) {
        self.entry(ring, n).write(n, words);
        self.ring(ring).advance(n + 1);
    }

    /// Counts an event that there is no ring for.
    pub(super) fn miss(&self) {
        self.head().without_ring.fetch_add(1, Relaxed);
    }

    /// All events that are there, in the order of time, and how many are not.
    pub(super) fn read(&self) -> (Vec<Event>, Lost) {
        let mut lost = Lost { without_ring: self.head().without_ring.load(Relaxed), ..Lost::default() };
        let mut events = Vec::new();
        for ring in 0..self.rings {
            if let Some((pid, thread)) = self.ring(ring).writer() {
                self.read_ring(ring, pid, &thread, &mut events, &mut lost);
            }
        }
        // Stable: what one thread wrote within a nanosecond stays in its order.
        events.sort_by_key(|event: &Event| event.at_ns);
        (events, lost)
    }

    fn read_ring(&self, ring: usize, pid: u32, thread: &str, events: &mut Vec<Event>, lost: &mut Lost) {
        let written = self.ring(ring).written();
        let first = written.saturating_sub(self.events as u64);
        lost.overwritten += first;
        // One more than was counted as whole: the one that its writer was at.
        for n in first..=written {
            match self.entry(ring, n).read(n) {
                Found::Whole([at_ns, what, job, task, bytes]) => {
                    let Some(What { kind, phase }) = What::from_word(what) else { continue };
                    let [job, task, bytes] = [job, task, bytes].map(|word| (word != u64::MAX).then_some(word));
                    events.push(Event { at_ns, pid, thread: thread.to_owned(), kind, phase, job, task, bytes });
                }
                Found::Torn => lost.torn += 1,
                Found::Overwritten => lost.overwritten += 1,
                Found::Nothing => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Kind, Phase};

    fn words(at: u64) -> [u64; WORDS] {
        [at, What { kind: Kind::Work, phase: Phase::Begin }.word(), u64::MAX, 3, u64::MAX]
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no memfd")]
    fn a_full_ring_keeps_its_last_events_and_counts_the_others() {
        let buffer = Buffer::create(2, 4).unwrap();
        let [late, early] = [buffer.claim(1, "late").unwrap(), buffer.claim(2, "early").unwrap()];
        (0..10).for_each(|n| buffer.write(late, n, words(1_000 + n)));
        (0..3).for_each(|n| buffer.write(early, n, words(n)));
        assert_eq!(buffer.claim(3, "too late"), None);
        buffer.miss();
        let (events, lost) = buffer.read();
        let times: Vec<_> = events.iter().map(|event| (event.pid, event.at_ns)).collect();
        assert_eq!(times, [(2, 0), (2, 1), (2, 2), (1, 1_006), (1, 1_007), (1, 1_008), (1, 1_009)]);
        assert_eq!(lost, Lost { overwritten: 6, torn: 0, without_ring: 1 });
        assert_eq!((events[0].job, events[0].task, events[0].bytes), (None, Some(3), None));
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no memfd")]
    fn another_mapping_reads_the_same_and_what_is_no_trace_is_refused() {
        let buffer = Buffer::create(1, 1).unwrap();
        let ring = buffer.claim(7, "main").unwrap();
        buffer.write(ring, 0, words(1));
        let other = Buffer::map(buffer.fd().try_clone_to_owned().unwrap()).unwrap();
        assert_eq!(other.read(), buffer.read());
        for bytes in [1, 64, 4_096] {
            let zeros = Shared::create(bytes).unwrap();
            let mapped = Buffer::map(zeros.fd().try_clone_to_owned().unwrap());
            // 64 zero bytes are a trace without a ring.
            assert_eq!(mapped.is_ok(), bytes == 64, "{bytes} bytes");
        }
    }

    #[test]
    fn a_size_that_cannot_be_counted_is_refused() {
        assert!(Buffer::create(usize::MAX, 2).is_err());
        assert!(Buffer::create(1, usize::MAX).is_err());
    }
}
