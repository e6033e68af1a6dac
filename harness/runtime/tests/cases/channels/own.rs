//! What only one kind of channel can be asked for: capacities in the kernel, one-way ends, a hostile process at the ring's memory.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use multiprocess::bare::Tear;
use multiprocess::{Channel, Connection, Inherited, Process, Ring};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::{getsockopt, sockopt};

use super::{Case, LONG, done};

pub(super) const CASES: &[Case] = &[
    ("a_pipe_holds_16_pages_and_a_socket_its_overhead", capacities),
    ("a_connection_holds_as_much_as_it_was_asked_to", other_capacities),
    ("framed_messages_fill_a_pipe_page_by_page", framed_capacity),
    ("an_end_of_a_pipe_goes_one_way", one_way),
    ("a_connection_reads_no_more_than_its_message", no_more_than_the_message),
    ("a_pipe_that_cannot_be_read_without_waiting_is_made_to", no_flag_for_it),
    ("the_memory_of_a_ring_cannot_be_shortened", sealed),
    ("impossible_indices_of_a_ring_are_an_error", impossible_indices),
    ("garbage_in_the_memory_of_a_ring_is_an_error_and_no_harm", garbage),
    ("a_ring_of_any_capacity_carries_what_is_larger", any_capacity),
];

/// How many writes of `size` bytes the kernel takes before nobody reads.
fn writes(end: &Connection, size: usize) -> usize {
    let output = end.descriptors().pop().unwrap().try_clone_to_owned().unwrap();
    let flags = OFlag::from_bits_retain(fcntl(&output, FcntlArg::F_GETFL).unwrap());
    fcntl(&output, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK)).unwrap();
    let (mut file, bytes) = (File::from(output), vec![7; size]);
    std::iter::from_fn(|| file.write(&bytes).ok().filter(|written| *written == size)).count()
}

fn capacities() {
    // RUNTIME 1.2: a pipe is 16 pages, and writes of 1000 bytes leave the end of each page unused.
    for (size, expected) in [(1, 65_536), (1_000, 64)] {
        let (_reader, writer) = Connection::pipe().unwrap();
        assert_eq!(fcntl(writer.as_fd(), FcntlArg::F_GETPIPE_SZ).unwrap(), 65_536);
        assert_eq!(writes(&writer, size), expected, "writes of {size} bytes");
    }
    for (size, expected) in [(1, 278), (1_000, 93)] {
        let (_one, other) = Connection::socket_pair().unwrap();
        let room = getsockopt(&other.as_fd(), sockopt::SndBuf).unwrap();
        let writes = writes(&other, size);
        // What a write takes beside its bytes is the kernel's affair; the figures are those of its usual buffer.
        assert!(writes * size < room / 2, "{writes} writes of {size} bytes in {room}");
        assert!(room != 212_992 || writes == expected, "{writes} writes of {size} bytes in {room}");
    }
}

fn other_capacities() {
    let (_reader, writer) = Connection::pipe().unwrap();
    let writer = writer.holding(100_000).unwrap();
    assert_eq!(fcntl(writer.as_fd(), FcntlArg::F_GETPIPE_SZ).unwrap(), 131_072, "rounded up to a power of two");
    writer.send_bytes(&[7; 131_068], Duration::ZERO).unwrap();
    // A socket takes any wish and doubles it, down to what an unprivileged process may have.
    let (one, _other) = Connection::socket_pair().unwrap();
    let one = one.holding(10_000).unwrap();
    assert_eq!(getsockopt(&one.as_fd(), sockopt::SndBuf).unwrap(), 20_000);
    let (reader, _writer) = Connection::pipe().unwrap();
    assert!(reader.holding(100_000).is_err(), "it sends nothing");
}

fn framed_capacity() {
    // Frames of 5 bytes: 819 in each of 16 pages, whose last byte stays unused.
    let (reader, writer) = Connection::pipe().unwrap();
    let sent = (0..).find(|_| writer.send_bytes(b"x", Duration::ZERO).is_err()).unwrap();
    assert_eq!(sent, 16 * (4_096 / 5));
    for _ in 0..sent {
        assert_eq!(reader.recv_bytes(LONG).unwrap(), b"x");
    }
    // CPython's threshold: 4 bytes of header and 65,532 are all it holds. A body of one more does not end at the end of a page any more, and
    // so begins in a new one: of the first page only the header is used.
    for (size, fits) in [(65_532, true), (65_533, false)] {
        let (_reader, writer) = Connection::pipe().unwrap();
        match writer.send_bytes(&vec![7; size], Duration::from_millis(20)) {
            Ok(()) => assert!(fits),
            Err(fault) => {
                let told = fault.to_string();
                assert!(!fits && told.contains("61444 of 65537 bytes"), "{told}");
                assert!(told.contains("has not read 61444 bytes in the pipe, which holds 65536"), "{told}");
            }
        }
    }
}

fn one_way() {
    let (reader, writer) = Connection::pipe().unwrap();
    let fault = reader.send_bytes(b"x", LONG).unwrap_err().to_string();
    assert!(fault.contains("only receives"), "{fault}");
    for fault in [writer.recv_bytes(LONG).unwrap_err(), writer.poll(LONG).unwrap_err()] {
        assert!(fault.to_string().contains("only sends"), "{fault}");
    }
    writer.send_bytes(b"x", LONG).unwrap();
    drop(reader);
    assert!(writer.send_bytes(b"x", LONG).unwrap_err().is_peer_gone());
}

