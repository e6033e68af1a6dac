//! The variants: one codec each, over the three things.
//!
//! The measured part is the floats alone, encoded, decoded and read `trials` times; a first pass before it touches the memory that the others use again.
//! The cache, the small arrays and a sweep over sizes come after it, and are told in facts and series.

use std::time::Instant;

use harness::{Measured, Outcome};
use record::Params;

use super::codecs::{Bincode, Bulk, Codec, Postcard, Serde, Wincode};
use super::data::{self, Floats, Prepared};
use super::in_place::{Archive, Borrowed, Copied};
use super::pass::{Fault, Pass, told};

type Answered = Result<Outcome, Fault>;

/// The smallest message of the sweep, and how much larger the next one is.
const FIRST: usize = 8;
const STEP: usize = 8;

/// A point of the sweep is a mean over so many floats in all, or one pass.
const FLOATS_PER_POINT: usize = 1 << 15;

// ANCHOR: settled
/// A block of this size is the largest that glibc takes from its heap once one was given back (mallopt(3), M_MMAP_THRESHOLD).
const LARGEST_ON_HEAP: usize = 31 << 20;

/// Has the allocator keep what is given back to it. A fresh process gives large blocks back to the kernel at once, and takes them again page by
/// page; which of the blocks those are depends on what was freed before, and so one codec would pay for them and another would not.
fn settle_allocator() {
    drop(std::hint::black_box(vec![0_u8; LARGEST_ON_HEAP]));
}
// ANCHOR_END: settled

fn codec<C: Codec>(params: &Params) -> Answered {
    settle_allocator();
    let size = |name: &str| usize::try_from(params[name]);
    let (seed, trials) = (params["seed"], params["trials"]);
    let floats = Prepared::from(data::floats(size("floats")?, seed));
    let warm_up = C::floats(&floats)?;
    let measured = Measured::take(|| {
        let passes: Result<Vec<Pass>, Fault> = (0..trials).map(|_| C::floats(&floats)).collect();
        Ok::<_, Fault>((passes?, Vec::new()))
    })?;
    let mut of_floats = Vec::new();
    let outcome = measured.answer(|passes| {
        of_floats.clone_from(passes);
        String::new()
    });
    let (sizes, times) = sweep::<C>(&floats.floats)?;
    let cache = data::cache(u32::try_from(params["cache_entries"])?);
    let of_cache = times_over(trials, || C::cache(&cache))?;
    drop(cache);
    let arrays = data::arrays(size("arrays")?, seed);
    let of_arrays = times_over(trials, || C::arrays(&arrays))?;
    of_floats.push(warm_up);
    let sums = [agreed(&of_floats)?, agreed(&of_cache)?, agreed(&of_arrays)?];
    of_floats.pop();
    let outcome = told(outcome.iterations(trials), "floats", &of_floats).answered(data::answer(sums));
    let outcome = told(told(outcome, "cache", &of_cache), "arrays", &of_arrays);
    Ok(outcome.series("sizes_bytes", sizes).series("pass_ns", times))
}

/// Passes once for nothing, and then `trials` times.
fn times_over(trials: u64, mut pass: impl FnMut() -> Result<Pass, Fault>) -> Result<Vec<Pass>, Fault> {
    pass()?;
    (0..trials).map(|_| pass()).collect()
}

/// The one sum that all passes gave.
fn agreed(passes: &[Pass]) -> Result<u64, Fault> {
    let first = passes.first().ok_or("nothing was passed")?.sum;
    match passes.iter().find(|pass| pass.sum != first) {
        Some(other) => Err(format!("one pass gave {first:016x} and another {:016x}", other.sum).into()),
        None => Ok(first),
    }
}

/// The time of a pass against its size: a few numbers, eight times as many, and so on up to all of them.
fn sweep<C: Codec>(floats: &Floats) -> Result<(Vec<u64>, Vec<u64>), Fault> {
    let smaller =
        std::iter::successors(Some(FIRST), |size| size.checked_mul(STEP)).take_while(|size| *size < floats.len());
    let all = Some(floats.len()).filter(|size| *size > 0);
    let (mut sizes, mut times) = (Vec::new(), Vec::new());
    for size in smaller.chain(all) {
        let piece = Prepared::from(floats[..size].to_vec());
        let passes = (FLOATS_PER_POINT / size).clamp(1, 1_000);
        C::floats(&piece)?;
        let begin = Instant::now();
        for _ in 0..passes {
            C::floats(&piece)?;
        }
        let ns = begin.elapsed().as_nanos() / passes as u128;
        sizes.push(size as u64 * 8);
        times.push(u64::try_from(ns)?);
    }
    Ok((sizes, times))
}

pub(super) fn element_wise(params: &Params) -> Answered {
    codec::<Bincode>(params)
}

pub(super) fn through_serde(params: &Params) -> Answered {
    codec::<Serde>(params)
}

pub(super) fn postcard(params: &Params) -> Answered {
    codec::<Postcard>(params)
}

pub(super) fn wincode(params: &Params) -> Answered {
    codec::<Wincode>(params)
}

pub(super) fn bulk(params: &Params) -> Answered {
    codec::<Bulk>(params)
}

pub(super) fn borrowed(params: &Params) -> Answered {
    codec::<Borrowed>(params)
}

pub(super) fn archived(params: &Params) -> Answered {
    codec::<Archive>(params)
}

pub(super) fn copied(params: &Params) -> Answered {
    codec::<Copied>(params)
}
