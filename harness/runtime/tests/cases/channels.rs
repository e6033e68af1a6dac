//! One suite for every channel: pipes, sockets and the ring in shared memory keep the same promises.

mod faults;
mod limits;
mod own;

use std::time::Duration;

use multiprocess::bare::{Interruptions, Tear};
use multiprocess::{Channel, Connection, Process, Ring, Semaphore, Status};

use super::Case;
use super::process::LONG;

/// How the two ends of a kind of channel are made.
trait Kind {
    type End: Tear + Send;
    /// What it calls itself in errors.
    const WHAT: &'static str;
    fn pair() -> (Self::End, Self::End);
}

struct Pipes;
struct Ahead;
struct Sockets;
struct Rings;

impl Kind for Pipes {
    type End = Connection;
    const WHAT: &'static str = "pipe";
    fn pair() -> (Connection, Connection) {
        Connection::pipe_pair().unwrap()
    }
}

impl Kind for Ahead {
    type End = Connection;
    const WHAT: &'static str = "pipe";
    fn pair() -> (Connection, Connection) {
        let (one, other) = Connection::pipe_pair().unwrap();
        (one.read_ahead(), other.read_ahead())
    }
}

impl Kind for Sockets {
    type End = Connection;
    const WHAT: &'static str = "socket";
    fn pair() -> (Connection, Connection) {
        Connection::socket_pair().unwrap()
    }
}

impl Kind for Rings {
    type End = Ring;
    const WHAT: &'static str = "ring";
    fn pair() -> (Ring, Ring) {
        Ring::pair(65_536).unwrap()
    }
}

/// Each case once for each kind.
macro_rules! for_each_kind {
    ($($name:literal => $($case:ident)::+,)*) => {
        &[$(
            (concat!($name, "_over_pipes"), $($case)::+::<Pipes>),
            (concat!($name, "_over_pipes_read_ahead"), $($case)::+::<Ahead>),
            (concat!($name, "_over_a_socket"), $($case)::+::<Sockets>),
            (concat!($name, "_over_a_ring"), $($case)::+::<Rings>),
        )*]
    };
}

/// The suite, and what only one kind can be asked for.
pub(super) fn cases() -> Vec<Case> {
    [SUITE, own::CASES].concat()
}

const SUITE: &[Case] = for_each_kind! {
    "messages_of_every_size_come_back" => sizes,
    "hundred_thousand_messages_each_way_come_once_and_in_order" => many,
    "values_are_encoded_and_decoded" => values,
    "signals_interrupt_nothing" => interrupted,
    "fifty_channels_leave_nothing" => fifty,
    "both_wait_on_one_core" => one_core,
    "a_channel_ends_after_its_last_message" => faults::ends,
    "a_message_torn_at_any_place_is_told_from_an_end" => faults::torn,
    "the_rest_of_a_late_message_is_waited_for_again" => faults::late,
    "a_sender_killed_in_a_message_is_noticed" => faults::killed_sending,
    "a_receiver_killed_in_a_message_is_noticed" => faults::killed_receiving,
    "an_idle_side_that_is_killed_is_noticed" => faults::killed_idle,
    "a_message_too_large_is_refused_unseen" => faults::too_large,
    "a_sender_that_nobody_reads_stops_at_its_limit" => limits::nobody_reads,
    "a_message_left_half_sent_ends_the_sending" => limits::half_sent,
    "two_senders_that_wait_for_each_other_are_told_so" => limits::both_send,
    "two_receivers_that_wait_for_each_other_are_told_so" => limits::both_receive,
    "a_poll_finds_messages_and_the_end" => limits::polled,
};

/// A process that sends back whatever comes, until the end.
fn echo<C: Channel>(end: C) -> Process {
    let body = || {
        let mut message = Vec::new();
        loop {
            match end.recv_bytes_into(&mut message, LONG) {
                Ok(()) => end.send_bytes(&message, LONG).unwrap(),
                Err(fault) => return i32::from(!fault.is_end()),
            }
        }
    };
    Process::start(&[&end], body).unwrap()
}

/// Ends with its body's promise kept.
#[track_caller]
fn done(mut process: Process) {
    assert_eq!(process.join(LONG).unwrap().status, Status::Exited(0));
}

/// Bytes of which no part is like another that could be taken for it: a pattern whose length is a prime number, begun at `seed`.
fn bytes(size: usize, seed: usize) -> Vec<u8> {
    let pattern: Vec<u8> =
        (0..65_521_usize).map(|index| ((index + seed).wrapping_mul(31) ^ (index >> 8)) as u8).collect();
    let mut bytes = pattern.repeat(size.div_ceil(pattern.len()));
    bytes.truncate(size);
    bytes
}

fn sizes<K: Kind>() {
    let (ours, theirs) = K::pair();
    let process = echo(theirs);
    let near = [0, 1, 2, 4095, 4096, 4097, 16_383, 16_384, 16_385, 65_531, 65_532, 65_533, 65_536, 65_537, 131_073];
    let mut back = Vec::new();
    for (seed, size) in near.into_iter().chain([1 << 20, 64 << 20, 0, 100]).enumerate() {
        let message = bytes(size, seed);
        // Larger than fits: the other side has to read meanwhile, and does.
        ours.send_bytes(&message, LONG).unwrap();
        ours.recv_bytes_into(&mut back, LONG).unwrap();
        assert!(back == message, "{size} bytes came back changed");
    }
    drop(ours);
    done(process);
}

