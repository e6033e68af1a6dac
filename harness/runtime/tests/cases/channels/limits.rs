//! Waits that end at their limit, and what they say.

use std::time::Duration;

use multiprocess::{Channel, Process, Semaphore};

use super::{Kind, LONG, bytes, done};

const SHORT: Duration = Duration::from_millis(20);

pub(super) fn nobody_reads<K: Kind>() {
    let (ours, theirs) = K::pair();
    let mut sent = 0_u32;
    let stuck = loop {
        let message = [&sent.to_be_bytes()[..], &[7; 996]].concat();
        match ours.send_bytes(&message, if sent < 40 { LONG } else { SHORT }) {
            Ok(()) => sent += 1,
            Err(fault) => break fault,
        }
    };
    let told = stuck.to_string();
    assert!(stuck.is_deadline() && told.contains("0 of 1004 bytes") && told.contains(K::WHAT), "{told}");
    // As soon as one is read that makes room enough, the sender goes on, and nothing is lost or doubled.
    let mut message = Vec::new();
    for number in 0..sent {
        theirs.recv_bytes_into(&mut message, LONG).unwrap();
        assert_eq!(message[..4], number.to_be_bytes());
    }
    ours.send_bytes(b"again", SHORT).unwrap();
    assert_eq!(theirs.recv_bytes(LONG).unwrap(), b"again");
}

pub(super) fn half_sent<K: Kind>() {
    let (ours, theirs) = K::pair();
    let stuck = ours.send_bytes(&bytes(10 << 20, 1), SHORT).unwrap_err();
    assert!(stuck.is_deadline() && stuck.to_string().contains("of 10485764 bytes"), "{stuck}");
    for _ in 0..2 {
        let fault = ours.send_bytes(b"next", SHORT).unwrap_err();
        assert!(fault.is_half_sent(), "{fault}");
    }
    // What it received is not touched by that.
    theirs.send_bytes(b"back", SHORT).unwrap();
    assert_eq!(ours.recv_bytes(LONG).unwrap(), b"back");
    drop(ours);
    assert!(theirs.recv_bytes(LONG).unwrap_err().is_torn());
}

/// Each side waits for the other to read. CPython's would wait for ever.
pub(super) fn both_send<K: Kind>() {
    let (ours, theirs) = K::pair();
    let message = bytes(10 << 20, 2);
    let stuck = |end: &K::End| {
        let fault = end.send_bytes(&message, Duration::from_millis(300)).unwrap_err();
        let told = fault.to_string();
        assert!(fault.is_deadline() && told.contains("has not read") && told.contains(K::WHAT), "{told}");
    };
    // Neither reads before both have seen it, whoever began late.
    let [here, there] = [(); 2].map(|()| Semaphore::new(0).unwrap());
    let process = Process::start(&[&theirs], || {
        stuck(&theirs);
        there.release().unwrap();
        here.acquire(LONG).unwrap();
        i32::from(!theirs.recv_bytes(LONG).unwrap_err().is_torn())
    });
    drop(theirs);
    stuck(&ours);
    here.release().unwrap();
    there.acquire(LONG).unwrap();
    drop(ours);
    done(process.unwrap());
}

/// Each side waits for the other to send, and what one has sent lies unread.
pub(super) fn both_receive<K: Kind>() {
    let (ours, theirs) = K::pair();
    ours.send_bytes(&[7; 996], SHORT).unwrap();
    let fault = ours.recv_bytes(SHORT).unwrap_err();
    let told = fault.to_string();
    assert!(fault.is_deadline() && told.contains("0 of unknown many bytes"), "{told}");
    assert!(told.contains("has not read") && told.contains(K::WHAT), "{told}");
    // A socket counts what the kernel adds.
    assert!(K::WHAT == "socket" || told.contains("has not read 1000 bytes"), "{told}");
    drop(theirs);
}

pub(super) fn polled<K: Kind>() {
    let (ours, theirs) = K::pair();
    assert!(!ours.poll(Duration::ZERO).unwrap() && !ours.poll(SHORT).unwrap());
    theirs.send_bytes(b"", LONG).unwrap();
    theirs.send_bytes(b"second", LONG).unwrap();
    for message in [&b""[..], b"second"] {
        assert!(ours.poll(Duration::ZERO).unwrap(), "also when it was read ahead");
        assert_eq!(ours.recv_bytes(Duration::ZERO).unwrap(), message);
    }
    assert!(!ours.poll(Duration::ZERO).unwrap());
    drop(theirs);
    assert!(ours.poll(LONG).unwrap(), "the end is found, too");
    assert!(ours.recv_bytes(Duration::ZERO).unwrap_err().is_end());
}
