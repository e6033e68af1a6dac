//! The limits: what the machine does with nothing of ours in between.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

use criterion::Criterion;
use multiprocess::bare::Words;

use crate::other_side::{Keeps, LONG, OtherSide};
use crate::placement::{Placement, pin};
use crate::table::{Row, Table, Target, configure};

const GROUP: &str = "limits";

/// An array of 300 x 300 x 75 doubles, which the lessons send around.
pub(crate) const ARRAY_BYTES: usize = 54_000_000;

/// The limits, measured; others name them as `limits/ID/PLACEMENT`.
pub(crate) fn group(criterion: &mut Criterion, table: &mut Table) {
    let mut group = criterion.benchmark_group(GROUP);
    configure(&mut group);
    let mut measure = |id: &str, bytes: Option<usize>, run: &mut dyn FnMut(u64) -> Duration| {
        table.measure(&mut group, (GROUP, id), bytes.map(|bytes| bytes as u64), run);
    };
    for placement in Placement::all() {
        let name = |what: &str| format!("{what}/{}", placement.name());
        pipe_ping_pong(placement, |run| measure(&name("pipe_ping_pong"), None, run));
        futex_ping_pong(placement, |run| measure(&name("futex_ping_pong"), None, run));
        if placement == Placement::TwoCores {
            spin_ping_pong(placement, |run| measure(&name("spin_ping_pong"), None, run));
            pipe_bulk(placement, |run| measure(&name("pipe_bulk"), Some(ARRAY_BYTES), run));
        }
    }
    copy(|run| measure("copy", Some(ARRAY_BYTES), run));
    group.finish();
    table.row(Row {
        what: "54 MB through a default pipe, bare".to_owned(),
        measured: "limits/pipe_bulk/two_cores".to_owned(),
        limit: Some("limits/copy".to_owned()),
        target: Target::Shown,
    });
}

/// Measures one run: what `measure` is called with does so many iterations.
type Run<'a> = &'a mut dyn FnMut(u64) -> Duration;

fn pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = std::io::pipe().expect("there are descriptors for a pipe");
    (reader.into(), writer.into())
}

