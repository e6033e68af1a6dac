//! The other side ends, dies, or sends what it should not.

use std::time::Duration;

use multiprocess::bare::Tear as _;
use multiprocess::{Channel, Process, Semaphore};

use super::{Kind, LONG, bytes};

pub(super) fn ends<K: Kind>() {
    let (ours, theirs) = K::pair();
    (0..3_u8).for_each(|number| theirs.send(&number, LONG).unwrap());
    drop(theirs);
    for number in 0..3 {
        assert_eq!(ours.recv::<u8>(LONG).unwrap(), number, "what was sent before the end comes");
    }
    for _ in 0..2 {
        let end = ours.recv_bytes(LONG).unwrap_err();
        assert!(end.is_end() && end.is_peer_gone() && !end.is_torn(), "{end}");
        assert!(ours.recv_bytes(Duration::ZERO).unwrap_err().is_end(), "without waiting, too");
    }
    assert!(sends_until_refused(&ours).is_peer_gone());
}

/// What a sender is told in the end whose messages nobody can read. A ring takes as many as it holds before.
fn sends_until_refused<C: Channel>(end: &C) -> multiprocess::Error {
    let message = [7; 1_000];
    (0..10_000).find_map(|_| end.send_bytes(&message, LONG).err()).expect("no channel holds 10,000 messages")
}

/// A frame as it is written: 4 bytes of length, and the body.
fn frame(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
}

/// Where a frame is cut: in the header, after it, in the body, before its last byte.
fn cuts(frame: &[u8]) -> [usize; 7] {
    [1, 2, 3, 4, 5, frame.len() / 2, frame.len() - 1]
}

pub(super) fn torn<K: Kind>() {
    for size in [100, 40_000] {
        let frame = frame(&bytes(size, 1));
        for cut in cuts(&frame) {
            let (ours, theirs) = K::pair();
            let life = || {
                theirs.send_bytes(b"whole", LONG).unwrap();
                theirs.send_bare(&frame[..cut], LONG).unwrap();
                nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
                0
            };
            let _process = Process::start(&[&theirs], life).unwrap();
            drop(theirs);
            assert_eq!(ours.recv_bytes(LONG).unwrap(), b"whole");
            let fault = ours.recv_bytes(LONG).unwrap_err();
            assert!(fault.is_torn() && fault.is_peer_gone() && !fault.is_end(), "cut at {cut}: {fault}");
            let of = if cut < 4 { "unknown many".to_owned() } else { frame.len().to_string() };
            let told = format!("of its {of} bytes with the header {cut} came");
            assert!(fault.to_string().contains(&told), "cut at {cut}: {fault}");
        }
    }
}

/// A limit that passes in the middle of a message loses nothing of it.
pub(super) fn late<K: Kind>() {
    let (ours, theirs) = K::pair();
    let body = bytes(40_000, 2);
    let frame = frame(&body);
    let mut message = Vec::new();
    for cut in cuts(&frame) {
        theirs.send_bare(&frame[..cut], LONG).unwrap();
        for limit in [Duration::ZERO, Duration::from_millis(2)] {
            let fault = ours.recv_bytes_into(&mut message, limit).unwrap_err();
            assert!(fault.is_deadline(), "cut at {cut}: {fault}");
            assert!(fault.to_string().contains(&format!("{cut} of")), "cut at {cut}: {fault}");
        }
        theirs.send_bare(&frame[cut..], LONG).unwrap();
        // Whoever asks next gets it, with a buffer of its own.
        assert!(ours.recv_bytes(LONG).unwrap() == body, "cut at {cut}");
    }
    theirs.send_bytes(b"next", LONG).unwrap();
    assert_eq!(ours.recv_bytes(LONG).unwrap(), b"next");
}

pub(super) fn killed_sending<K: Kind>() {
    let (ours, theirs) = K::pair();
    let body = || i32::from(theirs.send_bytes(&bytes(64 << 20, 3), LONG).is_ok());
    let mut process = Process::start(&[&theirs], body).unwrap();
    drop(theirs);
    assert!(ours.poll(LONG).unwrap(), "it has begun");
    process.kill();
    process.join(LONG).unwrap();
    let fault = ours.recv_bytes(LONG).map(|message| message.len()).unwrap_err();
    assert!(fault.is_torn(), "{fault}");
}

pub(super) fn killed_receiving<K: Kind>() {
    let (ours, theirs) = K::pair();
    let begun = Semaphore::new(0).unwrap();
    let body = || {
        theirs.poll(LONG).unwrap();
        begun.release().unwrap();
        loop {
            theirs.recv_bytes(LONG).unwrap();
        }
    };
    let mut process = Process::start(&[&theirs], body).unwrap();
    drop(theirs);
    std::thread::scope(|scope| {
        let sender = scope.spawn(move || {
            let message = bytes(16 << 20, 4);
            loop {
                if let Err(fault) = ours.send_bytes(&message, LONG) {
                    return (fault, ours.send_bytes(b"more", LONG).unwrap_err());
                }
            }
        });
        begun.acquire(LONG).unwrap();
        process.kill();
        let (fault, after) = sender.join().unwrap();
        assert!(fault.is_peer_gone(), "{fault}");
        assert!(after.is_half_sent() || after.is_peer_gone(), "{after}");
    });
    process.join(LONG).unwrap();
}

pub(super) fn killed_idle<K: Kind>() {
    let (ours, theirs) = K::pair();
    let never = Semaphore::new(0).unwrap();
    let mut process = Process::start(&[&theirs], || i32::from(never.acquire(2 * LONG).is_err())).unwrap();
    drop(theirs);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let fault = { ours }.recv_bytes(Duration::MAX).unwrap_err();
            assert!(fault.is_end(), "{fault}");
        });
        process.kill();
        waiter.join().unwrap();
    });
    process.join(LONG).unwrap();
    let (ours, theirs) = K::pair();
    let mut process = Process::start(&[&theirs], || i32::from(never.acquire(2 * LONG).is_err())).unwrap();
    drop(theirs);
    process.kill();
    process.join(LONG).unwrap();
    assert!(sends_until_refused(&ours).is_peer_gone());
}

pub(super) fn too_large<K: Kind>() {
    // One byte more than 1 GiB, which is allowed by itself; the longest of each kind of header; a negative length.
    let hostile: [&[u8]; 4] = [
        &((1_u32 << 30) + 1).to_be_bytes(),
        &i32::MAX.to_be_bytes(),
        &[255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
        &(-2_i32).to_be_bytes(),
    ];
    for header in hostile {
        let (ours, theirs) = K::pair();
        theirs.send_bare(header, LONG).unwrap();
        let mut message = Vec::new();
        let fault = ours.recv_bytes_into(&mut message, LONG).unwrap_err();
        assert!(fault.is_decode(), "{fault}");
        assert_eq!(message.capacity(), 0, "nothing was allocated for it");
        let after = ours.recv_bytes(LONG).unwrap_err().to_string();
        assert!(after.contains("nothing more can be received"), "{after}");
        // The other direction goes on.
        ours.send_bytes(b"still", LONG).unwrap();
        assert_eq!(theirs.recv_bytes(LONG).unwrap(), b"still");
    }
    // A length that is allowed and never comes costs no more than its first part.
    let (ours, theirs) = K::pair();
    theirs.send_bare(&(1_u32 << 30).to_be_bytes(), LONG).unwrap();
    drop(theirs);
    let mut message = Vec::new();
    assert!(ours.recv_bytes_into(&mut message, LONG).unwrap_err().is_torn());
}
