//! Who dies at a queue: readers before, during and after an item, writers at every cut of one, feeders with the lock.

use std::collections::BTreeSet;
use std::time::Duration;

use bincode::de::Decoder;
use bincode::error::DecodeError;
use bincode::{Decode, Encode};
use multiprocess::{Process, Queue, Semaphore, Status, meter};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Case;
use super::process::{LONG, until, wchan};

pub(super) const CASES: &[Case] = &[
    ("a_reader_killed_before_an_item_costs_nothing", killed_before),
    ("a_reader_killed_in_the_middle_of_an_item_is_named_and_never_waited_for", killed_during),
    ("a_reader_killed_after_an_item_takes_only_that_along", killed_after),
    ("items_are_conserved_or_named_lost_over_20_kills_of_a_reader", twenty_kills),
    ("a_writer_killed_at_any_cut_of_an_item_is_named", cuts),
    ("a_writer_killed_in_the_middle_of_an_item_is_noticed_by_all", killed_writer),
    ("a_feeder_killed_with_the_write_lock_and_nothing_written_costs_only_its_own_items", killed_with_the_lock),
    ("a_queue_dropped_without_a_byte_written_leaves_it_whole", called_off_before_a_byte),
    ("a_queue_dropped_in_the_middle_of_an_item_is_named", called_off_in_the_middle),
];

/// What a pipe holds, in frames: 15 of its 16 pages are full, and the last has room for 3,996 bytes more.
const FULL_BUT_A_PART: [usize; 2] = [61_440, 100];
/// 14 pages, the last of them full too.
const TWO_PAGES_FREE: [usize; 1] = [57_344];

/// An item whose frame has this size: 4 bytes of header, then its length in 3 (from 251 bytes on), then the bytes.
fn framed(frame: usize) -> Vec<u8> {
    vec![7; frame - 4 - if frame - 5 < 251 { 1 } else { 3 }]
}

/// Waits until a process's feeder has come to its `items`th item and waits for room for it.
fn until_feeder_waits(process: &Process, items: u64) {
    until(|| process.counts().lock_waits.calls == items);
    let tasks = format!("/proc/{}/task", process.pid());
    until(|| {
        std::fs::read_dir(&tasks).unwrap().flatten().any(|task| {
            let read = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
            read("comm").starts_with("queue-feeder") && read("wchan").contains("poll")
        })
    });
}

/// A process that puts items of these frames and stays.
fn putter(queue: &Queue<Vec<u8>>, frames: &[usize]) -> Process {
    let put = || {
        frames.iter().for_each(|frame| queue.put(framed(*frame), LONG).unwrap());
        i32::from(queue.join_thread(2 * LONG).is_err())
    };
    Process::start(&[queue], put).unwrap()
}

/// Stops a process, and waits until each of its threads has stopped.
fn stop(process: &Process) {
    kill(Pid::from_raw(process.pid().cast_signed()), Signal::SIGSTOP).unwrap();
    let tasks = format!("/proc/{}/task", process.pid());
    let stopped = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("stat")).unwrap().contains(") T ");
    until(|| std::fs::read_dir(&tasks).unwrap().flatten().all(stopped));
}

fn end(process: &mut Process) {
    process.kill();
    assert_eq!(process.join(LONG).unwrap().status, Status::Signalled(9));
}

fn killed_before() {
    let queue: Queue<u8> = Queue::new(1).unwrap();
    for number in 0..5 {
        let mut reader = Process::start(&[&queue], || i32::from(queue.get(2 * LONG).is_err())).unwrap();
        until(|| wchan(&reader).contains("poll"));
        end(&mut reader);
        // It held the read lock, and had taken nothing.
        let mut writer = Process::start(&[&queue], || i32::from(queue.put(number, LONG).is_err())).unwrap();
        assert_eq!(queue.get(LONG).unwrap(), number);
        assert_eq!(writer.join(LONG).unwrap().status, Status::Exited(0));
    }
    assert_eq!(queue.qsize(), 0);
}

