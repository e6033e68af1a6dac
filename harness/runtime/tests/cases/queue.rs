//! The bounded queue: CPython's ways, its limits, and what must be said when somebody dies.

use std::fs::File;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use bincode::de::Decoder;
use bincode::de::read::Reader;
use bincode::enc::Encoder;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use multiprocess::watchdog::this_thread;
use multiprocess::{Process, Queue, Status, codec, meter};

use super::Case;
use super::process::{LONG, until};
use super::watchdog::settle;

pub(super) const CASES: &[Case] = &[
    ("what_is_put_comes_once_and_in_order", in_order),
    ("a_slot_is_taken_by_put_and_given_back_by_get", slots),
    ("a_queue_without_a_bound_takes_more_than_its_pipe_holds", no_bound),
    ("everything_put_by_many_processes_comes_once_and_is_counted", many_processes),
    ("joining_before_draining_passes_with_65514_bytes_and_is_reported_with_65515", join_before_drain),
    ("an_item_that_cannot_be_encoded_is_reported_and_the_next_ones_come", refused),
    ("an_item_whose_encoding_panics_is_reported", panics),
    ("a_closed_queue_takes_nothing", closed),
    ("a_queue_that_is_closed_while_a_putter_waits_refuses_it", closed_while_a_putter_waits),
    ("a_queue_whose_feeder_panicked_takes_nothing", closed_by_a_panic),
    FEEDER_CANNOT_START,
];

/// Executes itself again with room for few descriptors.
const FEEDER_CANNOT_START: Case = ("a_feeder_that_cannot_start_costs_no_slot", feeder_cannot_start);

/// Bytes that a pipe holds (pipe(7)).
const CAPACITY: usize = 65_536;

fn in_order() {
    let queue = Queue::new(10).unwrap();
    let feed = || {
        (0..1_000_u32).for_each(|number| queue.put(number, LONG).unwrap());
        i32::from(queue.join_thread(LONG).is_err())
    };
    let mut process = Process::start(&[&queue], feed).unwrap();
    for number in 0..1_000 {
        assert_eq!(queue.get(LONG).unwrap(), number);
    }
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    assert!(queue.get(Duration::ZERO).unwrap_err().is_empty());
    assert_eq!(queue.qsize(), 0);
}

fn slots() {
    let queue = Queue::new(2).unwrap();
    (0..2_u8).for_each(|number| queue.put(number, Duration::ZERO).unwrap());
    let before = meter::counts();
    assert!(queue.put(2, Duration::from_millis(20)).unwrap_err().is_full());
    // The feeder has written both, and still they hold their slots.
    assert_eq!((queue.qsize(), meter::counts().since(&before).dumps.calls <= 2), (2, true));
    assert_eq!(queue.get(LONG).unwrap(), 0);
    assert_eq!(queue.qsize(), 1);
    queue.put(2, Duration::ZERO).unwrap();
    assert_eq!((queue.get(LONG).unwrap(), queue.get(LONG).unwrap()), (1, 2));
    queue.join_thread(LONG).unwrap();
}

fn no_bound() {
    let queue = Queue::new(0).unwrap();
    (0..20_u8).for_each(|number| queue.put(vec![number; 10_000], Duration::ZERO).unwrap());
    assert_eq!(queue.qsize(), 20);
    for number in 0..20 {
        assert_eq!(queue.get(LONG).unwrap(), vec![number; 10_000]);
    }
    queue.join_thread(LONG).unwrap();
}

