//! Lesson `pool_anatomy`: where does the time of one task go?
//!
//! Question: which processes and threads does a task pass on its way, and what does that add to it?
//! Prediction: some microseconds per task whatever it does, so that items shorter than these are faster in a loop.
//! Held still: the items and what is done to them. Varied: the pool, the items per task, the length of an item, how results are asked for.
//! Explained in `book/src/pool_anatomy.md`, after the posts on pickling, on CPU-bound work and on tuning a pool.

mod claims;
mod lengths;
mod order;
mod setting;
mod starts;
mod tasks;
mod traced;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "pool_anatomy",
    title: "The way of one task",
    question: "Where does the time of one task go?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["numbers", "items"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_pool_anatomy"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "workers",
        about: "worker processes",
        sizes: [Size::Of(2), Size::PerCore(1), Size::Of(4)],
        min: 1,
        max: 256,
    },
    Parameter {
        name: "items",
        about: "items that nothing is done to",
        sizes: [Size::Of(2_000), Size::Of(20_000), Size::Of(50_000)],
        min: 0,
        max: 1_000_000,
    },
    Parameter {
        name: "numbers",
        about: "numbers whose square root is drawn",
        sizes: [Size::Of(50_000), Size::Of(1_000_000), Size::Of(1_000_000)],
        min: 0,
        max: 20_000_000,
    },
    Parameter {
        name: "inner",
        about: "additions per item of the traced map, and of the items that wait for each other",
        sizes: [Size::Of(200_000), Size::Of(500_000), Size::Of(500_000)],
        min: 0,
        max: 1_000_000_000,
    },
    Parameter {
        name: "trials",
        about: "how often a subject looks at the order of results, and at the processes that are started",
        sizes: [Size::Of(5), Size::Of(6), Size::Of(10)],
        min: 1,
        max: 1_000,
    },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop hands the items through; nothing is done to them.",
        demonstrates: None,
        memory_bytes: items_bytes,
        run: variants::serial,
    },
    Variant {
        name: "tiny_classic",
        about: "CPython's pool maps the same items, each a task of its own, on workers that are awake.",
        demonstrates: None,
        memory_bytes: items_bytes,
        run: variants::tiny_classic,
    },
    Variant {
        name: "tiny_chunks",
        about: "The same pool with as many items to a task as `Pool.map` chooses by default.",
        demonstrates: None,
        memory_bytes: items_bytes,
        run: variants::tiny_chunks,
    },
    Variant {
        name: "tiny_pool",
        about: "This project's own pool, a task for each item: no handler threads, and many tasks in one write.",
        demonstrates: None,
        memory_bytes: items_bytes,
        run: variants::tiny_pool,
    },
    Variant {
        name: "tiny_executor",
        about: "An executor's `map`, a task and a future for each item.",
        demonstrates: None,
        memory_bytes: items_bytes,
        run: variants::tiny_executor,
    },
    Variant {
        name: "serial_roots",
        about: "One loop draws the square roots.",
        demonstrates: None,
        memory_bytes: numbers_bytes,
        run: variants::serial_roots,
    },
    Variant {
        name: "roots_pool",
        about: "The post's line: a pool is started, maps the square root over all numbers, and is ended.",
        demonstrates: None,
        memory_bytes: numbers_bytes,
        run: variants::roots_pool,
    },
    Variant {
        name: "roots_ranges",
        about: "The same pool is sent ranges and returns sums, so that no number and no root crosses.",
        demonstrates: None,
        memory_bytes: numbers_bytes,
        run: variants::roots_ranges,
    },
    Variant {
        name: "traced",
        about: "CPython's pool maps a few items of work under a trace: the timeline of one map.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: traced::traced,
    },
    Variant {
        name: "lengths",
        about: "Items of six lengths in a loop, by CPython's pool and by an executor; the time is the mean over the lengths of loop and pool.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: lengths::lengths,
    },
    Variant {
        name: "order",
        about: "Eight items, the first of which ends last, asked for in five ways; the time is the mean of the pool's three.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: order::order,
    },
    Variant {
        name: "starts",
        about: "A pool and an executor in turn, and how many processes each has started by when.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: starts::starts,
    },
];

/// A little more than was seen for an item on its way: itself, its task, its future, its output.
const ITEM_BYTES: u64 = 1_024;
/// And for a number: itself, in its chunk, encoded, decoded, and its root all the way back.
const NUMBER_BYTES: u64 = 128;

fn items_bytes(params: &Params) -> u64 {
    params["items"] * ITEM_BYTES + processes_bytes(params)
}

fn numbers_bytes(params: &Params) -> u64 {
    params["numbers"] * NUMBER_BYTES + processes_bytes(params)
}

/// The parent and its workers, which have little of their own.
fn processes_bytes(params: &Params) -> u64 {
    (16 << 20) + (params["workers"] << 22)
}
