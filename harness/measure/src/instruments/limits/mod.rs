//! The limits: what this machine does with nothing of ours in between, measured in the same run as the lessons.
//!
//! A round trip is a floor under whatever sends a message and waits for the answer; copying and reading are ceilings over whatever moves
//! bytes; fork and exec are floors under a start. Each limit checks what it has done, and answers 0: the number of things that went wrong.
//! One that this machine cannot measure is a row that says why ([`NOT_HERE`](crate::outcome::NOT_HERE)).

mod bulk;
mod cores;
mod memory;
mod other_side;
mod processes;
mod repeated;
mod round_trips;
mod unmeasured;

use cores::Place::{SameCore, TwoCores};
use memory::{Copying, Reading};
use record::Params;
use unmeasured::settled;

use crate::lesson::{Design, Lesson, Parameter, Size, Variant};

/// The fact that tells how many bytes one iteration moves, of a limit that is a bandwidth.
pub const BYTES: &str = "bytes";
/// The series that names the core of each side, of a limit whose sides are pinned.
pub const CORES: &str = "cores";

/// The fewest samples whose median has an interval by ranks, and a few more.
const PASSES: [u32; 3] = [6, 10, 10];

/// The limits of this machine.
pub const LIMITS: Lesson = Lesson {
    stem: "limits",
    title: "The limits of this machine",
    question: "what does the machine do with nothing of ours in between?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: PASSES,
    design: Design::Singles,
    shrinks: &[],
    checks: &[],
    fingerprint: env!("FINGERPRINT_limits"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "bytes",
        about: "memory that is copied or read; four times the caches if those are larger",
        sizes: [Size::Of(64 << 20), Size::Of(128 << 20), Size::Of(256 << 20)],
        min: 1 << 20,
        max: 1 << 34,
    },
    Parameter {
        name: "milliseconds",
        about: "how long one subject repeats what it measures",
        sizes: [Size::Of(10), Size::Of(20), Size::Of(50)],
        min: 1,
        max: 10_000,
    },
];

const MIB: u64 = 1 << 20;

/// What a subject takes besides what it measures with.
const LITTLE: u64 = 16 * MIB;

const fn limit(name: &'static str, about: &'static str, run: Run) -> Variant {
    Variant { name, about, demonstrates: None, memory_bytes: |_| LITTLE, run }
}

const fn large(name: &'static str, about: &'static str, memory_bytes: fn(&Params) -> u64, run: Run) -> Variant {
    Variant { name, about, demonstrates: None, memory_bytes, run }
}

/// What a variant runs.
type Run = fn(&Params) -> Result<crate::Outcome, Box<dyn std::error::Error + Send + Sync>>;

const VARIANTS: &[Variant] = &[
    limit("spin_round_trip", "8 bytes there and back through shared memory, both sides always looking", |params| {
        settled(round_trips::spin(params))
    }),
    limit(
        "futex_round_trip_same_core",
        "8 bytes there and back, each side asleep until it is woken (futex)",
        |params| settled(round_trips::futex(params, SameCore)),
    ),
    limit("futex_round_trip_two_cores", "the same, each side on a core of its own", |params| {
        settled(round_trips::futex(params, TwoCores))
    }),
    limit("pipe_round_trip_same_core", "8 bytes there and back through two pipes", |params| {
        settled(round_trips::pipe(params, SameCore))
    }),
    limit("pipe_round_trip_two_cores", "the same, each side on a core of its own", |params| {
        settled(round_trips::pipe(params, TwoCores))
    }),
    limit("socket_round_trip_same_core", "8 bytes there and back through a Unix socket", |params| {
        settled(round_trips::socket(params, SameCore))
    }),
    limit("socket_round_trip_two_cores", "the same, each side on a core of its own", |params| {
        settled(round_trips::socket(params, TwoCores))
    }),
    large("copy_one_core", "memcpy of memory larger than the caches; bytes written", memory::copy_one, |params| {
        settled(memory::on_one::<Copying>(params))
    }),
    large("copy_all_cores", "the same by a thread on every core at once", memory::copy_all, |params| {
        settled(memory::on_all::<Copying>(params))
    }),
    large("read_one_core", "the sum of the numbers in memory larger than the caches", memory::read_one, |params| {
        settled(memory::on_one::<Reading>(params))
    }),
    large("read_all_cores", "the same by a thread on every core at once", memory::read_all, |params| {
        settled(memory::on_all::<Reading>(params))
    }),
    limit("bulk_pipe_4k", "one way through a pipe of 4 KiB, both sides wherever the kernel puts them", |params| {
        settled(bulk::pipe(params, 4 << 10))
    }),
    limit("bulk_pipe_64k", "the same with 64 KiB, the default", |params| settled(bulk::pipe(params, 64 << 10))),
    limit("bulk_pipe_256k", "the same with 256 KiB", |params| settled(bulk::pipe(params, 256 << 10))),
    limit("bulk_pipe_1m", "the same with 1 MiB", |params| settled(bulk::pipe(params, 1 << 20))),
    limit("bulk_socket", "the same through a Unix socket with the buffers it comes with", |params| {
        settled(bulk::socket(params))
    }),
    limit("fork_wait_small", "fork, exit at once, wait; nothing resident but the program", |params| {
        settled(processes::fork_wait(params, 0))
    }),
    large(
        "fork_wait_100m",
        "the same with 100 MiB resident",
        |_| 100 * MIB + LITTLE,
        |params| settled(processes::fork_wait(params, 100 * MIB)),
    ),
    large(
        "fork_wait_1g",
        "the same with 1 GiB resident",
        |_| 1024 * MIB + LITTLE,
        |params| settled(processes::fork_wait(params, 1024 * MIB)),
    ),
    limit("exec_wait", "posix_spawn of the program true, and wait", |params| settled(processes::exec_wait(params))),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_says_how_large() {
        let params = LIMITS.params(record::Profile::Quick, &[]).unwrap();
        let needed = |name: &str| (LIMITS.variant(name).unwrap().memory_bytes)(&params);
        assert!(needed("fork_wait_1g") > 1 << 30 && needed("fork_wait_100m") > 100 << 20);
        for cores in ["one_core", "all_cores"] {
            let [copy, read] = ["copy", "read"].map(|what| needed(&format!("{what}_{cores}")));
            assert!(read > params["bytes"] && copy - LITTLE == 2 * (read - LITTLE), "{cores}");
        }
        assert!(needed("copy_all_cores") >= needed("copy_one_core"));
        assert_eq!(needed("pipe_round_trip_two_cores"), LITTLE);
    }
}
