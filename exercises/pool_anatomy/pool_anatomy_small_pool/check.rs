//! What any pool has to do, case by case.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use exercises::checking::{self, Checking};
use multiprocess::{Barrier, Semaphore};
use submission::{Failure, map};

/// How long an item waits for others. Only a pool that gets it wrong lets this pass.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts the items that are done; forked workers inherit it.
static DONE: OnceLock<Semaphore> = OnceLock::new();

/// Where items meet.
static MEETING: OnceLock<Barrier> = OnceLock::new();

fn main() -> ExitCode {
    checking::main(&[
        ("order", order),
        ("few", few),
        ("panics", panics),
        ("large", large),
        ("together", together),
        ("slow", slow),
    ])
}

fn done() -> &'static Semaphore {
    DONE.get_or_init(|| Semaphore::new(0).expect("a page of shared memory"))
}

/// Whether the outcome is as expected, without showing all of it.
fn outcome<O: PartialEq>(checking: &mut Checking, test: &str, outcome: Result<Vec<O>, Failure>, expected: &[O]) {
    match outcome {
        Ok(outputs) if outputs == expected => checking.holds(test, true, format_args!("{} outputs", expected.len())),
        Ok(outputs) if outputs.len() != expected.len() => {
            checking.holds(test, false, format_args!("{} outputs of {} items", outputs.len(), expected.len()));
        }
        Ok(outputs) => {
            let wrong = outputs.iter().zip(expected).position(|(output, expected)| output != expected);
            checking.holds(test, false, format_args!("output {} is wrong, or another item's", wrong.unwrap_or(0)));
        }
        Err(failure) => checking.holds(test, false, failure),
    }
}

fn mixed(number: u64) -> u64 {
    number.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The first item ends after a hundred others have, so that its output comes far behind theirs.
fn tell_who((place, number): (usize, u64)) -> (u64, u32) {
    if place > 0 {
        done().release().expect("fewer than 2^31");
    } else {
        // A pool in which they do not end meanwhile may give its outputs in the right order all the same.
        let _ = (0..100).all(|_| done().acquire(PATIENCE).is_ok());
    }
    (mixed(number), std::process::id())
}

fn order(checking: &mut Checking) {
    done();
    let numbers: Vec<u64> = checking.numbers(200).collect();
    let outputs = map(3, tell_who, numbers.iter().copied().enumerate().collect());
    let pids: BTreeSet<u32> = outputs.iter().flatten().map(|(_, pid)| *pid).collect();
    let outputs = outputs.map(|outputs| outputs.into_iter().map(|(output, _)| output).collect());
    outcome(checking, "order", outputs, &numbers.iter().map(|number| mixed(*number)).collect::<Vec<_>>());
    if pids.contains(&std::process::id()) {
        checking.holds("workers", false, "the parent did a part itself");
    } else {
        checking.holds("workers", pids.len() == 3, format_args!("{} processes did all items, expected 3", pids.len()));
    }
}

fn few(checking: &mut Checking) {
    let numbers: Vec<u64> = checking.numbers(11).collect();
    let (two, nine) = numbers.split_at(2);
    let all = map(5, mixed, two.to_vec()).and_then(|mut outputs| {
        outputs.extend(map(3, mixed, Vec::new())?);
        outputs.extend(map(1, mixed, nine.to_vec())?);
        Ok(outputs)
    });
    outcome(checking, "few", all, &numbers.iter().map(|number| mixed(*number)).collect::<Vec<_>>());
}

/// Panics at 13.
fn fear(number: u64) -> u64 {
    assert!(number != 13, "this panic is meant");
    number
}

fn panics(checking: &mut Checking) {
    let place = (checking.seed() % 20) as usize;
    let mut numbers: Vec<u64> = (100..120).collect();
    numbers[place] = 13;
    match map(3, fear, numbers) {
        Err(Failure::Panicked(number)) => checking.equal("panics", &number, &place),
        Err(failure) => checking.holds("panics", false, failure),
        Ok(outputs) => checking.holds("panics", false, format_args!("got {} outputs of 20 items", outputs.len())),
    }
}

fn turned_round(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.reverse();
    bytes
}

fn large(checking: &mut Checking) {
    let items: Vec<Vec<u8>> = checking.numbers(7).map(|number| number.to_le_bytes().repeat(37_500)).collect();
    let expected: Vec<Vec<u8>> = items.iter().cloned().map(turned_round).collect();
    outcome(checking, "large", map(2, turned_round, items), &expected);
}

/// Whether two others came while this was waiting.
fn meet(_: u64) -> bool {
    MEETING.get().is_some_and(|meeting| meeting.wait(PATIENCE).is_ok())
}

fn together(checking: &mut Checking) {
    MEETING.get_or_init(|| Barrier::new(3).expect("a page of shared memory"));
    outcome(checking, "together", map(3, meet, vec![0, 1, 2]), &[true; 3]);
}

/// The first item ends when all others have; false if they did not in time.
fn wait_for_all((place, items): (usize, usize)) -> bool {
    if place > 0 {
        return done().release().is_ok();
    }
    (1..items).all(|_| done().acquire(PATIENCE).is_ok())
}

fn slow(checking: &mut Checking) {
    done();
    let items = 40 + (checking.seed() % 9) as usize;
    let outputs = map(3, wait_for_all, (0..items).map(|place| (place, items)).collect());
    match outputs {
        Ok(outputs) if outputs.first() == Some(&false) => {
            checking.holds("slow", false, "the slow item had to wait for others that were waiting for it");
        }
        outputs => outcome(checking, "slow", outputs, &vec![true; items]),
    }
}