fn many_processes() {
    const WORKERS: u64 = 4;
    const ITEMS: u64 = 200;
    let queue = Queue::new(7).unwrap();
    let feed = |worker: u64| {
        (0..ITEMS).for_each(|number| queue.put((worker, number, vec![worker; 300]), LONG).unwrap());
        i32::from(queue.join_thread(LONG).is_err())
    };
    let processes = (0..WORKERS).map(|worker| Process::start(&[&queue], || feed(worker)).unwrap());
    let mut processes: Vec<Process> = processes.collect();
    let before = meter::counts();
    let mut next = [0; WORKERS as usize];
    for _ in 0..WORKERS * ITEMS {
        let (worker, number, luggage): (u64, u64, Vec<u64>) = queue.get(LONG).unwrap();
        assert_eq!(number, next[worker as usize], "one process's items stay in order");
        assert_eq!(luggage, vec![worker; 300]);
        next[worker as usize] += 1;
    }
    let parent = meter::counts().since(&before);
    assert_eq!((parent.loads.calls, parent.reads.calls, parent.dumps.calls), (WORKERS * ITEMS, WORKERS * ITEMS, 0));
    let mut written = 0;
    for process in &mut processes {
        let counts = process.join(LONG).unwrap().counts;
        assert_eq!([counts.dumps.calls, counts.messages, counts.lock_waits.calls, counts.slot_waits.calls], [ITEMS; 4]);
        written += counts.writes.bytes;
    }
    assert_eq!(written, parent.reads.bytes);
}

/// What CPython's pickle, protocol 4, makes of a `bytes` of 256 bytes to 64 KiB: 18 more.
///
/// | bytes | opcode |
/// |---|---|
/// | 2 | `PROTO` 4 |
/// | 9 | `FRAME`, and the length of what follows in 8 |
/// | 5 | `BINBYTES`, and the length of the bytes in 4 |
/// | 1 + 1 | `MEMOIZE`, `STOP` |
#[derive(Clone, Debug, PartialEq)]
struct Pickled(Vec<u8>);

impl Encode for Pickled {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let length = u32::try_from(self.0.len()).unwrap();
        let writer = encoder.writer();
        writer.write(&[0x80, 4, 0x95])?;
        writer.write(&(u64::from(length) + 7).to_le_bytes())?;
        writer.write(b"B")?;
        writer.write(&length.to_le_bytes())?;
        writer.write(&self.0)?;
        writer.write(&[0x94, b'.'])
    }
}

impl<C> Decode<C> for Pickled {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let mut opening = [0; 16];
        decoder.reader().read(&mut opening)?;
        let mut bytes = vec![0; u32::from_le_bytes(opening[12..].try_into().unwrap()) as usize];
        decoder.reader().read(&mut bytes)?;
        decoder.reader().read(&mut [0; 2])?;
        Ok(Self(bytes))
    }
}

/// A pipe takes a frame of 65,536 bytes whose reader has not come, and not one more: 4 of header and 65,532. Of CPython's pickle of a
/// `bytes` 18 are not its own, so that 65,514 pass and 65,515 do not, as was measured there; our encoding adds 3.
fn join_before_drain() {
    threshold(65_514, 18, Pickled);
    threshold(65_529, 3, |bytes| bytes);
    // Dropped while it is stuck, the feeder is called off: nothing is left of it.
    let queue = Queue::new(1).unwrap();
    queue.put(vec![7_u8; 2 * CAPACITY], LONG).unwrap();
    assert!(queue.join_thread(Duration::from_millis(20)).unwrap_err().is_feeder_stuck());
}

fn threshold<T>(largest: usize, around: usize, item: impl Fn(Vec<u8>) -> T)
where
    T: Encode + Decode<()> + Clone + PartialEq + Send + std::fmt::Debug + 'static,
{
    assert_eq!(4 + around + largest, CAPACITY);
    for (length, fits) in [(largest, true), (largest + 1, false)] {
        let item = item(vec![7; length]);
        assert_eq!(codec::dumps(&item).unwrap().len(), around + length);
        let queue = Queue::new(1).unwrap();
        let before = meter::counts();
        queue.put(item.clone(), LONG).unwrap();
        until(|| meter::counts().since(&before).lock_waits.calls == 1);
        let joined = queue.join_thread(if fits { LONG } else { Duration::from_millis(200) });
        match joined {
            Ok(()) => assert!(fits, "nobody has read it"),
            Err(fault) => {
                let report = format!("1 items to write after 200ms, the first of {} bytes", around + length);
                assert!(!fits && fault.is_feeder_stuck() && fault.to_string().contains(&report), "{fault}");
                assert!(fault.to_string().contains("holds 65536 bytes"), "{fault}");
            }
        }
        assert_eq!(queue.get(LONG).unwrap(), item);
        queue.join_thread(LONG).unwrap();
    }
}

/// Refuses to be encoded, panics at it, or not.
#[derive(Debug, PartialEq, Decode)]
pub(super) struct Touchy(pub(super) u8);

