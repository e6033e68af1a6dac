//! Copying and reading memory that is far larger than the caches, by one core and by all of them at once.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Scope;

use multiprocess::with_wide_vectors;
use record::Params;

use super::cores::{self, pin};
use super::repeated::repeated;
use super::unmeasured::Unmeasured;
use super::{BYTES, LITTLE};
use crate::outcome::Outcome;

/// How many times the caches the memory is: what is left in them from the last round saves a quarter of the next at most.
const CACHES: u64 = 4;

/// The fewest rounds that are timed.
const AT_LEAST: u64 = 3;

/// What each core does with memory of its own.
pub(super) trait Job {
    /// Gets memory of so many numbers of 64 bits, and writes to all of it.
    fn new(numbers: usize) -> Self;
    /// One round.
    fn round(&mut self) -> Result<(), String>;
}

/// Copies one half to the other, by the C library's `memcpy`.
pub(super) struct Copying {
    from: Vec<u64>,
    to: Vec<u64>,
    round: u64,
}

/// Adds up all numbers.
pub(super) struct Reading {
    numbers: Vec<u64>,
}

impl Job for Copying {
    fn new(numbers: usize) -> Self {
        Self { from: vec![1; numbers], to: vec![2; numbers], round: 0 }
    }

    fn round(&mut self) -> Result<(), String> {
        self.round += 1;
        // One that changes, so that a round that copies nothing is noticed; it is one line of very many.
        let changing = self.from.len() - 1;
        self.from[changing] = self.round;
        std::hint::black_box(&mut self.to[..]).copy_from_slice(std::hint::black_box(&self.from));
        match self.to[changing] == self.round {
            true => Ok(()),
            false => Err(format!("round {} was not copied", self.round)),
        }
    }
}

impl Job for Reading {
    fn new(numbers: usize) -> Self {
        Self { numbers: (0..numbers as u64).collect() }
    }

    fn round(&mut self) -> Result<(), String> {
        let numbers = std::hint::black_box(&self.numbers[..]);
        let sum = with_wide_vectors(
            #[inline(always)]
            || numbers.iter().fold(0_u64, |sum, number| sum.wrapping_add(*number)),
        );
        let last = numbers.len() as u64 - 1;
        let right = last * (last + 1) / 2;
        if sum == right { Ok(()) } else { Err(format!("the sum is {right}, and {sum} was read")) }
    }
}

/// On the first core alone.
pub(super) fn on_one<J: Job>(params: &Params) -> Result<Outcome, Unmeasured> {
    on::<J>(params, &one()?)
}

/// On every core that this process can use at once.
pub(super) fn on_all<J: Job>(params: &Params) -> Result<Outcome, Unmeasured> {
    on::<J>(params, &cores::all()?)
}

fn one() -> Result<Vec<usize>, Unmeasured> {
    let mut cores = cores::all()?;
    cores.truncate(1);
    Ok(cores)
}

/// A thread on each of the cores, all of them at once; one iteration is a round of every thread.
fn on<J: Job>(params: &Params, cores: &[usize]) -> Result<Outcome, Unmeasured> {
    let caches = cores::cache_bytes(cores);
    let numbers = usize::try_from(arena(params, caches) / cores.len() as u64)? / size_of::<u64>();
    let outcome = std::thread::scope(|scope| {
        let threads: Vec<Worker> = cores.iter().map(|core| Worker::start::<J>(scope, *core, numbers)).collect();
        // Their memory is written to before anything is timed.
        threads.iter().try_for_each(Worker::finished)?;
        repeated(params, AT_LEAST, |rounds| {
            threads.iter().try_for_each(|thread| thread.order(rounds))?;
            threads.iter().try_for_each(Worker::finished)
        })
    })?;
    let bytes = (numbers * size_of::<u64>() * cores.len()) as u64;
    Ok(cores::told(cores, outcome).fact(BYTES, bytes).fact("cache_bytes", caches))
}

/// A thread on a core of its own: it does as many rounds as it is told, and tells when it is done.
struct Worker {
    orders: Sender<u64>,
    done: Receiver<Result<(), String>>,
}

impl Worker {
    fn start<'scope, J: Job>(scope: &'scope Scope<'scope, '_>, core: usize, numbers: usize) -> Self {
        let ((orders, ordered), (finish, done)) = (channel(), channel());
        scope.spawn(move || {
            let mut job = match pin(core) {
                Ok(()) => J::new(numbers),
                Err(fault) => return drop(finish.send(Err(fault.to_string()))),
            };
            let mut outcome = Ok(());
            // Until this side has heard enough.
            while finish.send(outcome).is_ok() {
                let Ok(rounds) = ordered.recv() else { return };
                outcome = (0..rounds).try_for_each(|_| job.round());
            }
        });
        Self { orders, done }
    }

    fn order(&self, rounds: u64) -> Result<(), Unmeasured> {
        Ok(self.orders.send(rounds)?)
    }

    fn finished(&self) -> Result<(), Unmeasured> {
        self.done.recv()?.map_err(Unmeasured::wrong)
    }
}

/// How much memory one round reads, all cores together.
fn arena(params: &Params, cache_bytes: u64) -> u64 {
    params["bytes"].max(CACHES.saturating_mul(cache_bytes))
}

fn needed(params: &Params, cores: Result<Vec<usize>, Unmeasured>, copies: u64) -> u64 {
    let caches = cores.map_or(0, |cores| cores::cache_bytes(&cores));
    arena(params, caches).saturating_mul(copies).saturating_add(LITTLE)
}

/// What `copy_one_core` needs, in bytes.
pub(super) fn copy_one(params: &Params) -> u64 {
    needed(params, one(), 2)
}

/// What `copy_all_cores` needs, in bytes.
pub(super) fn copy_all(params: &Params) -> u64 {
    needed(params, cores::all(), 2)
}

/// What `read_one_core` needs, in bytes.
pub(super) fn read_one(params: &Params) -> u64 {
    needed(params, one(), 1)
}

/// What `read_all_cores` needs, in bytes.
pub(super) fn read_all(params: &Params) -> u64 {
    needed(params, cores::all(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_four_times_the_caches_or_what_is_asked_for() {
        let params: Params = [("bytes".to_owned(), 1_000)].into();
        assert_eq!((arena(&params, 0), arena(&params, 250), arena(&params, 251)), (1_000, 1_000, 1_004));
        assert_eq!(arena(&params, u64::MAX), u64::MAX);
    }

    #[test]
    fn both_jobs_notice_when_their_memory_is_not_what_it_should_be() {
        let mut reading = Reading::new(1_000);
        assert_eq!(reading.round(), Ok(()));
        reading.numbers[7] += 1;
        assert_eq!(reading.round().unwrap_err(), "the sum is 499500, and 499501 was read");
        let mut copying = Copying::new(1_000);
        assert_eq!((copying.round(), copying.round()), (Ok(()), Ok(())));
        assert_eq!((copying.to[0], copying.to[999]), (1, 2));
    }
}