fn killed_during() {
    let queue: Queue<Vec<u8>> = Queue::new(9).unwrap();
    let mut writer = putter(&queue, &[1 << 20, 10, 10]);
    until_feeder_waits(&writer, 1);
    // Nothing more comes, so that the reader waits in the middle.
    stop(&writer);
    let mut reader = Process::start(&[&queue], || i32::from(queue.get(2 * LONG).is_err())).unwrap();
    until(|| queue.empty().unwrap() && wchan(&reader).contains("poll"));
    end(&mut reader);
    for _ in 0..3 {
        let fault = queue.get(LONG).unwrap_err();
        assert!(fault.is_queue_torn() && fault.dead_owner() == Some(reader.pid()), "{fault}");
    }
    kill(Pid::from_raw(writer.pid().cast_signed()), Signal::SIGCONT).unwrap();
    // Its feeder learns of it, instead of waiting for room for ever.
    assert_eq!(writer.join(LONG).unwrap().status, Status::Exited(1));
}

/// Waits where it is decoded, for as long as a test goes.
#[derive(Encode)]
struct Slow(bool);

impl<C> Decode<C> for Slow {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let slow = bool::decode(decoder)?;
        if slow {
            drop(Semaphore::new(0).unwrap().acquire(2 * LONG));
        }
        Ok(Self(slow))
    }
}

fn killed_after() {
    let queue: Queue<Slow> = Queue::new(1).unwrap();
    let put = || {
        [true, false].into_iter().for_each(|slow| queue.put(Slow(slow), LONG).unwrap());
        0
    };
    let mut writer = Process::start(&[&queue], put).unwrap();
    let mut reader = Process::start(&[&queue], || i32::from(queue.get(LONG).is_err())).unwrap();
    until(|| reader.counts().reads.calls == 1 && wchan(&reader).contains("futex"));
    end(&mut reader);
    // The slot was free with the last byte: the writer could put its second item.
    assert!(!queue.get(LONG).unwrap().0);
    assert_eq!(writer.join(LONG).unwrap().status, Status::Exited(0));
    assert_eq!(queue.qsize(), 0);
}

/// Every item is got by the one that is killed, or by us, or is lost and said to be so.
fn twenty_kills() {
    const ITEMS: u32 = 60;
    let mut recovered = 0;
    for round in 0..20 {
        let queue: Queue<(u32, Vec<u8>)> = Queue::new(ITEMS).unwrap();
        let put = || {
            for number in 0..ITEMS {
                let size = [10, 5_000, 200_000][number as usize % 3];
                queue.put((number, vec![7; size]), LONG).unwrap();
            }
            0
        };
        let mut writer = Process::start(&[&queue], put).unwrap();
        let read = || {
            while queue.get(LONG).is_ok() {}
            1
        };
        let mut reader = Process::start(&[&queue], read).unwrap();
        until(|| reader.counts().reads.calls >= round * 2);
        (0..round * 300).for_each(|_| std::hint::spin_loop());
        end(&mut reader);
        let taken = u32::try_from(reader.counts().reads.calls).unwrap();
        let mut rest = BTreeSet::new();
        let fault = loop {
            if taken + rest.len() as u32 == ITEMS {
                break None;
            }
            match queue.get(LONG) {
                Ok((number, _)) => assert!(rest.insert(number)),
                Err(fault) => break Some(fault),
            }
        };
        match fault {
            None => {
                recovered += 1;
                assert!(rest.iter().copied().eq(taken..ITEMS), "{taken}: {rest:?}");
                assert_eq!((queue.qsize(), writer.join(LONG).unwrap().status), (0, Status::Exited(0)));
            }
            Some(fault) => {
                assert!(rest.is_empty() && fault.dead_owner() == Some(reader.pid()), "{taken}: {rest:?}: {fault}");
                // It may have come to its end.
                writer.kill();
                writer.join(LONG).unwrap();
                // What it put is with the dead reader or lost on its way; either may have died before it counted one.
                let put = writer.counts().slot_waits.calls as usize;
                assert!((put..=put + 2).contains(&(taken as usize + queue.qsize())), "{taken}, {put}, {fault}");
            }
        }
    }
    println!("recovered in {recovered} of 20 rounds; the reader was named in the others");
}

