//! Frames by way of streams that give little at a time, are interrupted, end, or lie.

use super::*;

#[track_caller]
fn check_round_trip(body: &[u8], header: usize) {
    let mut bytes = Vec::new();
    write(&mut bytes, body).unwrap();
    assert_eq!(bytes.len(), header + body.len());
    assert_eq!(read(&mut &bytes[..]).unwrap().as_deref(), Some(body));
}

#[test]
fn a_frame_is_a_big_endian_length_and_the_body() {
    let mut bytes = Vec::new();
    write(&mut bytes, b"abc").unwrap();
    assert_eq!(bytes, [0, 0, 0, 3, b'a', b'b', b'c']);
}

#[test]
fn bodies_of_every_kind_of_size_come_back() {
    for size in [0, 1, 16_384, 16_385, FIRST_ALLOCATION - 1, FIRST_ALLOCATION, FIRST_ALLOCATION + 1, 3 << 20] {
        check_round_trip(&vec![7; size], 4);
    }
}

#[test]
fn the_header_grows_only_beyond_two_gibibytes() {
    assert_eq!(*Header::of(i32::MAX as usize), i32::MAX.to_be_bytes());
    assert_eq!(*Header::of(1 << 31), [255, 255, 255, 255, 0, 0, 0, 0, 128, 0, 0, 0]);
}

#[test]
fn a_header_says_how_much_of_it_is_missing() {
    let long = Header::of(1 << 31);
    for (bytes, missing) in [(0, 4), (1, 3), (3, 1), (4, 8), (5, 7), (11, 1)] {
        assert_eq!(Header::read(&long[..bytes]), Err(missing), "{bytes} bytes of a long header");
    }
    assert_eq!((Header::read(&long), Header::read(&Header::of(7))), (Ok(1 << 31), Ok(7)));
    assert_eq!(Header::read(&i32::MIN.to_be_bytes()), Ok(u64::MAX));
}

#[test]
fn a_stream_that_ends_between_frames_is_an_end_and_inside_one_an_error() {
    let mut bytes = Vec::new();
    write(&mut bytes, &[1; 100]).unwrap();
    assert!(read(&mut &bytes[..0]).unwrap().is_none());
    for cut in 1..bytes.len() {
        let fault = read(&mut &bytes[..cut]).unwrap_err();
        assert!(fault.to_string().contains("ended inside a frame"), "cut at {cut}: {fault}");
    }
}

#[test]
fn a_hostile_length_is_refused_before_anything_is_allocated() {
    let hostile = [&(-1_i32).to_be_bytes()[..], &u64::MAX.to_be_bytes()].concat();
    assert!(read(&mut &hostile[..]).unwrap_err().is_decode());
    let negative = (-2_i32).to_be_bytes();
    assert!(read(&mut &negative[..]).unwrap_err().is_decode());
}

/// A stream that gives `at_most` bytes at a time, and is interrupted before each of them.
struct Reluctant<'a> {
    bytes: &'a [u8],
    at_most: usize,
    interrupt: bool,
}

impl Read for Reluctant<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = buffer.len().min(self.at_most);
        self.bytes.read(&mut buffer[..length])
    }
}

/// The same for writing.
struct Narrow {
    bytes: Vec<u8>,
    at_most: usize,
    interrupt: bool,
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = bytes.len().min(self.at_most);
        self.bytes.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn frames_cross_a_stream_that_gives_little_and_is_interrupted() {
    for at_most in [1, 2, 3, 5, 1_000] {
        let mut to = Narrow { bytes: Vec::new(), at_most, interrupt: false };
        let bodies = [vec![], vec![1], vec![2; 300], vec![3; WRITTEN_WITH_HEADER + 1]];
        bodies.iter().for_each(|body| write(&mut to, body).unwrap());
        let mut from = Reluctant { bytes: &to.bytes, at_most, interrupt: false };
        for body in &bodies {
            assert_eq!(read(&mut from).unwrap().as_ref(), Some(body), "{at_most} at a time");
        }
        assert!(read(&mut from).unwrap().is_none());
    }
}

/// A header of twelve bytes may announce what one of four could have.
#[test]
fn a_long_header_is_read_byte_by_byte_and_cut_anywhere_is_an_error() {
    let bytes = [&(-1_i32).to_be_bytes()[..], &3_u64.to_be_bytes(), b"abc"].concat();
    let from = |cut| Reluctant { bytes: &bytes[..cut], at_most: 1, interrupt: false };
    assert_eq!(read(&mut from(bytes.len())).unwrap().unwrap(), b"abc");
    for cut in 1..bytes.len() {
        assert!(read(&mut from(cut)).unwrap_err().to_string().contains("ended inside a frame"), "cut at {cut}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no getrusage")]
fn a_length_above_the_limit_is_refused_and_one_below_it_fills_no_memory() {
    let announced = |bytes: u64| match i32::try_from(bytes) {
        Ok(short) => short.to_be_bytes().to_vec(),
        Err(_) => [&(-1_i32).to_be_bytes()[..], &bytes.to_be_bytes()].concat(),
    };
    for bytes in [LIMIT_BYTES as u64 + 1, i32::MAX as u64, 1 << 31, 1 << 33, u64::MAX] {
        assert!(read(&mut &announced(bytes)[..]).unwrap_err().is_decode(), "{bytes}");
    }
    for _ in 0..100 {
        let fault = read(&mut &announced(LIMIT_BYTES as u64)[..]).unwrap_err();
        assert!(fault.to_string().contains("ended inside a frame"), "{fault}");
    }
    let used = crate::Usage::of_this_process().max_rss_bytes;
    assert!(used < LIMIT_BYTES as u64 / 2, "{used} bytes");
}
