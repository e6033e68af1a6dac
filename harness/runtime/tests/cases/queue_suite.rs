//! What every queue does, whichever of the three it is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use multiprocess::{Error, Inherited, JoinableQueue, Process, Queue, SimpleQueue, Status, codec};

use super::Case;
use super::functions::{NoWay, OneWay};
use super::process::LONG;

macro_rules! suite {
    ($kind:ident, $called:literal: $($name:literal => $case:ident),* $(,)?) => {
        &[$((concat!($called, "_", $name), $case::<$kind>)),*]
    };
}

macro_rules! suites {
    ($($kind:ident $called:literal),*) => {
        &[$(suite!($kind, $called:
            "gives_items_back_in_order" => order,
            "carries_items_of_every_kind_of_size" => sizes,
            "conserves_the_items_of_many_producers_for_many_consumers" => multiset,
            "is_empty_at_the_deadline_and_not_before" => empty_at_the_deadline,
            "is_full_at_the_deadline_and_takes_again_what_was_made_room_for" => full_at_the_deadline,
            "takes_nothing_once_closed" => closed,
            "gives_an_item_that_cannot_be_decoded_as_a_value_and_goes_on" => undecodable,
            "names_an_item_that_cannot_be_encoded_and_goes_on" => unencodable,
            "leaves_nothing_in_50_loops" => fifty_loops,
        )),*]
    };
}

pub(super) const SUITES: &[&[Case]] =
    suites!(Simple "a_simple_queue", Bounded "a_bounded_queue", Joinable "a_joinable_queue");

/// What can be put on a queue.
pub(super) trait Item: Encode + Decode<()> + Send + 'static {}
impl<T: Encode + Decode<()> + Send + 'static> Item for T {}

/// One of the three kinds.
trait Kind {
    type Of<T: Item>: AnyQueue<T>;
    /// How many items of a page's size it takes before it is full.
    const PAGES: usize;
}

/// What all three can do.
trait AnyQueue<T>: Inherited + Sync + Sized {
    fn new() -> Self;
    fn put(&self, item: T, limit: Duration) -> Result<(), Error>;
    fn get(&self, limit: Duration) -> Result<T, Error>;
    fn empty(&self) -> bool;
    fn close(&self);
    /// Waits until everything is in the pipe.
    fn flush(&self) -> Result<(), Error>;
}

/// Slots of the two bounded ones.
const SLOTS: u32 = 7;

macro_rules! with_feeder {
    ($kind:ident, $queue:ident) => {
        struct $kind;
        impl Kind for $kind {
            type Of<T: Item> = $queue<T>;
            const PAGES: usize = SLOTS as usize;
        }
        impl<T: Item> AnyQueue<T> for $queue<T> {
            fn new() -> Self {
                $queue::new(SLOTS).unwrap()
            }
            fn put(&self, item: T, limit: Duration) -> Result<(), Error> {
                self.put(item, limit)
            }
            fn get(&self, limit: Duration) -> Result<T, Error> {
                self.get(limit)
            }
            fn empty(&self) -> bool {
                self.empty().unwrap()
            }
            fn close(&self) {
                self.close();
            }
            fn flush(&self) -> Result<(), Error> {
                self.join_thread(LONG)
            }
        }
    };
}

with_feeder!(Bounded, Queue);
with_feeder!(Joinable, JoinableQueue);

struct Simple;

impl Kind for Simple {
    type Of<T: Item> = SimpleQueue<T>;
    const PAGES: usize = 16;
}

