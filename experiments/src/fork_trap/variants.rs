//! The post's program, the same in the right order, and what is no trap at all.
//!
//! Standard error leads to `/dev/null` meanwhile: a million lines are of no use to anybody, and no destination is faster, so that the lock
//! is held as short as it can be. A terminal or a pipe would only make the trap wider.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use multiprocess::trap;
use multiprocess::watchdog::Watchdog;
use record::Params;

use super::tally::{ANSWER, Answered, DEADLINE, Fault, Tally, counted};
use super::threads::{Delay, Printer, while_allocating};
use super::traps::knowing_stderr;
use crate::turns;

/// The delays that are tried, in microseconds. At 0 hardly ever a child hangs and after 50 most do, on a machine with nothing else to do; the
/// short ones are for what lies between. On a busy one it takes longer until the thread prints.
const DELAYS_US: [u64; 9] = [0, 5, 10, 20, 35, 50, 200, 1_000, 2_000];

/// Below these the thread may be done, or not have begun, when the process forks.
const ENOUGH_PRINTS: u64 = 100_000;
const ENOUGH_DELAY_US: u64 = 1_000;

/// The delays up to the longest that is asked for, and that one.
fn delays(params: &Params) -> Vec<u64> {
    let longest = params["delay_us_max"];
    let mut delays: Vec<u64> = DELAYS_US.into_iter().filter(|delay| *delay < longest).collect();
    delays.push(longest);
    delays
}

// ANCHOR: child
/// What the child does in all variants of the post's program: it prints a line, and answers.
fn print_and_answer() -> i32 {
    eprintln!("hello from the child");
    ANSWER
}
// ANCHOR_END: child

// ANCHOR: fork_first
pub(super) fn fork_first(params: &Params) -> Answered {
    counted(|tally| {
        for _ in 0..params["trials"] {
            until_alone()?;
            let child = trap::fork_alone(print_and_answer)?;
            let _printer = Printer::start(params["prints"]);
            tally.watch(&Watchdog::new(DEADLINE), child)?;
        }
        Ok(())
    })
}
// ANCHOR_END: fork_first

/// A thread that was joined is still listed for a moment; the fork waits until it is gone.
fn until_alone() -> Result<(), Fault> {
    let begin = Instant::now();
    while trap::thread_count()? > 1 && begin.elapsed() < DEADLINE {
        std::thread::yield_now();
    }
    Ok(())
}

// ANCHOR: posted_program
/// One run of the post's program: start the thread, wait, fork, and let the child print. Tells how long it really waited, and whether the
/// child hung.
fn posted(
    delay_us: u64,
    prints: u64,
    dog: &Watchdog,
    tally: &mut Tally,
    child: fn() -> i32,
) -> Result<(Duration, bool), Fault> {
    let delay = Delay::of(Duration::from_micros(delay_us));
    let printer = Printer::start(prints);
    let waited = delay.pass();
    let child = trap::fork_despite_threads(child)?;
    printer.stop();
    Ok((waited, tally.watch(dog, child)?))
}
// ANCHOR_END: posted_program

pub(super) fn posted_program(params: &Params) -> Answered {
    let (delays, prints) = (delays(params), params["prints"]);
    let mut hung = vec![0; delays.len()];
    let mut waited = vec![Vec::new(); delays.len()];
    let dog = knowing_stderr();
    let outcome = counted(|tally| {
        // All delays in turn, so that a machine that becomes busy is busy for each of them.
        for round in 0..params["trials"] {
            for at in turns::order(delays.len(), usize::try_from(round)?) {
                let (time, hangs) = posted(delays[at], prints, &dog, tally, print_and_answer)?;
                hung[at] += u64::from(hangs);
                waited[at].push(u64::try_from(time.as_nanos())?);
            }
        }
        Ok(())
    })?;
    let unseen = hung.iter().sum::<u64>() == 0;
    let trials = vec![params["trials"]; delays.len()];
    let waited = waited.into_iter().map(median).collect();
    let outcome = outcome.series("delays_us", delays).series("hung", hung).series("trials", trials);
    let outcome = outcome.series("waited_ns", waited);
    Ok(match () {
        () if unseen && prints < ENOUGH_PRINTS => {
            outcome.no_room(format!("{prints} lines may be printed before the fork"))
        }
        () if unseen && params["delay_us_max"] < ENOUGH_DELAY_US => {
            outcome.no_room("the process may fork before the thread prints")
        }
        () => outcome,
    })
}

/// The upper median of the trials, of which there is one at least.
fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0)
}

// ANCHOR: lock_recreated
/// Standard error as CPython's child has it: the same descriptor behind a lock of its own, which nobody else ever held.
fn print_with_a_new_lock() -> i32 {
    let printed = std::io::stderr().as_fd().try_clone_to_owned().and_then(|descriptor| {
        let recreated = Mutex::new(File::from(descriptor));
        let mut stderr = recreated.lock().map_err(|_| std::io::Error::other("nobody else has this lock"))?;
        writeln!(stderr, "hello from the child")
    });
    if printed.is_ok() { ANSWER } else { 1 }
}
// ANCHOR_END: lock_recreated

pub(super) fn posted_program_lock_recreated(params: &Params) -> Answered {
    let delays = delays(params);
    counted(|tally| {
        let dog = Watchdog::new(DEADLINE);
        // The long delays first: they are the ones that matter if there are few trials.
        for (_, delay) in (0..params["trials"]).zip(delays.iter().rev().cycle()) {
            posted(*delay, params["prints"], &dog, tally, print_with_a_new_lock)?;
        }
        Ok(())
    })
}

/// Threads that keep the allocator's lock busy.
const ALLOCATING: usize = 4;

pub(super) fn malloc_busy(params: &Params) -> Answered {
    counted(|tally| {
        let dog = Watchdog::new(DEADLINE);
        while_allocating(ALLOCATING, || {
            for _ in 0..params["trials"] {
                tally.watch(&dog, trap::fork_despite_threads(allocate_and_answer)?)?;
            }
            Ok(())
        })
    })
}

// ANCHOR: allocate
/// Allocates more blocks, of more sizes, than a thread keeps in its own cache.
fn allocate_and_answer() -> i32 {
    let blocks: Vec<Vec<u8>> = (0..1_000).map(|number| black_box(vec![1; 16 + number * 4])).collect();
    if blocks.len() == 1_000 { ANSWER } else { 1 }
}
// ANCHOR_END: allocate
