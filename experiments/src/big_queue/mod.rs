//! Lesson `big_queue`: why does a 54 MB item make the same computation twenty times slower?
//!
//! Question: what does it cost to put a large array on a bounded queue, and where does one item's time go?
//! Prediction: each item is copied into its encoding, into the pipe, out of it and out of its encoding, one item at a time through one
//! pipe; with as much to copy as to compute the workers sleep, and what crosses as an index costs nothing.
//! Held still: the products, the workers, the queue. Varied: what is put, and how often.
//! Explained in `book/src/big_queue.md`, after the post "Why are multiprocessing queues slow when sharing large
//! objects in Python?".

mod cargo;
mod claims;
mod products;
mod variants;

use harness::{Design, Lesson, Parameter, PrintedRatio, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "big_queue",
    title: "The 54 MB item",
    question: "Why does a 54 MB item make the same computation twenty times slower?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[PrintedRatio { variant: "big_each", ratio: 20.7, claim: "queues.big-array-slowdown" }],
    // At the post's size one block of the large items takes minutes.
    blocks: [10, 10, 3],
    design: Design::Blocks,
    shrinks: &["item_rows", "item_cols"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_big_queue"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "workers",
        about: "worker processes",
        sizes: [Size::Of(2), Size::PerCore(2), Size::Of(16)],
        min: 1,
        max: 256,
    },
    Parameter {
        name: "iterations",
        about: "matrix products of each worker",
        sizes: [Size::Of(10), Size::Of(5), Size::Of(100)],
        min: 0,
        max: 1_000_000,
    },
    Parameter {
        name: "matrix",
        about: "rows and columns of the matrices",
        sizes: [Size::Of(200), Size::Of(500), Size::Of(500)],
        min: 1,
        max: 4_096,
    },
    Parameter {
        name: "item_rows",
        about: "rows of the array that is put, each a row of float64 triples",
        sizes: [Size::Of(200), Size::Of(1_500), Size::Of(1_500)],
        min: 1,
        max: 4_096,
    },
    Parameter {
        name: "item_cols",
        about: "float64 triples in a row of that array",
        sizes: [Size::Of(200), Size::Of(1_500), Size::Of(1_500)],
        min: 1,
        max: 8_192,
    },
    Parameter {
        name: "queue_bound",
        about: "items that may be on their way; 0 is no bound",
        sizes: [Size::Of(100); 3],
        min: 0,
        max: 1_000_000,
    },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "small_each",
        about: "Every worker puts an int after each product, and the parent gets them all.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0, 0),
        run: variants::small_each,
    },
    Variant {
        name: "big_each",
        about: "The array is put instead: it is encoded, written, read and decoded after each product.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2, 4),
        run: variants::big_each,
    },
    Variant {
        name: "small_once",
        about: "The other reading of the script: every worker puts one int when all its products are done.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0, 0),
        run: variants::small_once,
    },
    Variant {
        name: "big_once",
        about: "The array is put instead, once per worker.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2, 4),
        run: variants::big_once,
    },
    Variant {
        name: "shared_each",
        about: "The array lies in shared memory from the start, and its block's index is put after each product.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2, 0),
        run: variants::shared_each,
    },
    Variant {
        name: "shared_copy_each",
        about: "The array is first copied into a block of shared memory, after each product; the index is put.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 3, 0),
        run: variants::shared_copy_each,
    },
    Variant {
        name: "file_each",
        about: "The array is written to a file in memory (tmpfs) after each product; the path is put, and the parent reads the file.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 2, 2),
        run: variants::file_each,
    },
];

/// A little more than a worker takes without its array and its matrices.
const WORKER_BYTES: u64 = 4 << 20;

/// With `in_workers` arrays in each worker and `in_parent` in the parent, encoded or not.
fn memory(params: &Params, in_workers: u64, in_parent: u64) -> u64 {
    let array = params["item_rows"].saturating_mul(params["item_cols"]).saturating_mul(3 * 8);
    let matrices = params["matrix"].saturating_mul(params["matrix"]).saturating_mul(4 * 8);
    let worker = matrices.saturating_add(WORKER_BYTES).saturating_add(array.saturating_mul(in_workers));
    params["workers"].saturating_mul(worker).saturating_add(array.saturating_mul(in_parent)).saturating_add(64 << 20)
}