impl<T: Item> AnyQueue<T> for SimpleQueue<T> {
    fn new() -> Self {
        SimpleQueue::new().unwrap()
    }
    fn put(&self, item: T, limit: Duration) -> Result<(), Error> {
        self.put(&item, limit)
    }
    fn get(&self, limit: Duration) -> Result<T, Error> {
        self.get(limit)
    }
    fn empty(&self) -> bool {
        self.empty().unwrap()
    }
    fn close(&self) {
        self.close();
    }
    fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// A process that does this with the queue.
fn process<T>(queue: &impl AnyQueue<T>, body: impl FnOnce()) -> Process {
    let body = || {
        body();
        0
    };
    Process::start(&[queue], body).unwrap()
}

fn ends_well(mut process: Process) {
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
}

fn order<K: Kind>() {
    let queue = K::Of::<u32>::new();
    let writer = process(&queue, || {
        (0..1_000).for_each(|number| queue.put(number, LONG).unwrap());
        queue.flush().unwrap();
    });
    assert!((0..1_000).all(|number| queue.get(LONG).unwrap() == number));
    ends_well(writer);
    assert!(queue.empty());
}

fn sizes<K: Kind>() {
    // Around nothing, a header, one write or two, a pipe, the first allocation of a reader.
    const SIZES: [usize; 13] =
        [0, 1, 4_091, 4_092, 16_381, 16_382, 65_528, 65_529, 65_530, 70_000, 1 << 20, (1 << 20) + 1, 5_000_000];
    let queue = K::Of::<Vec<u8>>::new();
    let writer = process(&queue, || {
        SIZES.iter().for_each(|size| queue.put(vec![*size as u8; *size], LONG).unwrap());
        queue.flush().unwrap();
    });
    for size in SIZES {
        assert_eq!(queue.get(LONG).unwrap(), vec![size as u8; size]);
    }
    ends_well(writer);
}

/// Producers and consumers; each consumer counts what it got of each item, and gives its counts to us.
fn multiset<K: Kind>() {
    const PRODUCERS: u32 = 4;
    const CONSUMERS: u32 = 3;
    const ITEMS: u32 = 150;
    let items = K::Of::<Option<(u32, u32, Vec<u8>)>>::new();
    let counts = K::Of::<Vec<((u32, u32), u32)>>::new();
    let produce = |producer: u32| {
        for number in 0..ITEMS {
            items.put(Some((producer, number, vec![producer as u8; number as usize * 7])), LONG).unwrap();
        }
        items.flush().unwrap();
    };
    let consume = || {
        let mut got = BTreeMap::new();
        let mut last = [None; PRODUCERS as usize];
        while let Some((producer, number, luggage)) = items.get(LONG).unwrap() {
            assert_eq!(luggage, vec![producer as u8; number as usize * 7]);
            assert!(last[producer as usize].replace(number) < Some(number), "one producer's items stay in order");
            *got.entry((producer, number)).or_insert(0) += 1;
        }
        counts.put(got.into_iter().collect(), LONG).unwrap();
        counts.flush().unwrap();
    };
    let start = |body: &dyn Fn()| {
        let body = || {
            body();
            0
        };
        Process::start(&[&items, &counts], body).unwrap()
    };
    let consumers: Vec<_> = (0..CONSUMERS).map(|_| start(&consume)).collect();
    let producers: Vec<_> = (0..PRODUCERS).map(|producer| start(&|| produce(producer))).collect();
    producers.into_iter().for_each(ends_well);
    (0..CONSUMERS).for_each(|_| items.put(None, LONG).unwrap());
    let mut all = BTreeMap::new();
    for (item, count) in (0..CONSUMERS).flat_map(|_| counts.get(LONG).unwrap()) {
        *all.entry(item).or_insert(0) += count;
    }
    let expected = (0..PRODUCERS).flat_map(|producer| (0..ITEMS).map(move |number| ((producer, number), 1)));
    assert!(all.into_iter().eq(expected));
    consumers.into_iter().for_each(ends_well);
    items.flush().unwrap();
}

fn empty_at_the_deadline<K: Kind>() {
    let queue = K::Of::<u8>::new();
    for limit in [Duration::ZERO, Duration::from_millis(30)] {
        let begin = Instant::now();
        assert!(queue.get(limit).unwrap_err().is_empty());
        assert!(begin.elapsed() >= limit && queue.empty());
    }
    let writer = process(&queue, || {
        queue.put(1, LONG).unwrap();
        queue.flush().unwrap();
    });
    assert_eq!(queue.get(LONG).unwrap(), 1);
    ends_well(writer);
}

/// Items whose frames fill a page each.
fn full_at_the_deadline<K: Kind>() {
    let item = || vec![7_u8; 4_096 - 4 - 3];
    assert_eq!(codec::dumps(&item()).unwrap().len() + 4, 4_096);
    let queue = K::Of::<Vec<u8>>::new();
    (0..K::PAGES).for_each(|_| queue.put(item(), Duration::ZERO).unwrap());
    for limit in [Duration::ZERO, Duration::from_millis(30)] {
        let begin = Instant::now();
        assert!(queue.put(item(), limit).unwrap_err().is_full());
        assert!(begin.elapsed() >= limit);
    }
    for _ in 0..K::PAGES {
        assert_eq!(queue.get(LONG).unwrap(), item());
        queue.put(item(), Duration::ZERO).unwrap();
    }
    (0..K::PAGES).for_each(|_| assert_eq!(queue.get(LONG).unwrap(), item()));
    queue.flush().unwrap();
    assert!(queue.empty());
}

fn closed<K: Kind>() {
    let queue = K::Of::<u8>::new();
    let closed = || {
        queue.close();
        queue.close();
        assert!(queue.put(1, LONG).unwrap_err().is_queue_closed());
    };
    // In one process, and in no other.
    ends_well(process(&queue, closed));
    ends_well(process(&queue, || {
        queue.put(2, LONG).unwrap();
        queue.flush().unwrap();
    }));
    assert_eq!(queue.get(LONG).unwrap(), 2);
    closed();
}

fn undecodable<K: Kind>() {
    /// Decodes only what is even.
    #[derive(Debug)]
    struct Even(u8);
    impl Encode for Even {
        fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
            self.0.encode(encoder)
        }
    }
    impl<C> Decode<C> for Even {
        fn decode<D: bincode::de::Decoder<Context = C>>(decoder: &mut D) -> Result<Self, bincode::error::DecodeError> {
            let number = u8::decode(decoder)?;
            if number % 2 == 0 { Ok(Self(number)) } else { OneWay::decode(decoder).map(|_| Self(number)) }
        }
    }
    let queue = K::Of::<Even>::new();
    (0..4).for_each(|number| queue.put(Even(number), LONG).unwrap());
    for number in 0..4 {
        match queue.get(LONG) {
            Ok(Even(even)) => assert_eq!(even, number),
            Err(fault) => {
                assert!(number % 2 == 1 && fault.is_decode() && fault.to_string().contains("one way"), "{fault}");
            }
        }
    }
    assert!(queue.get(Duration::ZERO).unwrap_err().is_empty());
    queue.flush().unwrap();
}

