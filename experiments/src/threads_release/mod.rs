//! Lesson `threads_release`: when are threads enough?
//!
//! Question: what do threads gain if the work lets go of the interpreter lock, and what stops them then?
//! Prediction: as many threads as cores are as fast as processes with shared memory, and none is faster than memory.
//! Held still: the array, the sums, the order of additions, to the last bit. Varied: threads or processes, the lock, who reads what how often.
//! Explained in `book/src/threads_release.md`, after the post on the performance of multiprocessing.

mod claims;
mod sums;
mod sweep;
mod threads;
mod variants;

use harness::{Design, Lesson, Parameter, PrintedRatio, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "threads_release",
    title: "When threads are enough",
    question: "When are threads enough?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[PrintedRatio {
        variant: "threads_released",
        ratio: 1.0 / 3.07,
        claim: "performance.threads-scale-without-gil",
    }],
    // At the post's size one subject takes up to ten seconds, and as long again to write the array.
    blocks: [10, 10, 3],
    design: Design::Blocks,
    shrinks: &["bytes"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_threads_release"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "workers", about: "threads or worker processes", sizes: [Size::Of(4); 3], min: 1, max: 128 },
    Parameter {
        name: "bytes",
        about: "the array's size, eight bytes a number",
        sizes: [Size::Of(8 << 20), Size::Of(128 << 20), Size::Of(8 << 30)],
        min: 0,
        max: 1 << 38,
    },
    Parameter { name: "sums", about: "how often it is summed", sizes: [Size::Of(10); 3], min: 0, max: 10_000 },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One thread does one sum after the other.",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::serial,
    },
    Variant {
        name: "threads_held",
        about: "Threads under an interpreter lock, which each keeps while it adds.",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::threads_held,
    },
    Variant {
        name: "threads_released",
        about: "The post's: threads under an interpreter lock, which each lets go while it adds, as NumPy does.",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::threads_released,
    },
    Variant {
        name: "threads_free",
        about: "Threads without a lock; each takes a whole sum at a time.",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::threads_free,
    },
    Variant {
        name: "rayon",
        about: "Threads without a lock that share every sum (rayon).",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::rayon,
    },
    Variant {
        name: "processes_shared",
        about: "A pool of forked processes, started and ended, that find the array in shared memory.",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::processes_shared,
    },
    Variant {
        name: "serial_blocked",
        about: "One thread that does all sums of a piece while it is in the cache, and so reads the array once.",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::serial_blocked,
    },
    Variant {
        name: "threads_sweep",
        about: "One sum by one to twice as many threads as cores, of this array and of one that stays in the caches.",
        demonstrates: None,
        memory_bytes: array_bytes,
        run: variants::threads_sweep,
    },
];

/// The array, a number for each of its blocks, what each thread or process has for itself, and a number for each sum.
fn array_bytes(params: &Params) -> u64 {
    let array = params["bytes"] + (params["bytes"] >> 12);
    array + (24 << 20) + (params["workers"] << 22) + params["sums"] * 64
}