fn many<K: Kind>() {
    const ROUNDS: u64 = 1_000;
    const AT_ONCE: u64 = 100;
    let (ours, theirs) = K::pair();
    let sum = |sum: u64, message: &[u8]| {
        message.iter().fold(sum.rotate_left(1), |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
    };
    // Each side sends, and receives what the other has sent meanwhile; so both are in flight at once.
    let exchange = |end: &K::End, own: u64| {
        let (mut sent, mut came, mut message) = (0, 0, Vec::new());
        for number in 0..ROUNDS * AT_ONCE {
            message.clear();
            message.extend_from_slice(&(number * 2 + own).to_le_bytes());
            message.resize(8 + (number % 120) as usize, number as u8);
            sent = sum(sent, &message);
            end.send_bytes(&message, LONG).unwrap();
            if number % AT_ONCE == AT_ONCE - 1 {
                for expected in number + 1 - AT_ONCE..=number {
                    end.recv_bytes_into(&mut message, LONG).unwrap();
                    assert_eq!(message[..8], (expected * 2 + 1 - own).to_le_bytes(), "in order");
                    came = sum(came, &message);
                }
            }
        }
        (sent, came)
    };
    let body = || {
        let (sent, came) = exchange(&theirs, 1);
        theirs.send(&(sent, came), LONG).unwrap();
        0
    };
    let process = Process::start(&[&theirs], body).unwrap();
    drop(theirs);
    let (sent, came) = exchange(&ours, 0);
    assert_eq!(ours.recv::<(u64, u64)>(LONG).unwrap(), (came, sent));
    done(process);
}

fn values<K: Kind>() {
    let (one, other) = K::pair();
    one.send(&(7_u8, "seven".to_owned()), LONG).unwrap();
    one.send("text", LONG).unwrap();
    one.send(&5_u64, LONG).unwrap();
    assert_eq!(other.recv::<(u8, String)>(LONG).unwrap(), (7, "seven".to_owned()));
    // What is no such value costs that message only.
    assert!(other.recv::<(u64, u64, u64)>(LONG).unwrap_err().is_decode());
    assert_eq!(other.recv::<u64>(LONG).unwrap(), 5);
    assert!(one.send(&super::functions::NoWay, LONG).is_err());
    assert!(!other.poll(Duration::ZERO).unwrap(), "nothing was sent");
}

/// CPython's `TestIgnoreEINTR`: both sides are interrupted all the time, while they wait for room and for messages.
fn interrupted<K: Kind>() {
    const PERIOD: Duration = Duration::from_micros(200);
    let (ours, theirs) = K::pair();
    let body = || {
        let interruptions = Interruptions::every(PERIOD).unwrap();
        let mut message = Vec::new();
        // At least so many, and until signals have come for certain.
        while theirs.recv_bytes_into(&mut message, LONG).is_ok() {
            theirs.send_bytes(&message, LONG).unwrap();
        }
        i32::from(interruptions.came() == 0)
    };
    let process = Process::start(&[&theirs], body).unwrap();
    drop(theirs);
    let interruptions = Interruptions::every(PERIOD).unwrap();
    let (begin, mut back) = (interruptions.came(), Vec::new());
    let mut round = 0;
    while round < 100 || interruptions.came() < begin + 20 {
        let message = bytes(300_000, round);
        // Endless waits are cut short by signals, too.
        let limit = if round % 2 == 0 { LONG } else { Duration::MAX };
        ours.send_bytes(&message, limit).unwrap();
        ours.recv_bytes_into(&mut back, limit).unwrap();
        assert!(back == message);
        round += 1;
    }
    drop(ours);
    done(process);
}

fn fifty<K: Kind>() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let maps = || std::fs::read_to_string("/proc/self/maps").unwrap().matches("memfd:multiprocess").count();
    let before = (count(), maps());
    for round in 0..50 {
        let (ours, theirs) = K::pair();
        let process = echo(theirs);
        ours.send(&round, LONG).unwrap();
        assert_eq!(ours.recv::<i32>(LONG).unwrap(), round);
        drop(ours);
        done(process);
    }
    assert_eq!((count(), maps()), before);
}

/// Where only one of the two can run, waiting must let the other run.
fn one_core<K: Kind>() {
    let (ours, theirs) = K::pair();
    let ready = Semaphore::new(0).unwrap();
    let echo = || {
        pin();
        ready.release().unwrap();
        let mut message = Vec::new();
        while theirs.recv_bytes_into(&mut message, LONG).is_ok() {
            theirs.send_bytes(&message, LONG).unwrap();
        }
        0
    };
    let process = Process::start(&[&theirs], echo).unwrap();
    drop(theirs);
    let before = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).unwrap();
    pin();
    ready.acquire(LONG).unwrap();
    for round in 0..2_000_u32 {
        ours.send(&round, LONG).unwrap();
        assert_eq!(ours.recv::<u32>(LONG).unwrap(), round);
    }
    drop(ours);
    done(process);
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &before).unwrap();
}

/// On the first core that is allowed.
fn pin() {
    let this = nix::unistd::Pid::from_raw(0);
    let allowed = nix::sched::sched_getaffinity(this).unwrap();
    let first = (0..nix::sched::CpuSet::count()).find(|core| allowed.is_set(*core).unwrap()).unwrap();
    let mut one = nix::sched::CpuSet::new();
    one.set(first).unwrap();
    nix::sched::sched_setaffinity(this, &one).unwrap();
}
