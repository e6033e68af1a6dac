//! Data that a forked child has without being sent it, and what that costs later; and the same data sent.

use std::hint::black_box;
use std::time::Instant;

use bincode::{Decode, Encode};
use harness::Measured;
use multiprocess::process::{Context, Options};
use multiprocess::{Function, Process, RawArray, StartMethod, Status, register_function};
use nix::sys::resource::{UsageWho, getrusage};
use record::Params;

use super::resident::{MIB, PAGE_BYTES, huge_bytes};
use super::starts::PATIENCE;
use super::step::{Answered, Fault, SEED, answer, merged, right, step};

/// What the child reports, in this order: what it saw, and faults and nanoseconds of three passes over the data.
const PLACES: usize = 1 + 2 * PASSES.len();

/// Reading every page, writing to every page, and writing to it again.
const PASSES: [&str; 3] = ["read", "write", "rewrite"];

/// Bytes of which every page is resident.
fn data(params: &Params) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0_u8; usize::try_from(params["inherited_mib"] * MIB)?];
    for (page, byte) in bytes.iter_mut().step_by(PAGE_BYTES).enumerate() {
        *byte = (page % 251) as u8;
    }
    Ok(bytes)
}

/// What is in the data: a sum over the first byte of each page.
fn seen(data: &[u8]) -> u64 {
    data.iter().step_by(PAGE_BYTES).map(|byte| u64::from(*byte)).sum()
}

// ANCHOR: touch
/// How many pages this process had to be given during `touch`, and how long it took: minor faults, which need no disk.
fn faults(touch: impl FnOnce()) -> Result<[u64; 2], Fault> {
    let so_far = || Ok::<_, Fault>(u64::try_from(getrusage(UsageWho::RUSAGE_SELF)?.minor_page_faults())?);
    let (before, begin) = (so_far()?, Instant::now());
    touch();
    let ns = u64::try_from(begin.elapsed().as_nanos())?;
    Ok([so_far()? - before, ns])
}

/// The child's life: it looks at the data it was born with, and then writes to it, twice.
fn touch(data: &mut [u8], told: &RawArray<u64>) -> Result<(), Fault> {
    let write = |data: &mut [u8]| black_box(data).iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte ^= 0xFF);
    let mut sum = 0;
    let read = faults(|| sum = seen(black_box(data)))?;
    let (first, second) = (faults(|| write(data))?, faults(|| write(data))?);
    let told_of = std::iter::once(sum).chain([read, first, second].into_iter().flatten());
    for (place, number) in told_of.enumerate() {
        told.store(place, number)?;
    }
    Ok(())
}
// ANCHOR_END: touch

pub(super) fn inherited(params: &Params) -> Answered {
    let mut data = data(params)?;
    let (expected, told) = (seen(&data), RawArray::<u64>::zeroed(PLACES)?);
    let measured = Measured::take(|| {
        let child = || i32::from(touch(&mut data, &told).is_err());
        let report = Process::start(&[], child)?.join(PATIENCE)?;
        match report.status {
            Status::Exited(0) => Ok::<_, Fault>((step(SEED), vec![report])),
            other => Err(format!("the child ended with {other:?}").into()),
        }
    })?;
    let told = told.to_vec();
    if [told[0], seen(&data)] != [expected; 2] {
        return Err("the child saw other data, or what it wrote is here".into());
    }
    // The child is gone, and the pages are ours alone again; the kernel learns of that page by page.
    let [parent_faults, _] =
        faults(|| black_box(&mut data[..]).iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte ^= 1))?;
    let mut outcome = measured.answer(|value| answer(*value));
    for (pass, pair) in PASSES.iter().zip(told[1..].chunks(2)) {
        outcome = outcome.fact(&format!("{pass}_faults"), pair[0]).fact(&format!("{pass}_ns"), pair[1]);
    }
    let pages = data.len().div_ceil(PAGE_BYTES) as u64;
    let outcome = outcome.fact("parent_faults", parent_faults).fact("pages", pages);
    Ok(outcome.fact("data_bytes", data.len() as u64).fact("huge_bytes", huge_bytes()))
}

/// Looks at the data that it was sent.
#[derive(Debug, Encode, Decode)]
struct Look;

impl Function for Look {
    const NAME: &'static str = "start_cost::Look";
    type State = ();
    type Item = Vec<u8>;
    type Output = (u64, u64);

    fn call(&self, _: &(), data: Vec<u8>) -> (u64, u64) {
        (seen(&data), step(SEED))
    }
}
register_function!(Look);

/// A spawned process has nothing of its parent's, so the data is its argument.
pub(super) fn sent(params: &Params) -> Answered {
    let data = data(params)?;
    let (expected, bytes) = (seen(&data), data.len() as u64);
    let context = Context::new(StartMethod::Spawn)?;
    let mut handed_over = Some(data);
    let measured = Measured::take(|| {
        let data = handed_over.take().ok_or("the data is sent once")?;
        let mut process = context.start(Options::new(), &Look, data, &[])?;
        let report = process.join(PATIENCE)?;
        let (sum, value) = process.output(PATIENCE)?;
        if sum != expected {
            return Err("the process was sent other data".into());
        }
        right(value)?;
        Ok::<_, Fault>((value, merged([report])))
    })?;
    Ok(measured.answer(|value| answer(*value)).fact("data_bytes", bytes))
}
