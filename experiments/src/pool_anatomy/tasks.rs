//! What the pools of this lesson map: nothing, a square root, additions, and items that wait for each other.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bincode::{Decode, Encode};
use multiprocess::{Barrier, Function, Semaphore, register_function};

/// How long a task may wait for others; then it panics, and the map fails.
const WITHIN: Duration = Duration::from_secs(600);

// ANCHOR: nothing
/// The least that a function can do: it returns its item.
#[derive(Encode, Decode)]
pub(crate) struct Nothing;

impl Function for Nothing {
    const NAME: &'static str = "pool_anatomy::Nothing";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), item: u64) -> u64 {
        item
    }
}
register_function!(Nothing);
// ANCHOR_END: nothing

// ANCHOR: root
/// The post's function.
pub(super) fn root(number: u64) -> f64 {
    (number as f64).sqrt()
}

#[derive(Encode, Decode)]
pub(crate) struct Root;

impl Function for Root {
    const NAME: &'static str = "pool_anatomy::Root";
    type State = ();
    type Item = u64;
    type Output = f64;

    fn call(&self, _: &(), number: u64) -> f64 {
        root(number)
    }
}
register_function!(Root);
// ANCHOR_END: root

// ANCHOR: root_sum
/// Roots that need not cross: an item is a range of numbers, and its output a sum over the bits of their roots.
#[derive(Encode, Decode)]
pub(crate) struct RootSum;

impl Function for RootSum {
    const NAME: &'static str = "pool_anatomy::RootSum";
    type State = ();
    type Item = (u64, u64);
    type Output = u64;

    fn call(&self, _: &(), (begin, end): (u64, u64)) -> u64 {
        sum_of_bits((begin..end).map(root))
    }
}
register_function!(RootSum);

/// Equal only if all roots are, to the last bit, but for their order.
pub(super) fn sum_of_bits(roots: impl Iterator<Item = f64>) -> u64 {
    roots.fold(0, |sum, root| sum.wrapping_add(root.to_bits()))
}
// ANCHOR_END: root_sum

// ANCHOR: add
/// Adds one, `additions` times, each fetched from where the compiler cannot see it.
pub(super) fn add(additions: u64) -> u64 {
    (0..additions).fold(0, |sum, _| sum + black_box(1))
}

/// An item of a length that can be chosen.
#[derive(Encode, Decode)]
pub(crate) struct Add;

impl Function for Add {
    const NAME: &'static str = "pool_anatomy::Add";
    type State = ();
    type Item = u64;
    type Output = u64;

    fn call(&self, _: &(), additions: u64) -> u64 {
        add(additions)
    }
}
register_function!(Add);
// ANCHOR_END: add

/// What the tasks that wait for each other wait at. The workers are forked, so that they inherit it.
pub(super) struct Gate {
    finished: Semaphore,
    meeting: Barrier,
    begin: Instant,
}

static GATE: OnceLock<Gate> = OnceLock::new();

impl Gate {
    /// Makes the gate of this subject, before any worker is forked.
    pub(super) fn set(workers: usize) -> Result<&'static Self, multiprocess::Error> {
        let gate = Self { finished: Semaphore::new(0)?, meeting: Barrier::new(workers)?, begin: Instant::now() };
        Ok(GATE.get_or_init(|| gate))
    }

    /// One more is over, for the item that waits for the others.
    pub(super) fn let_go(&self) {
        self.finished.release().expect("so few items can be counted");
    }

    fn of_this_program() -> &'static Self {
        GATE.get().expect("the gate is there before the fork")
    }
}

// ANCHOR: turn
/// An item: its place, how many others it waits for, whether somebody waits for it, its additions. The output: its place, and when it
/// was done, in nanoseconds.
///
/// The one that waits for all others cannot end before them, on however busy a machine.
#[derive(Encode, Decode)]
pub(crate) struct Turn;

impl Function for Turn {
    const NAME: &'static str = "pool_anatomy::Turn";
    type State = ();
    type Item = (u64, u64, bool, u64);
    type Output = (u64, u64);

    fn call(&self, _: &(), (place, others, is_awaited, additions): (u64, u64, bool, u64)) -> (u64, u64) {
        let gate = Gate::of_this_program();
        black_box(add(additions));
        for _ in 0..others {
            gate.finished.acquire(WITHIN).expect("the others end");
        }
        let done = u64::try_from(gate.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if is_awaited {
            gate.let_go();
        }
        (place, done)
    }
}
register_function!(Turn);
// ANCHOR_END: turn

// ANCHOR: meet
/// Ends when every worker is inside such a task, and tells which process it was in.
#[derive(Encode, Decode)]
pub(crate) struct Meet;

impl Function for Meet {
    const NAME: &'static str = "pool_anatomy::Meet";
    type State = ();
    type Item = ();
    type Output = u32;

    fn call(&self, _: &(), (): ()) -> u32 {
        Gate::of_this_program().meeting.wait(WITHIN).expect("every worker comes");
        std::process::id()
    }
}
register_function!(Meet);
// ANCHOR_END: meet

/// Tells which process it was in, at once.
#[derive(Encode, Decode)]
pub(crate) struct Whoami;

impl Function for Whoami {
    const NAME: &'static str = "pool_anatomy::Whoami";
    type State = ();
    type Item = ();
    type Output = u32;

    fn call(&self, _: &(), (): ()) -> u32 {
        std::process::id()
    }
}
register_function!(Whoami);
