//! Lesson `shared_memory`: what if nothing is copied?
//!
//! Question: workers sum the slices of one large array. What is gained if the slices lie in memory that all of them share?
//! Prediction: a slice that is sent is copied several times; one that is shared costs two numbers, whatever its size. To get the array
//! into shared memory in the first place is one copy, which counts.
//! Held still: the numbers, the slices, the sums, workers that are there before the clock starts. Varied: what a task carries; how large
//! what is handed over is; and where the sums are put: a value, an array, a list of mixed entries.
//! Explained in `book/src/shared_memory.md`, after the posts "Python's multiprocessing performance problem" and "How to Optimize Python
//! Multiprocessing Pool Performance and Cut IPC Overhead".

mod claims;
mod hand_over;
mod list;
mod slices;
mod tasks;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "shared_memory",
    title: "Nothing is copied",
    question: "What if nothing is copied?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["elements", "hand_over_bytes"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_shared_memory"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "elements",
        about: "float64 numbers in the array",
        sizes: [Size::Of(400_000), Size::Of(2_000_000), Size::Of(10_000_000)],
        min: 0,
        max: 1 << 31,
    },
    Parameter {
        name: "slice",
        about: "numbers in a slice; a slice is a task",
        sizes: [Size::Of(10_000), Size::Of(50_000), Size::Of(250_000)],
        min: 1,
        max: 1 << 26,
    },
    Parameter {
        name: "hand_over_bytes",
        about: "bytes of the largest array that is handed over",
        sizes: [Size::Of(1 << 20), Size::Of(16 << 20), Size::Of(64 << 20)],
        min: 0,
        max: 1 << 29,
    },
    Parameter {
        name: "workers",
        about: "worker processes, or threads",
        sizes: [Size::Of(2), Size::PerCore(1), Size::Of(4)],
        min: 1,
        max: 256,
    },
    Parameter { name: "seed", about: "seed of the numbers", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One process sums the slices of its own array.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 1),
        run: variants::serial,
    },
    Variant {
        name: "threads",
        about: "A pool of threads is handed a reference to each slice.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 1),
        run: variants::threads,
    },
    Variant {
        name: "pickled_slices",
        about: "Each slice is sent to a process, as one block of bytes.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 3),
        run: variants::pickled_slices,
    },
    Variant {
        name: "shared_copied_in",
        about: "The array is copied into shared memory within the measured time; tasks carry two numbers.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2),
        run: variants::shared_copied_in,
    },
    Variant {
        name: "shared_in_place",
        about: "The array was made in shared memory.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2),
        run: variants::shared_in_place,
    },
    Variant {
        name: "sums_in_value",
        about: "As in place, and each worker adds its sums to one locked value; nothing comes back.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2),
        run: variants::sums_in_value,
    },
    Variant {
        name: "sums_in_array",
        about: "As in place, and each sum has an entry of its own in a shared array without a lock.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2),
        run: variants::sums_in_array,
    },
    Variant {
        name: "sums_in_list",
        about: "As in place, with the sums in a shareable list; then the list's kinds are tried, 100 times each.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2),
        run: variants::sums_in_list,
    },
    Variant {
        name: "hand_over",
        about: "A sweep: one process is handed arrays of every size, pickled, copied into shared memory, or there already.",
        demonstrates: None,
        memory_bytes: hand_over::memory_bytes,
        run: hand_over::hand_over,
    },
];

/// A process itself.
const PROCESS_BYTES: u64 = 4 << 20;

/// So many copies of the array in all processes together, and those processes.
fn memory(params: &Params, copies: u64) -> u64 {
    let array = params["elements"].saturating_mul(8);
    array.saturating_mul(copies).saturating_add((params["workers"] + 1).saturating_mul(PROCESS_BYTES))
}
