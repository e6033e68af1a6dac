//! Lesson `break_even`: when is it worth it?
//!
//! Question: how much work must an item hold before processes beat the loop, and how much before they lose nothing worth speaking of?
//! Prediction: microseconds if the pool is there already, its start divided by the items if it is not, and more with every byte that an item
//! carries; nowhere near hundreds of milliseconds.
//! Held still: the number of items, the work of each, the order drawn per subject. Varied: work per item, bytes per item, chunksize, whether
//! the start of the pool counts and how it starts, workers. Every subject times the loop beside its pool, so that each gives a break-even of
//! its own.
//! Explained in `book/src/break_even.md`, after three of the posts.

mod carrying;
mod claims;
mod grid;
mod tasks;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant, environment};
use record::Params;

pub use grid::{BreakEven, break_even, costs, payloads};

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "break_even",
    title: "Where it pays",
    question: "When is it worth it?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["bytes"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_break_even"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "items",
        about: "items in each map",
        sizes: [Size::Of(8), Size::Of(16), Size::Of(16)],
        min: 0,
        max: 1_000,
    },
    Parameter {
        name: "steps",
        about: "steps of work in the costliest item, a nanosecond or two each; the others hold fewer, down to 1000",
        sizes: [Size::Of(300_000), Size::Of(1_000_000), Size::Of(3_000_000)],
        min: 0,
        max: 100_000_000,
    },
    Parameter {
        name: "bytes",
        about: "bytes that the largest item carries in the sweep over bytes; the others carry a 16th, a 256th, and none",
        sizes: [Size::Of(1 << 18), Size::Of(1 << 18), Size::Of(1 << 20)],
        min: 0,
        max: 1 << 24,
    },
    Parameter { name: "workers", about: "worker processes", sizes: [Size::Of(2); 3], min: 1, max: 256 },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop, once over the items at every cost of an item.",
        demonstrates: None,
        memory_bytes: in_one_process,
        run: variants::serial,
    },
    Variant {
        name: "kept_auto",
        about: "A pool that is there already maps the same items, a map for each cost, at the automatic chunksize.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::kept_auto,
    },
    Variant {
        name: "kept_one",
        about: "The same at chunksize 1: every item is a task.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::kept_one,
    },
    Variant {
        name: "every_core",
        about: "The same as kept_auto with a worker for every core that can be used.",
        demonstrates: None,
        memory_bytes: on_every_core,
        run: variants::every_core,
    },
    Variant {
        name: "fresh_fork",
        about: "A pool for each map, its workers forked; its start and its end are timed.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::fresh_fork,
    },
    Variant {
        name: "fresh_spawn",
        about: "A pool for each map, its workers spawned; its start and its end are timed.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::fresh_spawn,
    },
    Variant {
        name: "carrying",
        about: "A pool that is there already, at chunksize 1: every second cost of an item with every number of bytes that it carries; the \
                time is the mean of these.",
        demonstrates: None,
        memory_bytes: with_payloads,
        run: carrying::carrying,
    },
];

/// A process itself.
const PROCESS_BYTES: u64 = 4 << 20;

fn in_one_process(_: &Params) -> u64 {
    PROCESS_BYTES
}

fn in_processes(params: &Params) -> u64 {
    (params["workers"] + 1).saturating_mul(PROCESS_BYTES)
}

fn on_every_core(_: &Params) -> u64 {
    (environment::usable_cores() as u64 + 1).saturating_mul(PROCESS_BYTES)
}

/// The items of all maps, and of each process a message and what it is decoded to.
fn with_payloads(params: &Params) -> u64 {
    let maps = (grid::costs(params["steps"]).len() as u64).div_ceil(2);
    let items = params["items"].saturating_mul(params["bytes"]).saturating_mul(maps + 1);
    let messages = (params["workers"] + 1).saturating_mul(params["bytes"]).saturating_mul(3);
    items.saturating_add(messages).saturating_add(in_processes(params))
}