/// Eight bytes there and back, each by one write and one read.
fn pipe_ping_pong(placement: Placement, measure: impl FnOnce(Run<'_>)) {
    let ((there_out, there_in), (back_out, back_in)) = (pipe(), pipe());
    let echo = || {
        let copy = |fd: &OwnedFd| File::from(fd.try_clone().expect("a kept descriptor can be copied"));
        let (mut from, mut to) = (copy(&there_out), copy(&back_in));
        let mut ball = [0; 8];
        while ball != [1; 8] {
            from.read_exact(&mut ball).expect("the other side throws");
            to.write_all(&ball).expect("the other side catches");
        }
    };
    let other = OtherSide::start(placement, &[&Keeps(&[&there_out, &back_in])], echo);
    drop((there_out, back_in));
    let (mut to, mut from) = (File::from(there_in), File::from(back_out));
    let mut throw = |ball: [u8; 8]| {
        to.write_all(&ball).expect("the other side lives");
        let mut back = [0; 8];
        from.read_exact(&mut back).expect("the other side answers");
        assert_eq!(back, ball);
    };
    measure(&mut |iterations| timed(iterations, || throw([0; 8])));
    throw([1; 8]);
    other.join();
}

/// The word that ends a ping-pong.
const OVER: u32 = u32::MAX;

/// One word there and one back, each side looking at its own all the time.
fn spin_ping_pong(placement: Placement, measure: impl FnOnce(Run<'_>)) {
    let words = Words::new(2).expect("there is memory for two words");
    let await_change = |index: usize, seen: u32| {
        let deadline = Deadline::new();
        loop {
            match words.word(index).load(Acquire) {
                value if value == seen => deadline.look(),
                value => return value,
            }
        }
    };
    ping_pong(placement, &words, await_change, |index, value| words.word(index).store(value, Release), measure);
}

/// The same with sleeping: each side sleeps until its word changes.
fn futex_ping_pong(placement: Placement, measure: impl FnOnce(Run<'_>)) {
    let words = Words::new(2).expect("there is memory for two words");
    let await_change = |index: usize, seen: u32| {
        loop {
            words.sleep_while(index, seen, LONG).expect("a shared word can be slept on");
            let value = words.word(index).load(Acquire);
            if value != seen {
                return value;
            }
        }
    };
    let set = |index: usize, value: u32| {
        words.word(index).store(value, Release);
        words.wake(index);
    };
    ping_pong(placement, &words, await_change, set, measure);
}

/// Counts up in word 0; the other side answers with the same in word 1.
fn ping_pong(
    placement: Placement,
    words: &Words,
    await_change: impl Fn(usize, u32) -> u32,
    set: impl Fn(usize, u32),
    measure: impl FnOnce(Run<'_>),
) {
    let echo = || {
        let mut seen = 0;
        while seen != OVER {
            seen = await_change(0, seen);
            set(1, seen);
        }
    };
    let other = OtherSide::start(placement, &[], echo);
    let mut round = 0;
    measure(&mut |iterations| {
        timed(iterations, || {
            let before = round;
            round = (round + 1) % OVER;
            set(0, round);
            assert_eq!(await_change(1, before), round);
        })
    });
    set(0, OVER);
    other.join();
    assert_eq!(words.word(1).load(Acquire), OVER);
}

/// Ends a spin whose other side is gone, without a clock in each turn.
struct Deadline(std::cell::Cell<u32>, Instant);

impl Deadline {
    fn new() -> Self {
        Self(std::cell::Cell::new(0), Instant::now() + LONG)
    }

    fn look(&self) {
        self.0.set(self.0.get().wrapping_add(1));
        assert!(self.0.get() != 0 || Instant::now() < self.1, "the other side does not answer");
        std::hint::spin_loop();
    }
}

/// The array through a pipe of the default capacity, into a buffer used again; it is over when the other side says that it has all.
fn pipe_bulk(placement: Placement, measure: impl FnOnce(Run<'_>)) {
    let ((there_out, there_in), (back_out, back_in)) = (pipe(), pipe());
    let drain = || {
        let copy = |fd: &OwnedFd| File::from(fd.try_clone().expect("a kept descriptor can be copied"));
        let (mut from, mut to) = (copy(&there_out), copy(&back_in));
        let mut array = vec![0; ARRAY_BYTES];
        while from.read_exact(&mut array).is_ok() {
            to.write_all(&[0]).expect("the other side waits");
        }
    };
    let other = OtherSide::start(placement, &[&Keeps(&[&there_out, &back_in])], drain);
    drop((there_out, back_in));
    let (mut to, mut from) = (File::from(there_in), File::from(back_out));
    let array = vec![7; ARRAY_BYTES];
    measure(&mut |iterations| {
        timed(iterations, || {
            to.write_all(&array).expect("the other side reads");
            from.read_exact(&mut [0]).expect("the other side answers");
        })
    });
    drop(to);
    other.join();
}

/// The array copied once inside one process, by the C library's `memcpy`.
fn copy(measure: impl FnOnce(Run<'_>)) {
    let _here = pin(Placement::SameCore.cores().0);
    let (from, mut to) = (vec![7_u8; ARRAY_BYTES], vec![0_u8; ARRAY_BYTES]);
    measure(&mut |iterations| {
        timed(iterations, || std::hint::black_box(&mut to[..]).copy_from_slice(std::hint::black_box(&from)))
    });
}

/// How long `iterations` of `run` take.
pub(crate) fn timed(iterations: u64, mut run: impl FnMut()) -> Duration {
    let begin = Instant::now();
    (0..iterations).for_each(|_| run());
    begin.elapsed()
}
