//! Lesson `gil_primes`: why do two threads not count primes faster, and two processes do?
//!
//! Question: what does an interpreter lock leave of two threads that never block, and what of one that does?
//! Prediction: under the lock two threads take as long as one, however the numbers are split; without it the larger half decides.
//! Held still: the numbers and the divisions. Varied: threads or processes, the lock, the split, the algorithm.
//! Explained in `book/src/gil_primes.md`, after the post "Python Multiprocessing for CPU-Bound Parallelism".

mod claims;
mod division;
mod echo;
mod setting;
mod sieve;
mod threads;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, PrintedRatio, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "gil_primes",
    title: "Two threads, one lock",
    question: "Why do two threads not count primes faster, and two processes do?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[
        PrintedRatio { variant: "threads_gil_post_split", ratio: 1.2, claim: "cpu.threads-slower" },
        PrintedRatio { variant: "processes_post_split", ratio: 1.0 / 1.77, claim: "cpu.processes-halve" },
    ],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &[],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_gil_primes"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "workers", about: "threads or worker processes", sizes: [Size::Of(2); 3], min: 1, max: 256 },
    Parameter {
        name: "start",
        about: "the first number that is looked at",
        sizes: [Size::Of(2); 3],
        min: 0,
        max: 100_000_000,
    },
    Parameter {
        name: "end",
        about: "the first number that is not looked at any more",
        sizes: [Size::Of(100_000); 3],
        min: 0,
        max: 100_000_000,
    },
    Parameter {
        name: "interval_us",
        about: "how long a thread waits before it requests the lock, in microseconds",
        sizes: [Size::Of(5_000); 3],
        min: 1,
        max: 10_000_000,
    },
    Parameter {
        name: "rounds",
        about: "counts in the measured time, which is divided by them",
        sizes: [Size::Of(2), Size::Of(8), Size::Of(40)],
        min: 1,
        max: 100_000,
    },
    Parameter {
        name: "requests",
        about: "requests whose latency is measured, for each load",
        sizes: [Size::Of(3), Size::Of(10), Size::Of(30)],
        min: 1,
        max: 10_000,
    },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop in one thread, without a lock.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::serial,
    },
    Variant {
        name: "serial_gil",
        about: "The same loop by a thread that holds the lock and passes a safe point before each number and division.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::serial_gil,
    },
    Variant {
        name: "threads_gil_post_split",
        about: "Threads under the lock, each with an equal range of numbers, as in the post.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::threads_gil_post_split,
    },
    Variant {
        name: "threads_gil_fair_split",
        about: "Threads under the lock, each with an equal share of the divisions.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::threads_gil_fair_split,
    },
    Variant {
        name: "threads_gil_echo",
        about: "The same while another thread answers requests under the lock; then the latency of its answers.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::threads_gil_echo,
    },
    Variant {
        name: "threads_post_split",
        about: "Threads without a lock, split as in the post.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::threads_post_split,
    },
    Variant {
        name: "threads_fair_split",
        about: "Threads without a lock, each with an equal share of the divisions.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::threads_fair_split,
    },
    Variant {
        name: "processes_post_split",
        about: "A pool of forked processes, started and ended for each count, split as in the post.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::processes_post_split,
    },
    Variant {
        name: "processes_fair_split",
        about: "The same, each process with an equal share of the divisions.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::processes_fair_split,
    },
    Variant {
        name: "processes_started",
        about: "The post's split on a pool that is warm: started before the measured time, and each worker has carried out a task.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::processes_started,
    },
    Variant {
        name: "processes_spawn",
        about: "The post's split on a pool of spawned processes, started and ended for each count.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::processes_spawn,
    },
    Variant {
        name: "rayon",
        about: "Threads without a lock that take small ranges as they go (rayon).",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::rayon,
    },
    Variant {
        name: "sieve",
        about: "One thread and another algorithm: a segmented sieve of Eratosthenes.",
        demonstrates: None,
        memory_bytes: threads_bytes,
        run: variants::sieve,
    },
];

/// The program with its threads, a little more than was seen; the numbers themselves are never stored, but rayon's ranges are.
fn threads_bytes(params: &Params) -> u64 {
    (16 << 20) + (params["workers"] << 18) + params["end"] / 8
}

/// The program, and as much of it again as each worker has for itself.
fn processes_bytes(params: &Params) -> u64 {
    (16 << 20) + (params["workers"] << 23)
}
