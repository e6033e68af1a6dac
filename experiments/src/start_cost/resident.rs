//! A start of each kind while ever more memory is resident in the process that asks for it.

use std::path::Path;
use std::time::Instant;

use harness::{Measured, Outcome};
use multiprocess::process::Context;
use multiprocess::{RawValue, StartMethod};
use record::Params;

use super::starts::{one_fork, one_process, one_program, one_thread, tiny_program};
use super::step::{Answered, Fault, SEED, answer, right, step};
use crate::turns;

pub(super) const MIB: u64 = 1 << 20;

/// The smallest page there is: a write to one byte in each makes them all resident.
pub(super) const PAGE_BYTES: usize = 4_096;

/// The smallest size; each is four times the one before, up to the largest.
const SMALLEST_MIB: u64 = 10;

/// How often each kind is started at each size; the median counts.
const ROUNDS: usize = 5;

/// The kinds, by the names of their series.
const KINDS: [&str; 5] = ["thread_ns", "fork_ns", "forkserver_ns", "spawn_ns", "posix_spawn_ns"];

/// The sizes in MiB, up to `largest`.
pub(super) fn sizes(largest: u64) -> Vec<u64> {
    let below = std::iter::successors(Some(SMALLEST_MIB), |size| size.checked_mul(4));
    below.take_while(|size| *size < largest).chain([largest]).collect()
}

/// Memory that is resident, in parts.
#[derive(Default)]
struct Resident(Vec<Vec<u8>>);

impl Resident {
    fn grow_to(&mut self, bytes: u64) -> Result<(), Fault> {
        let held: u64 = self.0.iter().map(|part| part.len() as u64).sum();
        let mut part = vec![0_u8; usize::try_from(bytes.saturating_sub(held))?];
        part.iter_mut().step_by(PAGE_BYTES).for_each(|byte| *byte = 1);
        self.0.push(part);
        Ok(())
    }
}

/// One start of one kind, and how long it took.
struct Starters {
    result: RawValue<u64>,
    forkserver: Context,
    spawn: Context,
}

impl Starters {
    fn new() -> Result<Self, Fault> {
        // The server is executed now; how large this process will be is nothing to it.
        let [forkserver, spawn] = [StartMethod::ForkServer, StartMethod::Spawn].map(Context::new);
        Ok(Self { result: RawValue::new(0)?, forkserver: forkserver?, spawn: spawn? })
    }

    fn start(&self, kind: usize) -> Result<u64, Fault> {
        let begin = Instant::now();
        let value = match KINDS[kind] {
            "thread_ns" => one_thread()?,
            "fork_ns" => one_fork(&self.result)?.0,
            "forkserver_ns" => one_process(&self.forkserver)?.0,
            "spawn_ns" => one_process(&self.spawn)?.0,
            _ => match tiny_program() {
                Some(place) => one_program(place).map(|()| step(SEED))?,
                None => step(SEED),
            },
        };
        let took = u64::try_from(begin.elapsed().as_nanos())?;
        right(value).map(|()| took)
    }
}

/// The median start of each kind at each size, kind by kind.
fn sweep(sizes: &[u64], starters: &Starters, resident: &mut Resident) -> Result<[Vec<u64>; 5], Fault> {
    let mut medians = [const { Vec::new() }; 5];
    for (point, size) in sizes.iter().enumerate() {
        resident.grow_to(size * MIB)?;
        let mut took = [const { Vec::new() }; 5];
        for round in 0..ROUNDS {
            for kind in turns::order(KINDS.len(), point * ROUNDS + round) {
                took[kind].push(starters.start(kind)?);
            }
        }
        for (medians, times) in medians.iter_mut().zip(&mut took) {
            times.sort_unstable();
            medians.push(times[ROUNDS / 2]);
        }
    }
    Ok(medians)
}

pub(super) fn resident(params: &Params) -> Answered {
    let sizes = sizes(params["resident_mib"]);
    let (starters, mut resident) = (Starters::new()?, Resident::default());
    for kind in 0..KINDS.len() {
        starters.start(kind)?;
    }
    let measured = Measured::take(|| sweep(&sizes, &starters, &mut resident).map(|medians| (medians, Vec::new())))?;
    let mut medians = None;
    let starts = (sizes.len() * ROUNDS * KINDS.len()) as u64;
    let mut outcome = measured.answer(|found| {
        medians = Some(found.clone());
        answer(step(SEED))
    });
    outcome = outcome.iterations(starts).series("resident_bytes", sizes.iter().map(|size| size * MIB).collect());
    for (name, times) in KINDS.iter().zip(medians.into_iter().flatten()) {
        if *name == "posix_spawn_ns" && tiny_program().is_none() {
            continue;
        }
        for (size, time) in [("smallest", times.first()), ("largest", times.last())] {
            outcome = outcome.fact(&format!("{size}_{name}"), time.copied().unwrap_or(0));
        }
        outcome = outcome.series(name, times);
    }
    let outcome = with_pages(outcome);
    drop(resident);
    Ok(outcome)
}

/// What the kernel says about the memory while it is there: forks of pages of 2 MiB are far faster.
fn with_pages(outcome: Outcome) -> Outcome {
    let told = |name| own("status", name).unwrap_or(0);
    let outcome = outcome.fact("rss_bytes", told("VmRSS")).fact("page_table_bytes", told("VmPTE"));
    outcome.fact("huge_bytes", huge_bytes())
}

/// How much of this process lies in pages of 2 MiB; a kernel without them does not say.
pub(super) fn huge_bytes() -> u64 {
    own("smaps_rollup", "AnonHugePages").unwrap_or(0)
}

/// One line of what `/proc` tells about this process, in bytes: `VmRSS:     1234 kB`.
fn own(file: &str, name: &str) -> Option<u64> {
    let told = std::fs::read_to_string(Path::new("/proc/self").join(file)).ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_grow_fourfold_up_to_the_largest() {
        assert_eq!(sizes(2_560), [10, 40, 160, 640, 2_560]);
        assert_eq!(sizes(100), [10, 40, 100]);
        assert_eq!((sizes(10), sizes(1), sizes(0)), (vec![10], vec![1], vec![0]));
    }

    #[test]
    fn the_kernel_tells_how_much_is_resident() {
        assert!(own("status", "VmRSS").unwrap() > MIB / 2);
        assert_eq!(own("status", "VmNothing"), None);
    }
}