/// A queue with a feeder tells in the end, one without at once.
fn unencodable<K: Kind>() {
    #[derive(Debug, Decode)]
    enum Touchy {
        Good(u8),
        Bad,
    }
    impl Encode for Touchy {
        fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
            match self {
                Self::Good(number) => (0_u32, number).encode(encoder),
                Self::Bad => NoWay.encode(encoder),
            }
        }
    }
    let queue = K::Of::<Touchy>::new();
    queue.put(Touchy::Good(1), LONG).unwrap();
    let refused = queue.put(Touchy::Bad, LONG);
    queue.put(Touchy::Good(2), LONG).unwrap();
    for number in [1, 2] {
        assert!(matches!(queue.get(LONG).unwrap(), Touchy::Good(good) if good == number));
    }
    let fault = refused.and_then(|()| queue.flush()).unwrap_err().to_string();
    assert!(fault.contains("Touchy") && fault.contains("no way"), "{fault}");
    assert!(queue.get(Duration::ZERO).unwrap_err().is_empty());
}

fn fifty_loops<K: Kind>() {
    let there = || {
        let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
        (count("/proc/self/fd"), count("/proc/self/task"))
    };
    let mut before = None;
    for _ in 0..50 {
        let queue = K::Of::<Vec<u8>>::new();
        let writer = process(&queue, || {
            queue.put(vec![7; 10_000], LONG).unwrap();
            queue.flush().unwrap();
        });
        queue.put(vec![7; 10], LONG).unwrap();
        let lengths = [(); 2].map(|()| queue.get(LONG).unwrap().len());
        assert_eq!(lengths.iter().sum::<usize>(), 10_010);
        ends_well(writer);
        queue.flush().unwrap();
        drop(queue);
        super::watchdog::settle();
        assert_eq!(*before.get_or_insert_with(there), there());
    }
}