/// The last frame of each is cut after so many bytes, because the kernel has no room for more: a write adds what does not fill a page to the
/// last page if it fits there, and takes a new page for the rest (pipe_write, fs/pipe.c).
fn cuts() {
    let cut_in_the_last_page = |cut| (&FULL_BUT_A_PART[..], 4_096 + cut, cut);
    let (half, all_but_one) = (cut_in_the_last_page(3_990), (&TWO_PAGES_FREE[..], 8_193, 8_192));
    let mut cuts: Vec<(&[usize], usize, usize)> = [1, 2, 3, 4, 5].map(cut_in_the_last_page).to_vec();
    cuts.extend([half, all_but_one]);
    for (before, frame, cut) in cuts {
        let queue: Queue<Vec<u8>> = Queue::new(9).unwrap();
        let mut writer = putter(&queue, &[before, &[frame]].concat());
        until_feeder_waits(&writer, before.len() as u64 + 1);
        end(&mut writer);
        // What was whole is whole.
        for frame in before {
            assert_eq!(queue.get(LONG).unwrap(), framed(*frame));
        }
        let fault = queue.get(LONG).unwrap_err();
        assert!(fault.is_queue_torn() && fault.dead_owner() == Some(writer.pid()), "{fault}");
        assert!(fault.to_string().contains(&format!("({cut} bytes of it came)")), "cut at {cut}: {fault}");
        // And so it stays, at both ends.
        assert!(queue.get(LONG).unwrap_err().is_queue_torn());
        queue.put(framed(10), LONG).unwrap();
        assert!(queue.join_thread(LONG).unwrap_err().is_queue_torn());
    }
}

fn killed_writer() {
    let queue: Queue<Vec<u8>> = Queue::new(10).unwrap();
    let mut large = putter(&queue, &[1 << 20]);
    until_feeder_waits(&large, 1);
    let mut small = putter(&queue, &[10]);
    until(|| small.counts().slot_waits.calls == 1);
    // It holds the write lock, for the pipe is far too small.
    end(&mut large);
    assert_eq!(small.join(LONG).unwrap().status, Status::Exited(1));
    for _ in 0..2 {
        let fault = queue.get(LONG).unwrap_err();
        assert!(fault.is_lock_owner_died() && fault.dead_owner() == Some(large.pid()), "{fault}");
    }
}

/// Row 12: its own items are gone with its buffer, those of the others come.
fn killed_with_the_lock() {
    const OTHERS: u32 = 100;
    let queue: Queue<Vec<u8>> = Queue::new(0).unwrap();
    // The first frame fills the pipe to the last byte; the feeder waits for room for the second, with the lock.
    let mut first = putter(&queue, &[65_536, 300, 300]);
    until_feeder_waits(&first, 2);
    let put_ten = |tens: u32| {
        let item = |number: u32| [&number.to_le_bytes()[..], &[0; 96]].concat();
        (0..10).for_each(|number| queue.put(item(tens * 10 + number), LONG).unwrap());
        0
    };
    let others: Vec<_> = (0..OTHERS / 10).map(|tens| Process::start(&[&queue], || put_ten(tens)).unwrap()).collect();
    until(|| others.iter().all(|process| process.counts().slot_waits.calls == 10));
    end(&mut first);
    assert_eq!(queue.get(LONG).unwrap(), framed(65_536));
    let numbers = (0..OTHERS).map(|_| queue.get(LONG).unwrap());
    let numbers: BTreeSet<u32> = numbers.map(|item| u32::from_le_bytes(item[..4].try_into().unwrap())).collect();
    assert!(numbers.into_iter().eq(0..OTHERS));
    for mut process in others {
        assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    }
    assert_eq!(queue.qsize(), 2, "the slots of what the dead one had not written");
}

/// A process whose feeder stands before its second item gives it up; then another one goes on.
fn called_off_before_a_byte() {
    let queue: Queue<Vec<u8>> = Queue::new(0).unwrap();
    let give_up = || {
        [65_536, 300].into_iter().for_each(|frame| queue.put(framed(frame), LONG).unwrap());
        until(|| meter::counts().lock_waits.calls == 2);
        let stuck = queue.join_thread(Duration::from_millis(50)).unwrap_err().is_feeder_stuck();
        i32::from(!stuck)
    };
    let mut process = Process::start(&[&queue], give_up).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    let mut other = putter(&queue, &[200]);
    assert_eq!(queue.get(LONG).unwrap(), framed(65_536));
    assert_eq!(queue.get(LONG).unwrap(), framed(200));
    assert_eq!(other.join(LONG).unwrap().status, Status::Exited(0));
}

fn called_off_in_the_middle() {
    let queue: Queue<Vec<u8>> = Queue::new(0).unwrap();
    let give_up = || {
        queue.put(framed(1 << 20), LONG).unwrap();
        queue.cancel_join_thread();
        until(|| !queue.empty().unwrap());
        0
    };
    let mut process = Process::start(&[&queue], give_up).unwrap();
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
    let fault = queue.get(LONG).unwrap_err();
    assert!(
        fault.is_queue_torn() && fault.to_string().contains(&format!("process {} gave up", process.pid())),
        "{fault}"
    );
}
