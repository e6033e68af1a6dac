//! One pass: a value is encoded, decoded, and read to its last byte, each part timed by itself.
//!
//! Reading is part of it. A format that decodes nothing has its work still before it, and who compares only the time of a decode
//! compares a piece of work with a promise.

use std::collections::HashMap;
use std::error::Error;
use std::time::Instant;

use harness::Outcome;
use multiprocess::meter;

pub(super) type Fault = Box<dyn Error + Send + Sync>;

/// What a value becomes.
pub(super) trait Encoded {
    /// Its size as a message.
    fn bytes(&self) -> usize;
}

impl Encoded for Vec<u8> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Encoded for rkyv::util::AlignedVec {
    fn bytes(&self) -> usize {
        self.len()
    }
}

/// A copy is no message; its size is that of its contents.
impl Encoded for Vec<f64> {
    fn bytes(&self) -> usize {
        self.len() * 8
    }
}

impl Encoded for HashMap<u32, String> {
    fn bytes(&self) -> usize {
        self.values().map(|bits| bits.len() + 4).sum()
    }
}

impl Encoded for Vec<Vec<u8>> {
    fn bytes(&self) -> usize {
        self.iter().map(Vec::len).sum()
    }
}

/// Tells where decoding ends and reading begins.
#[derive(Debug)]
pub(super) struct Clock {
    begin: Instant,
    heap_before: u64,
    decode_ns: u64,
    heap_bytes: u64,
}

impl Clock {
    fn start() -> Self {
        let heap_before = meter::heap_bytes().unwrap_or(0);
        Self { begin: Instant::now(), heap_before, decode_ns: 0, heap_bytes: 0 }
    }

    /// The value is there, as far as this codec makes one; now it is read.
    pub(super) fn decoded(&mut self) {
        self.decode_ns = ns(self.begin);
        self.heap_bytes = meter::heap_bytes().unwrap_or(0).saturating_sub(self.heap_before);
        self.begin = Instant::now();
    }
}

/// What one pass took and gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    pub(super) sum: u64,
    bytes: u64,
    heap_bytes: u64,
    encode_ns: u64,
    decode_ns: u64,
    read_ns: u64,
}

// ANCHOR: pass
/// Encodes, decodes and reads once. `decode` calls [`Clock::decoded`] when it has decoded, and returns the sum of what it read.
pub(super) fn pass<B: Encoded>(
    encode: impl FnOnce() -> Result<B, Fault>,
    decode: impl FnOnce(&B, &mut Clock) -> Result<u64, Fault>,
) -> Result<Pass, Fault> {
    let begin = Instant::now();
    let encoded = encode()?;
    let encode_ns = ns(begin);
    let mut clock = Clock::start();
    let sum = decode(&encoded, &mut clock)?;
    let read_ns = ns(clock.begin);
    let Clock { decode_ns, heap_bytes, .. } = clock;
    Ok(Pass { sum, bytes: encoded.bytes() as u64, heap_bytes, encode_ns, decode_ns, read_ns })
}
// ANCHOR_END: pass

fn ns(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Adds what `passes` of the same value took, the median of each part, and what they came to.
pub(super) fn told(outcome: Outcome, data: &str, passes: &[Pass]) -> Outcome {
    let median = |part: fn(&Pass) -> u64| {
        let mut times: Vec<u64> = passes.iter().map(part).collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or(0)
    };
    let last = passes.last();
    outcome
        .fact(&format!("{data}_encode_ns"), median(|pass| pass.encode_ns))
        .fact(&format!("{data}_decode_ns"), median(|pass| pass.decode_ns))
        .fact(&format!("{data}_read_ns"), median(|pass| pass.read_ns))
        .fact(&format!("{data}_pass_ns"), median(|pass| pass.encode_ns + pass.decode_ns + pass.read_ns))
        .fact(&format!("{data}_bytes"), last.map_or(0, |pass| pass.bytes))
        .fact(&format!("{data}_heap_bytes"), median(|pass| pass.heap_bytes))
}
