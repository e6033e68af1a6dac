//! Whatever bytes come, they are refused by value: seeds from `tests/corpus/`, and a hundred thousand mutations of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bincode::{Decode, Encode};
use multiprocess::{Function, Initializer, Usage, codec, frame, hostile, register_function, register_initializer};

use super::Case;

pub(super) const CASES: &[Case] = &[
    ("the_corpus_is_accepted_and_refused_as_it_is_named", corpus_is_judged),
    ("a_hundred_thousand_hostile_messages_are_refused_by_value", hundred_thousand_messages),
    ("what_is_announced_and_does_not_come_takes_no_memory", announced_takes_no_memory),
];

/// Set, it makes the corpus case write the seeds instead of comparing them: after the format has changed on purpose.
const WRITE: &str = "CASES_WRITE_CORPUS";

/// What a message may hold: numbers, text, a choice.
type Load = (u64, Vec<u64>, String, Option<bool>);

/// Takes a bit of everything.
#[derive(Encode, Decode)]
struct Weigh(Option<String>);

impl Function for Weigh {
    const NAME: &'static str = "cases::Weigh";
    type State = ();
    type Item = Load;
    type Output = u64;

    fn call(&self, _: &(), (number, numbers, text, choice): Load) -> u64 {
        let own = self.0.as_ref().map_or(0, String::len) + text.len() + usize::from(choice == Some(true));
        numbers.into_iter().fold(number, u64::wrapping_add).wrapping_add(own as u64)
    }
}
register_function!(Weigh);

/// Takes and gives what has no size.
#[derive(Encode, Decode)]
struct Nothing;

impl Function for Nothing {
    const NAME: &'static str = "cases::Nothing";
    type State = ();
    type Item = ();
    type Output = ();

    fn call(&self, (): &(), (): ()) {}
}
register_function!(Nothing);

/// Keeps a bit of everything.
#[derive(Encode, Decode)]
struct Keep(Load);

impl Initializer for Keep {
    const NAME: &'static str = "cases::Keep";
    type State = Load;

    fn initialize(self) -> Load {
        self.0
    }
}
register_initializer!(Keep);

