//! Every order in which a writer may come round while a reader reads, as far as loom's model of memory goes.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering, fence};

use super::{Entry, Found, Word};

impl Word for AtomicU64 {
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.store(value, order);
    }

    fn fence(order: Ordering) {
        fence(order);
    }
}

/// An entry of two words, which can be torn as five can.
type Modelled = Entry<AtomicU64, 2>;

fn entry() -> Arc<Modelled> {
    Arc::new(Entry { stamp: AtomicU64::new(0), words: [AtomicU64::new(0), AtomicU64::new(0)] })
}

/// Both words of an event are its number; so a mixture is seen.
#[track_caller]
fn check(entry: &Modelled, n: u64) -> Found<2> {
    let found = entry.read(n);
    if let Found::Whole(words) = found {
        assert_eq!(words, [n + 1; 2]);
    }
    found
}

#[test]
#[cfg_attr(miri, ignore = "loom runs threads of its own")]
fn no_reader_ever_sees_a_mixture_of_two_events() {
    loom::model(|| {
        let entry = entry();
        entry.write(0, [1; 2]);
        let writer = loom::thread::spawn({
            let entry = Arc::clone(&entry);
            move || entry.write(1, [2; 2])
        });
        check(&entry, 0);
        check(&entry, 1);
        writer.join().unwrap();
        assert_eq!((check(&entry, 0), check(&entry, 1)), (Found::Overwritten, Found::Whole([2; 2])));
    });
}

#[test]
#[cfg_attr(miri, ignore = "loom runs threads of its own")]
fn the_first_event_is_nothing_torn_or_whole() {
    loom::model(|| {
        let entry = entry();
        let writer = loom::thread::spawn({
            let entry = Arc::clone(&entry);
            move || entry.write(0, [1; 2])
        });
        assert_ne!(check(&entry, 0), Found::Overwritten);
        writer.join().unwrap();
        assert_eq!(check(&entry, 0), Found::Whole([1; 2]));
    });
}