impl Encode for Touchy {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        match self.0 {
            1 => Err(EncodeError::Other("no way")),
            2 => panic!("on purpose"),
            number => number.encode(encoder),
        }
    }
}

fn refused() {
    let queue = Queue::new(3).unwrap();
    for number in [0, 1, 3] {
        queue.put(Touchy(number), LONG).unwrap();
    }
    assert_eq!((queue.get(LONG).unwrap(), queue.get(LONG).unwrap()), (Touchy(0), Touchy(3)));
    let lost = queue.join_thread(LONG).unwrap_err();
    assert!(lost.items_lost() == Some(1) && lost.to_string().contains("no way"), "{lost}");
    assert_eq!(queue.qsize(), 0, "its slot is free again");
}

fn panics() {
    let queue = Queue::new(3).unwrap();
    (2..4).rev().for_each(|number| queue.put(Touchy(number), LONG).unwrap());
    // Lost with the other, or refused if the feeder has panicked by now.
    let last = queue.put(Touchy(1), LONG);
    assert_eq!(queue.get(LONG).unwrap(), Touchy(3));
    let lost = queue.join_thread(LONG).unwrap_err();
    let items = 1 + u64::from(last.is_ok());
    assert!(lost.items_lost() == Some(items) && lost.to_string().contains("panicked"), "{lost}");
    assert_eq!(queue.qsize(), 0, "their slots are free again");
}

fn closed() {
    let queue = Queue::new(10).unwrap();
    queue.put(1_u8, LONG).unwrap();
    queue.close();
    assert!(queue.put(2, LONG).unwrap_err().to_string().contains("closed"));
    queue.join_thread(LONG).unwrap();
    assert_eq!(queue.get(LONG).unwrap(), 1);
}

fn closed_while_a_putter_waits() {
    let queue = Queue::new(1).unwrap();
    queue.put(1_u8, LONG).unwrap();
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        let putter = scope.spawn(|| {
            tell.send(this_thread()).unwrap();
            queue.put(2, LONG)
        });
        let wchan = format!("/proc/self/task/{}/wchan", told.recv().unwrap());
        until(|| std::fs::read_to_string(&wchan).unwrap().contains("futex"));
        queue.close();
        // Its slot comes too late: nobody would ever send what it puts.
        assert_eq!(queue.get(LONG).unwrap(), 1);
        let refused = putter.join().unwrap().unwrap_err();
        assert!(refused.to_string().contains("closed"), "{refused}");
    });
    queue.join_thread(LONG).unwrap();
    assert_eq!(queue.qsize(), 0, "it has given its slot back");
    drop(queue);
    settle();
}

fn closed_by_a_panic() {
    let queue = Queue::new(1).unwrap();
    queue.put(Touchy(2), LONG).unwrap();
    // Its slot is free again once the feeder has panicked, and takes nothing any more.
    let refused = queue.put(Touchy(3), LONG).unwrap_err();
    assert!(refused.to_string().contains("closed"), "{refused}");
    assert_eq!(queue.join_thread(LONG).unwrap_err().items_lost(), Some(1));
    assert_eq!(queue.qsize(), 0);
}

fn feeder_cannot_start() {
    const FEW: &str = "CASES_FEW_DESCRIPTORS";
    if std::env::var_os(FEW).is_none() {
        let script = format!("ulimit -n 64; exec \"$0\" --case {}", FEEDER_CANNOT_START.0);
        let mut few = Command::new("sh");
        let output = few.args(["-c", &script]).arg(std::env::current_exe().unwrap()).env(FEW, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let queue = Queue::new(1).unwrap();
    let all: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    // Twice: a slot that leaked would make the second wait for one.
    for _ in 0..2 {
        let fault = queue.put(1_u8, Duration::ZERO).unwrap_err();
        assert!(!fault.is_full() && fault.to_string().contains("starting a feeder"), "{fault}");
        assert_eq!(queue.qsize(), 0);
    }
    drop(all);
    queue.put(1, Duration::ZERO).unwrap();
    assert_eq!(queue.get(LONG).unwrap(), 1);
    queue.join_thread(LONG).unwrap();
}
