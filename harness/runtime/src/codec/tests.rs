//! Hostile bytes are error values: no panic, no loop without end, and no memory that the bytes do not fill.

use super::*;

/// A length as bincode writes it above 2^32: a mark, then eight bytes.
fn length(elements: u64) -> Vec<u8> {
    [&[253][..], &elements.to_le_bytes()].concat()
}

#[track_caller]
fn check_refused<T: Decode<()>>(bytes: &[u8]) {
    match loads::<T>(bytes) {
        Ok(_) => panic!("{} were decoded from {bytes:?}", std::any::type_name::<T>()),
        Err(fault) => assert!(fault.is_decode(), "{fault}"),
    }
}

/// The table of what breaks decoders: each of these makes bincode without a limit panic or abort.
#[test]
fn lengths_beyond_the_message_are_refused() {
    for elements in [u64::MAX, u64::MAX / 8 + 1, 1 << 33, (1 << 30) / 8 + 1] {
        check_refused::<Vec<u64>>(&length(elements));
        check_refused::<Vec<Vec<u64>>>(&[vec![1], length(elements)].concat());
        check_refused::<Vec<String>>(&length(elements));
    }
    for bytes in [u64::MAX, 1 << 33, LIMIT_BYTES as u64 + 1] {
        check_refused::<Vec<u8>>(&length(bytes));
        check_refused::<String>(&length(bytes));
        check_refused::<Option<String>>(&[vec![1], length(bytes)].concat());
    }
}

/// Within the limit room is made for what is announced, but nothing touches it: it is address space, not memory.
#[test]
#[cfg_attr(miri, ignore = "Miri really fills the gibibyte that is announced")]
fn what_is_announced_within_the_limit_and_does_not_come_fills_no_memory() {
    for _ in 0..100 {
        check_refused::<Vec<u64>>(&length(LIMIT_BYTES as u64 / 8));
        check_refused::<Vec<u8>>(&length(LIMIT_BYTES as u64));
    }
    let used = crate::Usage::of_this_process().max_rss_bytes;
    assert!(used < LIMIT_BYTES as u64 / 2, "{used} bytes");
}

#[test]
fn every_cut_and_every_byte_too_many_is_refused() {
    let value = ("a name".to_owned(), vec![1_u64, 300, u64::MAX], Some(-1_i32), [true, false]);
    let bytes = dumps(&value).unwrap();
    assert_eq!(loads::<(String, Vec<u64>, Option<i32>, [bool; 2])>(&bytes).unwrap(), value);
    for cut in 0..bytes.len() {
        check_refused::<(String, Vec<u64>, Option<i32>, [bool; 2])>(&bytes[..cut]);
    }
    check_refused::<(String, Vec<u64>, Option<i32>, [bool; 2])>(&[&bytes[..], &[0]].concat());
}

#[test]
fn what_is_no_value_of_its_type_is_refused() {
    check_refused::<bool>(&[2]);
    check_refused::<Option<u8>>(&[2, 0]);
    check_refused::<Result<u8, u8>>(&[2, 0]);
    check_refused::<char>(&[255, 255, 255, 255]);
    check_refused::<String>(&[2, 0xff, 0xfe]);
    check_refused::<std::num::NonZeroU8>(&[0]);
    check_refused::<u8>(&[]);
}
