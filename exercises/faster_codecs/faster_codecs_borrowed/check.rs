//! Whether entries are decoded right, where they are then, what that took of the heap, and what becomes of messages that are not right.

use std::panic::{catch_unwind, set_hook};
use std::process::ExitCode;

use exercises::checking::{self, Checking};
use exercises::{CountedHeap, parcel};
use submission::decode;

#[global_allocator]
static HEAP: CountedHeap = CountedHeap::new();

type Entries = Vec<(String, Vec<u8>)>;

fn main() -> ExitCode {
    checking::main(&[("answer", answer), ("short", short), ("strange", strange), ("announced", announced)])
}

/// Entries whose names have up to 16 letters and whose payloads have up to `longest` bytes, some of them none.
fn entries(checking: &Checking, count: usize, longest: u64) -> Entries {
    let letters = ["", "a", "é", "temperature", "Maß", "日本", "humidity", "x"];
    let entry = |number: u64| {
        let (length, first, second) = (number % (longest + 1), number >> 20, number >> 30);
        let name = [letters[first as usize % 8], letters[second as usize % 8]].concat();
        (name, (0..length).map(|place| (number >> (place % 8) ^ place) as u8).collect())
    };
    checking.numbers(count).map(entry).collect()
}

/// Whether what was decoded is what was encoded; what is in the way, otherwise.
fn check(expected: &Entries) -> Result<(), String> {
    let message = parcel(expected);
    let Ok(decoded) = decode(&message) else {
        return Err(format!("a message of {} entries is refused", expected.len()));
    };
    if decoded.len() != expected.len() {
        return Err(format!("{} entries of {}", decoded.len(), expected.len()));
    }
    for (place, (entry, (name, payload))) in decoded.iter().zip(expected).enumerate() {
        if entry.name() != name || entry.payload() != payload {
            return Err(format!("entry {place} of {} is another", expected.len()));
        }
    }
    Ok(())
}

fn answer(checking: &mut Checking) {
    let large = entries(checking, 10_000, 1_200);
    let right = [0, 1, 2, 17, 300].into_iter().map(|count| check(&entries(checking, count, 40))).chain([check(&large)]);
    let right: Result<(), String> = right.collect();
    checking.holds("answer", right.is_ok(), right.err().unwrap_or("all as they were".into()));
    let message = parcel(&large);
    let (decoded, used) = HEAP.during(|| decode(&message));
    // Whoever made room beforehand and copied there has allocated nothing now.
    let within = |bytes: &[u8]| bytes.is_empty() || message.as_ptr_range().contains(&bytes.as_ptr());
    let decoded = decoded.unwrap_or_default();
    let slices = decoded.iter().flat_map(|entry| [entry.name().as_bytes(), entry.payload()]);
    let elsewhere: usize = slices.filter(|bytes| !within(bytes)).map(<[u8]>::len).sum();
    checking.count("allocations", used.allocations);
    checking.count("bytes", used.bytes.max(elsewhere as u64));
}

/// What becomes of each message that has to be refused; the first that was not.
fn refused(checking: &mut Checking, test: &str, messages: impl Iterator<Item = (String, Vec<u8>)>) {
    set_hook(Box::new(|_| {}));
    let mut count = 0;
    for (what, message) in messages {
        let found = match catch_unwind(|| decode(&message).is_err()) {
            Ok(true) => {
                count += 1;
                continue;
            }
            Ok(false) => "is taken",
            Err(_) => "ends in a panic",
        };
        return checking.holds(test, false, format_args!("{what} {found}"));
    }
    checking.holds(test, true, format_args!("{count} messages refused"));
}

fn short(checking: &mut Checking) {
    let whole = parcel(&entries(checking, 12, 20));
    let all = whole.len();
    let cut =
        (0..all).map(|length| (format!("a message cut off after {length} of {all} bytes"), whole[..length].to_vec()));
    let beyond = [1_u32, 1 << 20, u32::MAX - 3].map(|more| {
        let message = [&1_u32.to_le_bytes()[..], &0_u32.to_le_bytes(), &(3 + more).to_le_bytes(), b"xyz"];
        (format!("a payload of 3 bytes that is said to be {more} longer"), message.concat())
    });
    refused(checking, "short", cut.chain(beyond).collect::<Vec<_>>().into_iter());
}

fn strange(checking: &mut Checking) {
    let whole = parcel(&entries(checking, 12, 20));
    let mut messages = vec![("a message with a byte left over".to_owned(), [&whole[..], &[0]].concat())];
    let fewer = [&11_u32.to_le_bytes()[..], &whole[4..]].concat();
    messages.push(("a message of 12 entries that announces 11".to_owned(), fewer));
    for name in [&b"\xff"[..], b"caf\xc3", b"\xed\xa0\x80"] {
        let length = (name.len() as u32).to_le_bytes();
        let message = [&1_u32.to_le_bytes()[..], &length, name, &0_u32.to_le_bytes()].concat();
        messages.push((format!("a name of the bytes {name:02x?}"), message));
    }
    refused(checking, "strange", messages.into_iter());
}

fn announced(checking: &mut Checking) {
    set_hook(Box::new(|_| {}));
    let mut most = 0;
    for number in checking.numbers(8).map(|number| number as u32 % 3_000_000 + 100_000) {
        let message = [&number.to_le_bytes()[..], &[0; 8]].concat();
        let (taken, used) = HEAP.during(|| catch_unwind(|| decode(&message).is_ok()).unwrap_or(false));
        // What takes such a message has found its entries somewhere.
        most = used.bytes.max(most).max(if taken { u64::MAX } else { 0 });
    }
    checking.count("announced", most);
}