/// A reader of bytes from elsewhere, and its folder in the corpus.
type Reader = (&'static str, fn(&[u8]) -> bool);
const READERS: [Reader; 5] = [
    ("frames", hostile::frames),
    ("tasks", hostile::task),
    ("replies", hostile::reply),
    ("control", hostile::control),
    ("ends", hostile::end),
];

fn load(size: usize) -> Load {
    (
        size as u64,
        (0..size as u64).map(|x| x << (x % 64)).collect(),
        "ü".repeat(size),
        size.is_multiple_of(2).then_some(true),
    )
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::write(&mut bytes, body).unwrap();
    bytes
}

/// A length as bincode writes it above 2^32.
fn length(elements: u64) -> Vec<u8> {
    [&[253][..], &elements.to_le_bytes()].concat()
}

/// What a new process is sent: see `src/start/README.md`.
fn announcement(descriptors: u8, trace: u8, message: &[u8]) -> Vec<u8> {
    let mut bytes = [0; 64];
    let role = b"classic-worker";
    bytes[..3].copy_from_slice(&[descriptors, role.len() as u8, trace]);
    bytes[3] = 1;
    bytes[19..19 + role.len()].copy_from_slice(role);
    [&bytes[..], &framed(message)].concat()
}

/// Every seed: its folder, its name, its bytes. `valid-` is accepted, `hostile-` is refused.
fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let head = |name: &str| codec::dumps(&(true, 5_u64, 3_u64, name)).unwrap();
    let task = |name: &str, function: Vec<u8>, chunk: &[u8]| [head(name), function, chunk.to_vec()].concat();
    let weigh = |chunk: &[u8]| task(Weigh::NAME, codec::dumps(&Some("a kilogram")).unwrap(), chunk);
    let loads = codec::dumps(&vec![load(0), load(1), load(12)]).unwrap();
    let reply = |outcome: &[u8]| [codec::dumps(&(true, 5_u64, 3_u64)).unwrap(), outcome.to_vec()].concat();
    let results = |chunk: &[u8]| reply(&[&[0], chunk].concat());
    let setup = codec::dumps(&(true, Keep::NAME, load(7))).unwrap();
    vec![
        ("frames", "valid-three", [framed(b""), framed(b"abc"), framed(&[7; 300])].concat()),
        ("frames", "valid-long-header", [&(-1_i32).to_be_bytes()[..], &3_u64.to_be_bytes(), b"abc"].concat()),
        ("frames", "hostile-cut", framed(&[7; 300])[..200].to_vec()),
        ("frames", "hostile-negative", (-2_i32).to_be_bytes().to_vec()),
        ("frames", "hostile-2-gib", i32::MAX.to_be_bytes().to_vec()),
        ("frames", "hostile-2-to-the-64", [&(-1_i32).to_be_bytes()[..], &u64::MAX.to_be_bytes()].concat()),
        ("tasks", "valid-weigh", weigh(&loads)),
        ("tasks", "valid-nothing", task(Nothing::NAME, Vec::new(), &[3, 1, 1, 1])),
        ("tasks", "valid-sentinel", vec![0]),
        ("tasks", "hostile-unknown-name", head("cases::Unheard")),
        ("tasks", "hostile-many-loads", weigh(&length(u64::MAX))),
        ("tasks", "hostile-many-nothings", task(Nothing::NAME, Vec::new(), &length(u64::MAX))),
        ("tasks", "hostile-many-numbers", weigh(&[vec![1, 1], length(1 << 33)].concat())),
        ("tasks", "hostile-long-text", weigh(&[vec![1, 1, 0], length(1 << 33)].concat())),
        ("tasks", "hostile-left-over", [weigh(&loads), vec![0]].concat()),
        ("replies", "valid-results", results(&loads)),
        ("replies", "valid-nothings", results(&[2, 1, 1])),
        ("replies", "valid-refusal", reply(&codec::dumps(&Err::<(), _>("it panicked: thirteen")).unwrap())),
        ("replies", "hostile-many-results", results(&length(u64::MAX))),
        ("replies", "hostile-gib-of-numbers", results(&[vec![1, 1], length((1 << 30) / 8 - 100)].concat())),
        ("replies", "hostile-third-outcome", reply(&[2])),
        ("control", "valid-arrival", announcement(0, 0, &setup)),
        ("control", "valid-without-initializer", announcement(0, 0, &[0])),
        ("ends", "valid-end", (0..9_i64).flat_map(i64::to_ne_bytes).collect()),
        ("ends", "valid-signal", (0..9).map(|x: i64| 7 - 4 * x).flat_map(i64::to_ne_bytes).collect()),
        (
            "ends",
            "valid-impossible",
            [i64::MIN, i32::MIN.into(), -1, -1, -1, -1, -1, -1, -1].into_iter().flat_map(i64::to_ne_bytes).collect(),
        ),
        ("ends", "hostile-short", vec![0; 71]),
        ("control", "hostile-descriptors-that-do-not-come", announcement(200, 1, &setup)[..20].to_vec()),
        ("control", "hostile-short", vec![0; 7]),
    ]
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn corpus_is_judged() {
    let mut known: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    for (folder, name, bytes) in seeds() {
        let (_, read) = READERS.iter().find(|(reader, _)| *reader == folder).unwrap();
        assert_eq!(read(&bytes), name.starts_with("valid-"), "{folder}/{name}: {bytes:?}");
        known.insert(corpus().join(folder).join(name), bytes);
    }
    if std::env::var_os(WRITE).is_some() {
        for (path, bytes) in &known {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    let folders = READERS.iter().flat_map(|(folder, _)| fs::read_dir(corpus().join(folder)).unwrap());
    let found: BTreeMap<PathBuf, Vec<u8>> =
        folders.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&known));
    for (path, bytes) in &known {
        assert_eq!(&found[path], bytes, "{}: did the format change? {WRITE}=1 writes the corpus anew", path.display());
    }
}

/// Random numbers with a seed, so that a failure comes back: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Numbers at which something changes: of a varint, a length, a limit, a sign.
const EDGES: [u64; 13] = [
    0,
    1,
    250,
    251,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 30,
    1 << 33,
    1 << 61,
    (i32::MIN as i64).cast_unsigned(),
    i64::MIN.cast_unsigned(),
    u64::MAX,
];

/// One of the seeds, cut, flipped, overwritten, spliced with another, or something of its own.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        match random.below(8) {
            0 => bytes.truncate(at),
            1 | 2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            3 if at < bytes.len() => bytes[at] = random.next() as u8,
            4 => {
                let edge = EDGES[random.below(EDGES.len())];
                let edge = if random.below(2) == 0 { edge.to_le_bytes() } else { edge.to_be_bytes() };
                let end = bytes.len().min(at + 8);
                bytes.splice(at..end, edge);
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            6 => drop(bytes.splice(at..at, length(EDGES[random.below(EDGES.len())]))),
            _ => bytes = (0..random.below(120)).map(|_| random.next() as u8).collect(),
        }
    }
    bytes
}

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// 20,000 for each of the five readers.
fn hundred_thousand_messages() {
    const EACH: usize = 20_000;
    PANICS.store(0, Relaxed);
    let told = std::panic::take_hook();
    // Also what a worker catches and sends back counts.
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Relaxed);
        eprintln!("{panic}");
    }));
    let before = Usage::of_this_process().max_rss_bytes;
    let mut random = Random(28);
    let mut judged = BTreeMap::new();
    for (reader, read) in READERS {
        let seeds: Vec<_> = seeds().into_iter().filter(|seed| seed.0 == reader).map(|seed| seed.2).collect();
        for _ in 0..EACH {
            let bytes = mutated(&seeds, &mut random);
            let panics = PANICS.load(Relaxed);
            *judged.entry((reader, read(&bytes))).or_insert(0) += 1;
            assert_eq!(PANICS.load(Relaxed), panics, "{reader} panicked on {bytes:?}");
        }
    }
    std::panic::set_hook(told);
    assert_eq!(judged.values().sum::<usize>(), 100_000);
    // Of both kinds there are enough to say that not everything fails at its first byte.
    assert!(judged.len() == 10 && judged.values().all(|count| *count > 100), "{judged:?}");
    let after = Usage::of_this_process().max_rss_bytes;
    assert!(after - before < 64 << 20, "the largest resident size grew from {before} to {after} bytes");
}

/// Each of these announces between 1 GiB and 2^64 elements in a few bytes.
fn announced_takes_no_memory() {
    let before = Usage::of_this_process().max_rss_bytes;
    for (folder, name, bytes) in seeds() {
        let (_, read) = READERS.iter().find(|(reader, _)| *reader == folder).unwrap();
        for _ in 0..20 {
            assert_eq!(read(&bytes), name.starts_with("valid-"), "{folder}/{name}");
        }
    }
    let after = Usage::of_this_process().max_rss_bytes;
    assert!(after - before < 16 << 20, "the largest resident size grew from {before} to {after} bytes");
}