fn no_more_than_the_message() {
    let (reader, writer) = Connection::pipe().unwrap();
    (0..2_u8).for_each(|number| writer.send(&number, LONG).unwrap());
    assert_eq!(reader.recv::<u8>(LONG).unwrap(), 0);
    // The second is still in the pipe: another process takes it.
    let process = Process::start(&[&reader], || i32::from(reader.recv::<u8>(LONG).unwrap()) - 1).unwrap();
    done(process);
    assert!(!reader.poll(Duration::ZERO).unwrap());
}

/// A pipe opened by name does not know `RWF_NOWAIT`, as no pipe did before Linux 6.4.
fn no_flag_for_it() {
    let (reader, writer) = std::io::pipe().unwrap();
    let by_name = |fd: &dyn AsRawFd, writes: bool| {
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        File::options().read(!writes).write(writes).open(path).unwrap()
    };
    let ends = (by_name(&reader, false), by_name(&writer, true));
    drop((reader, writer));
    let reader = Connection::over_pipes(Some(ends.0.into()), None);
    let writer = Connection::over_pipes(None, Some(ends.1.into()));
    let short = Duration::from_millis(20);
    assert!(reader.recv_bytes(short).unwrap_err().is_deadline());
    assert!(writer.send_bytes(&[7; 100_000], short).unwrap_err().is_deadline());
    assert!(reader.recv_bytes(short).unwrap_err().is_deadline());
    drop(writer);
    // Also what waits without a limit now has to ask the kernel to wait.
    assert!(reader.recv_bytes(Duration::MAX).unwrap_err().is_torn());
}

/// The ring's memory as another process can write it.
fn memory(ring: &Ring) -> File {
    ring.descriptors().pop().unwrap().try_clone_to_owned().unwrap().into()
}

fn sealed() {
    let (one, _other) = Ring::pair(4_096).unwrap();
    let memory = memory(&one);
    let length = memory.metadata().unwrap().len();
    for other_length in [0, length - 1, length + 1] {
        assert!(memory.set_len(other_length).is_err(), "{other_length} bytes");
    }
}

/// Where the indices of the direction lie that the first end writes.
const HEAD: u64 = 0;
const TAIL: u64 = 128;

fn impossible_indices() {
    const CAPACITY: u64 = 4_096;
    for head in [CAPACITY + 1, u64::MAX, u64::MAX - CAPACITY, 1 << 63] {
        let (_one, other) = Ring::pair(CAPACITY as usize).unwrap();
        memory(&other).write_all_at(&head.to_ne_bytes(), HEAD).unwrap();
        let fault = other.recv_bytes(LONG).unwrap_err();
        assert!(fault.is_corrupt() && fault.to_string().contains(&head.to_string()), "{fault}");
    }
    for tail in [5_000, u64::MAX, 1 << 63] {
        let (one, _other) = Ring::pair(CAPACITY as usize).unwrap();
        one.send_bytes(&[7; 1_000], LONG).unwrap();
        memory(&one).write_all_at(&tail.to_ne_bytes(), TAIL).unwrap();
        // It looks at the tail only when there is no room left.
        let fault = (0..10).find_map(|_| one.send_bytes(&[7; 1_000], LONG).err()).unwrap();
        assert!(fault.is_corrupt() && fault.to_string().contains(&tail.to_string()), "{fault}");
    }
}

fn garbage() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut messages, mut errors) = (0, 0);
    for round in 0..3_000 {
        let (one, other) = Ring::pair(4_096).unwrap();
        let memory = memory(&one);
        one.send_bytes(&[1; 100], LONG).unwrap();
        // A few words anywhere: indices, flags, or the bytes of the message and its length.
        for _ in 0..=random() % 8 {
            let place = if random() % 2 == 0 { 128 * (random() % 8) } else { 4_096 + 8 * (random() % 4) };
            let value = if random() % 2 == 0 { random() } else { random() % 8_192 };
            memory.write_all_at(&value.to_ne_bytes(), place).unwrap();
        }
        let mut buffer = Vec::new();
        let came = other.recv_bytes_into(&mut buffer, Duration::ZERO);
        let went = one.send_bytes(&vec![2; 1 + round], Duration::ZERO);
        let back = other.send_bytes(&[3; 10], Duration::ZERO).and_then(|()| one.recv_bytes(Duration::ZERO));
        let all = [came, went, back.map(|_| ())];
        messages += all.iter().filter(|result| result.is_ok()).count();
        errors += all.iter().filter(|result| result.is_err()).count();
        assert!(buffer.len() <= 1 << 20, "{} bytes for a ring of 4096", buffer.len());
    }
    assert_eq!(messages + errors, 9_000);
    assert!(messages > 500 && errors > 500, "{messages} messages, {errors} errors: both must have been reached");
}

fn any_capacity() {
    for capacity in [0, 1, 4_096, 5_000, 1 << 22] {
        let (ours, theirs) = Ring::pair(capacity).unwrap();
        let process = super::echo(theirs);
        for size in [0, 1_019, 1_020, 1_021, 4_091, 4_092, 4_093, 100_000, 5 << 20] {
            let message = super::bytes(size, capacity);
            ours.send_bytes(&message, LONG).unwrap();
            assert!(ours.recv_bytes(LONG).unwrap() == message, "{size} bytes through {capacity}");
        }
        drop(ours);
        done(process);
    }
    assert!(Ring::pair(usize::MAX).is_err());
    let (one, other) = Ring::pair(4_096).unwrap();
    let other = other.at_most(10);
    one.send_bytes(&[7; 10], LONG).unwrap();
    one.send_bare(&[0, 0, 0, 11], LONG).unwrap();
    assert_eq!(other.recv_bytes(LONG).unwrap(), [7; 10]);
    assert!(other.recv_bytes(LONG).unwrap_err().is_decode());
}
