//! Whether frames are read right, whatever the stream does, and what is held for those that do not come.

use std::io::{ErrorKind, Read};
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{CountedHeap, Pieces};
use multiprocess::frame;
use submission::{FrameError, read_frame};

/// The largest body that is allowed.
const LIMIT: usize = 64 << 20;

fn main() -> ExitCode {
    checking::main(&[
        ("together", |checking| all_come(checking, "together", |stream| stream)),
        ("short", |checking| all_come(checking, "short", |stream| stream.of_at_most(1))),
        ("interrupted", |checking| all_come(checking, "interrupted", |stream| stream.of_at_most(700).interrupted())),
        ("long", long),
        ("torn", torn),
        ("refused", refused),
        ("held", held),
    ])
}

#[global_allocator]
static HEAP: CountedHeap = CountedHeap::new();

fn body(checking: &Checking, bytes: usize) -> Vec<u8> {
    checking.numbers(bytes).map(|number| number as u8).collect()
}

fn frame_of(body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame::write(&mut frame, body).expect("memory takes everything");
    frame
}

/// A frame with the header of a large one.
fn long_frame(announced: u64, body: &[u8]) -> Vec<u8> {
    [&[0xff; 4], &announced.to_be_bytes()[..], body].concat()
}

/// What a call came to, in a few words.
fn said(came: &Result<Option<Vec<u8>>, FrameError>) -> String {
    match came {
        Ok(Some(body)) => format!("a frame of {} bytes", body.len()),
        Ok(None) => "no frame".to_owned(),
        Err(FrameError::Io(fault)) => format!("Io({:?})", fault.kind()),
        Err(fault) => format!("{fault:?}"),
    }
}

/// Reads frames with these bodies from a stream, and its end.
fn check_bodies(stream: &mut impl Read, bodies: &[Vec<u8>], limit: usize) -> Result<String, String> {
    for (number, body) in bodies.iter().enumerate() {
        let came = read_frame(stream, limit);
        let got = match &came {
            Ok(Some(came)) if came == body => continue,
            Ok(Some(came)) if came.len() == body.len() => "other bytes".to_owned(),
            _ => said(&came),
        };
        return Err(format!("frame {} of {} has {} bytes, got {got}", number + 1, bodies.len(), body.len()));
    }
    match read_frame(stream, limit) {
        Ok(None) => Ok(format!("{} frames and the end", bodies.len())),
        came => Err(format!("after {} frames the stream ends, got {}", bodies.len(), said(&came))),
    }
}

fn report(checking: &mut Checking, test: &str, seen: Result<String, String>) {
    checking.holds(test, seen.is_ok(), seen.unwrap_or_else(|fault| fault));
}

fn all_come(checking: &mut Checking, test: &str, manner: fn(Pieces) -> Pieces) {
    let sizes: Vec<usize> = checking.numbers(6).map(|number| (number % 3_000) as usize).collect();
    let sizes = [&[5, 0, 1, 255, 256], &sizes[..], &[0]].concat();
    let bodies: Vec<Vec<u8>> = sizes.iter().map(|bytes| body(checking, *bytes)).collect();
    let stream: Vec<u8> = bodies.iter().flat_map(|body| frame_of(body)).collect();
    let seen = check_bodies(&mut manner(Pieces::new(&stream)), &bodies, LIMIT);
    report(checking, test, seen);
}

fn long(checking: &mut Checking) {
    let hidden = checking.numbers(1).map(|number| number % 100_000).sum::<u64>() as usize;
    let bodies = [300_000 + hidden, 7, 0, 300_000 + hidden].map(|bytes| body(checking, bytes));
    let [first, second, third, fourth] = &bodies;
    let long = |body: &[u8]| long_frame(body.len() as u64, body);
    let stream = [frame_of(first), long(second), long(third), long(fourth)].concat();
    let seen = check_bodies(&mut Pieces::new(&stream).of_at_most(5_000), &bodies, first.len());
    report(checking, "long", seen);
}

fn torn(checking: &mut Checking) {
    let seen = check_torn(&frame_of(&body(checking, 9))).and_then(|_| check_torn(&long_frame(9, &body(checking, 9))));
    report(checking, "torn", seen);
}

/// Ends the stream of one frame at every place.
fn check_torn(frame: &[u8]) -> Result<String, String> {
    for cut in 0..=frame.len() {
        let came = read_frame(&mut Pieces::new(&frame[..cut]).of_at_most(3), LIMIT);
        let fine = match &came {
            Ok(None) => cut == 0,
            Ok(Some(_)) => cut == frame.len(),
            Err(FrameError::Torn) => 0 < cut && cut < frame.len(),
            Err(_) => false,
        };
        if !fine {
            return Err(format!("the stream ends after {cut} of a frame's {} bytes, got {}", frame.len(), said(&came)));
        }
    }
    for cut in 0..frame.len() {
        let fault = ErrorKind::ConnectionReset;
        let came = read_frame(&mut Pieces::new(&frame[..cut]).failing(fault), LIMIT);
        if !matches!(&came, Err(FrameError::Io(came)) if came.kind() == fault) {
            return Err(format!("the stream fails after {cut} bytes (ConnectionReset), got {}", said(&came)));
        }
    }
    Ok("the end of the stream was told right, wherever it came".to_owned())
}

fn refused(checking: &mut Checking) {
    let hidden = checking.numbers(1).map(|number| number % (1 << 30)).sum::<u64>();
    let limit = LIMIT as u64;
    let short = [limit as i32 + 1, i32::MAX, i32::MIN, -2].map(|length| length.to_be_bytes().to_vec());
    let long = [limit + 1, limit + hidden, 1 << 31, 1 << 63, u64::MAX].map(|length| long_frame(length, &[]));
    let seen = short.iter().chain(&long).try_for_each(|header| {
        let mut stream = Pieces::new(&[&header[..], &[0; 64]].concat());
        let came = read_frame(&mut stream, LIMIT);
        if !matches!(came, Err(FrameError::TooLarge)) {
            return Err(format!("header {header:02x?}: got {}, expected TooLarge", said(&came)));
        }
        match stream.left() {
            64 => Ok(()),
            left => Err(format!("header {header:02x?}: {} bytes after it were read", 64 - left)),
        }
    });
    report(checking, "refused", seen.map(|()| "every one of them was refused by its header".to_owned()));
}

fn held(checking: &mut Checking) {
    let mut most = 0;
    for number in checking.numbers(4) {
        let announced = LIMIT as u64 - number % (16 << 20);
        let came = body(checking, (number % 900) as usize);
        let header = i32::try_from(announced).expect("64 MiB at most").to_be_bytes();
        for frame in [[&header, &came[..]].concat(), long_frame(announced, &came)] {
            let mut stream = Pieces::new(&frame);
            most = most.max(HEAP.during(|| drop(read_frame(&mut stream, LIMIT))).1.peak_bytes);
        }
    }
    checking.count("held", most);
}
