//! Lesson `bound_method`: why is the pool six times slower than the loop?
//!
//! Question: what does it cost to map a bound method whose object owns a 40 MB cache?
//! Prediction: the cache crosses with every task, so the number of tasks makes the ratio, whatever the work.
//! Held still: the ints, the conversion, the chunks. Varied: where the cache is when a worker needs it.
//! Explained in `book/src/bound_method.md`, after the post "Multiprocessing.Pool() - Stuck in a Pickle".

mod claims;
mod converter;
mod tasks;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, PrintedRatio, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "bound_method",
    title: "The bound method",
    question: "Why is the pool six times slower than the loop?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[PrintedRatio { variant: "pool_bound_method", ratio: 6.58, claim: "pickle.bound-method-slowdown" }],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["items", "cache_entries"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_bound_method"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "workers",
        about: "worker processes, or threads",
        sizes: [Size::Of(2), Size::PerCore(1), Size::Of(8)],
        min: 1,
        max: 256,
    },
    Parameter {
        name: "items",
        about: "ints to convert",
        sizes: [Size::Of(30_000), Size::Of(250_000), Size::Of(1_000_000)],
        min: 0,
        max: 100_000_000,
    },
    Parameter {
        name: "cache_entries",
        about: "bit strings in the cache; the ints are below this number",
        sizes: [Size::Of(32_768), Size::Of(262_144), Size::Of(1_048_576)],
        min: 1,
        max: 1 << 24,
    },
    Parameter {
        name: "chunksize",
        about: "ints per task; 0 is the automatic one, ints / (4 x workers) rounded up",
        sizes: [Size::Of(0); 3],
        min: 0,
        max: 100_000_000,
    },
    Parameter { name: "seed", about: "seed of the ints", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop in one process looks every int up.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::serial,
    },
    Variant {
        name: "pool_bound_method",
        about: "The converter is what is mapped: it is serialised into every task (fork).",
        demonstrates: None,
        memory_bytes: cache_per_worker,
        run: variants::pool_bound_method,
    },
    Variant {
        name: "pool_bound_method_spawn",
        about: "The same with workers that are spawned.",
        demonstrates: None,
        memory_bytes: cache_per_worker,
        run: variants::pool_bound_method_spawn,
    },
    Variant {
        name: "pool_free_function",
        about: "A function without an object makes each bit string itself; only its name crosses (fork).",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::pool_free_function,
    },
    Variant {
        name: "pool_initializer_global",
        about: "The initializer puts the converter into a global of each worker; forked workers inherit it.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::pool_initializer_global,
    },
    Variant {
        name: "pool_initializer_global_spawn",
        about: "The same with spawned workers: the converter crosses once per worker.",
        demonstrates: None,
        memory_bytes: cache_per_worker,
        run: variants::pool_initializer_global_spawn,
    },
    Variant {
        name: "pool_encapsulated_initializer",
        about: "The initializer's return value is handed to the function: the post's proposal (fork).",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::pool_encapsulated_initializer,
    },
    Variant {
        name: "pool_fork_inherited",
        about: "The converter is a global before the fork; there is no initializer.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::pool_fork_inherited,
    },
    Variant {
        name: "pool_checksum_only",
        about: "As inherited, but the arrays stay in the workers and one number per task comes back.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::pool_checksum_only,
    },
    Variant {
        name: "threads",
        about: "Threads of one process (rayon) share the converter and the arrays.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::threads,
    },
];

/// A little more than was seen: an entry is a table slot and a string, an int an array with its header and its way back.
const ENTRY_BYTES: u64 = 128;
const ITEM_BYTES: u64 = 160;
/// The encoded cache, on its way and being read.
const CROSSING_BYTES: u64 = 64;

fn memory(params: &Params, caches_in_workers: u64) -> u64 {
    let entries = params["cache_entries"].saturating_mul(2);
    let crossing = params["cache_entries"].saturating_mul(caches_in_workers * (ENTRY_BYTES + CROSSING_BYTES));
    (entries.saturating_mul(ENTRY_BYTES))
        .saturating_add(params["items"].saturating_mul(ITEM_BYTES))
        .saturating_add(crossing)
}

fn cache_per_worker(params: &Params) -> u64 {
    memory(params, params["workers"] + 1)
}
