//! Lesson `big_argument`: why is a process pool six times slower than a thread pool at summing 1 GiB?
//!
//! Question: one worker is handed one large array and sums it. What does the handing over cost, as a thread and as a process?
//! Prediction: a thread is handed a pointer, a process a copy of a copy of a copy; the copies take longer than the sum.
//! Held still: the bytes, the sum, one worker that is there before the clock starts. Varied: how the bytes reach it; and, for the way
//! back, how large a result is.
//! Explained in `book/src/big_argument.md`, after the post "Python's multiprocessing performance problem".

mod claims;
mod handed;
mod results;
mod sum;
mod variants;
mod worker;

use harness::{Design, Lesson, Parameter, PrintedRatio, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "big_argument",
    title: "A gibibyte for an argument",
    question: "Why is a process pool six times slower than a thread pool at summing 1 GiB?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    // To the thread pool, which is as fast as the baseline.
    marks: &[PrintedRatio { variant: "pool_spawn", ratio: 5.81, claim: "performance.thread-vs-process-1gib" }],
    // A block of a gibibyte takes several seconds.
    blocks: [10, 10, 4],
    design: Design::Blocks,
    shrinks: &["bytes"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_big_argument"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "bytes",
        about: "bytes of the array",
        sizes: [Size::Of(4 << 20), Size::Of(32 << 20), Size::Of(1 << 30)],
        min: 0,
        max: 1 << 34,
    },
    Parameter {
        name: "result_bytes",
        about: "bytes of the largest result of a task",
        sizes: [Size::Of(256 << 10), Size::Of(4 << 20), Size::Of(16 << 20)],
        min: 0,
        max: 1 << 28,
    },
    Parameter {
        name: "items",
        about: "tasks for each size of a result",
        sizes: [Size::Of(4), Size::Of(8), Size::Of(8)],
        min: 1,
        max: 1_000,
    },
    Parameter {
        name: "workers",
        about: "worker processes that return results; the sum itself has one worker, as in the post",
        sizes: [Size::Of(2), Size::PerCore(1), Size::Of(4)],
        min: 1,
        max: 256,
    },
    Parameter { name: "seed", about: "seed of the bytes", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One process sums its own array.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 1),
        run: variants::serial,
    },
    Variant {
        name: "thread",
        about: "The post's thread pool: its one thread is handed a reference.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 1),
        run: variants::thread,
    },
    Variant {
        name: "pool_spawn",
        about: "The post's process pool: its one spawned worker is sent the array through a pipe.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 4),
        run: variants::pool_spawn,
    },
    Variant {
        name: "pool_fork",
        about: "The same with a worker that is forked: the argument crosses all the same.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 4),
        run: variants::pool_fork,
    },
    Variant {
        name: "bulk_frames",
        about: "A process is sent the bytes as they lie, as one framed message: no encoding, no decoding.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 2),
        run: handed::bulk_frames,
    },
    Variant {
        name: "streamed",
        about: "The bytes come in messages of 64 KiB, and each is summed while it is still in the cache.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 1),
        run: handed::streamed,
    },
    Variant {
        name: "shared_copied_in",
        about: "The array is copied into memory that the worker shares; its task is a number.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 2),
        run: variants::shared_copied_in,
    },
    Variant {
        name: "shared_in_place",
        about: "The array was made in shared memory in the first place.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 2),
        run: variants::shared_in_place,
    },
    Variant {
        name: "fork_inherited",
        about: "The worker is forked when the array is there, and finds it in its own memory.",
        demonstrates: None,
        memory_bytes: |params| arrays(params, 1),
        run: variants::fork_inherited,
    },
    Variant {
        name: "result_fan_out",
        about: "The way back, a sweep: tasks of the same work return results of every size; the time is the mean of a map.",
        demonstrates: None,
        memory_bytes: results::memory_bytes,
        run: results::result_fan_out,
    },
];

/// A process itself.
const PROCESS_BYTES: u64 = 4 << 20;

/// So many copies of the array in all processes together, and those processes.
fn arrays(params: &Params, copies: u64) -> u64 {
    params["bytes"].saturating_mul(copies).saturating_add(4 * PROCESS_BYTES)
}
