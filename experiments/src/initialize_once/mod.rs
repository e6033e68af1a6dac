//! Lesson `initialize_once`: what if each worker gets its data once?
//!
//! Question: tasks look things up in one large list. What crosses, and how long does it take, if each task brings its object, if each
//! worker gets the whole list once, or if the list is there already?
//! Prediction: an index is smaller than an object, but a list that is sent to every worker is larger than the objects that are looked up;
//! only who inherits it pays neither.
//! Held still: the list, the indices, the score, the chunks. Varied: how a worker comes by the objects, and how it is started.
//! Explained in `book/src/initialize_once.md`, after the posts "How to Optimize Python Multiprocessing Pool Performance and Cut IPC
//! Overhead" and "Python's multiprocessing performance problem".

mod claims;
mod kept;
mod list;
mod tasks;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "initialize_once",
    title: "Once per worker",
    question: "What if each worker gets its data once?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["list_items", "items"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_initialize_once"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "list_items",
        about: "objects in the list",
        sizes: [Size::Of(20_000), Size::Of(150_000), Size::Of(1_000_000)],
        min: 1,
        max: 5_000_000,
    },
    Parameter {
        name: "items",
        about: "indices to look up, each an item of the map",
        sizes: [Size::Of(2_000), Size::Of(15_000), Size::Of(100_000)],
        min: 0,
        max: 10_000_000,
    },
    Parameter {
        name: "chunksize",
        about: "items per task; 0 is the automatic one",
        sizes: [Size::Of(100); 3],
        min: 0,
        max: 10_000_000,
    },
    Parameter {
        name: "workers",
        about: "worker processes",
        sizes: [Size::Of(2), Size::PerCore(1), Size::Of(4)],
        min: 1,
        max: 256,
    },
    Parameter {
        name: "maps",
        about: "maps that each of the kept pools does, one after the other",
        // At the standard size two workers' lists are earned back by then, in bytes; at the post's size that would take too long.
        sizes: [Size::Of(8), Size::Of(24), Size::Of(8)],
        min: 1,
        max: 1_000,
    },
    Parameter { name: "seed", about: "seed of the objects", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One process looks each index up in its own list.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::serial,
    },
    Variant {
        name: "objects",
        about: "The objects themselves are mapped: each crosses with its task (fork).",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::objects,
    },
    Variant {
        name: "objects_spawn",
        about: "The same with workers that are spawned.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::objects_spawn,
    },
    Variant {
        name: "initializer",
        about: "The post's way: an initializer puts the list into a global, and indices are mapped (fork).",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::initializer,
    },
    Variant {
        name: "initializer_spawn",
        about: "The same with spawned workers: the list crosses once per worker.",
        demonstrates: None,
        memory_bytes: list_per_worker,
        run: variants::initializer_spawn,
    },
    Variant {
        name: "encapsulated",
        about: "The initializer's list is handed to the function; there is no global (fork).",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::encapsulated,
    },
    Variant {
        name: "encapsulated_spawn",
        about: "The same with spawned workers.",
        demonstrates: None,
        memory_bytes: list_per_worker,
        run: variants::encapsulated_spawn,
    },
    Variant {
        name: "fork_inherited",
        about: "The list is a global before the fork; there is no initializer.",
        demonstrates: None,
        memory_bytes: |params| memory(params, 0),
        run: variants::fork_inherited,
    },
    Variant {
        name: "recipe_spawn",
        about: "Spawned workers are sent the seed, and each makes the list itself.",
        demonstrates: None,
        memory_bytes: list_per_worker,
        run: variants::recipe_spawn,
    },
    Variant {
        name: "shared",
        about: "The objects are laid out in shared memory, within the measured time; indices are mapped (fork).",
        demonstrates: None,
        memory_bytes: |params| memory(params, 1),
        run: variants::shared,
    },
    Variant {
        name: "kept_pools",
        about: "A sweep: one pool after another is kept for several maps, sent objects or preloaded; the time is that of one map.",
        demonstrates: None,
        memory_bytes: list_per_worker,
        run: kept::kept_pools,
    },
];

/// A little more than was seen: an object with its name, and an item with its object on its way.
const OBJECT_BYTES: u64 = 128;
const ITEM_BYTES: u64 = 256;
/// A process itself.
const PROCESS_BYTES: u64 = 4 << 20;

fn memory(params: &Params, more_lists: u64) -> u64 {
    let list = params["list_items"].saturating_mul(OBJECT_BYTES);
    let items = params["items"].saturating_mul(ITEM_BYTES);
    let processes = (params["workers"] + 1).saturating_mul(PROCESS_BYTES);
    list.saturating_mul(1 + more_lists).saturating_add(items).saturating_add(processes)
}

/// Each worker has a list of its own, and for a moment its bytes beside it; the parent has the bytes, too.
fn list_per_worker(params: &Params) -> u64 {
    memory(params, 2 * params["workers"] + 1)
}
