//! Lesson `chunksize`: where is the bottom of the U?
//!
//! Question: how many items should a task have?
//! Prediction: small tasks pay for messages, large ones for waiting at the end; between them it hardly matters.
//! Held still: the additions, exactly; the workers; a pool that is already warm. Varied: where the items are cut, what they cost.
//! Explained in `book/src/chunksize.md`, after the posts on CPU-bound work and on tuning a pool.

mod claims;
mod costs;
mod cuts;
mod model;
mod sweep;
mod tasks;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "chunksize",
    title: "The bottom of the U",
    question: "Where is the bottom of the U?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["items"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_chunksize"),
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
        about: "items to map",
        sizes: [Size::Of(1_000), Size::Of(8_000), Size::Of(20_000)],
        min: 0,
        max: 1_000_000,
    },
    Parameter {
        name: "inner",
        about: "additions per item, on average",
        sizes: [Size::Of(2_000), Size::Of(20_000), Size::Of(50_000)],
        min: 0,
        max: 1_000_000_000,
    },
    Parameter { name: "seed", about: "seed of the uneven costs", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop in one process does all the additions; every item costs the same.",
        demonstrates: None,
        memory_bytes: one_map,
        run: variants::serial,
    },
    Variant {
        name: "even_1",
        about: "A task for each item, which is what Executor.map does by default.",
        demonstrates: None,
        memory_bytes: one_map,
        run: variants::even_1,
    },
    Variant {
        name: "even_auto",
        about: "What Pool.map does by default: items / (4 x workers) to a task, rounded up.",
        demonstrates: None,
        memory_bytes: one_map,
        run: variants::even_auto,
    },
    Variant {
        name: "even_rule",
        about: "The post's rule of thumb, which is the same, rounded down.",
        demonstrates: None,
        memory_bytes: one_map,
        run: variants::even_rule,
    },
    Variant {
        name: "even_by_hand",
        about: "Batches of the same size, made by hand and mapped one to a task.",
        demonstrates: None,
        memory_bytes: one_map,
        run: variants::even_by_hand,
    },
    Variant {
        name: "even_sweep",
        about: "One pool maps the items in ten cuts in turn; the ratio is of their mean time.",
        demonstrates: None,
        memory_bytes: many_maps,
        run: variants::even_sweep,
    },
    Variant {
        name: "linear_sweep",
        about: "Eight cuts; each item costs a little more than the one before it.",
        demonstrates: None,
        memory_bytes: many_maps,
        run: variants::linear_sweep,
    },
    Variant {
        name: "bimodal_sweep",
        about: "Eight cuts; a tenth of the items, in a row, costs ten times as much as the others.",
        demonstrates: None,
        memory_bytes: many_maps,
        run: variants::bimodal_sweep,
    },
    Variant {
        name: "heavy_sweep",
        about: "Eight cuts; a few items, anywhere, cost hundreds of times as much as most.",
        demonstrates: None,
        memory_bytes: many_maps,
        run: variants::heavy_sweep,
    },
    Variant {
        name: "small_sweep",
        about: "The other post's setting, 1000 items of 1000 additions at most, at eight chunksizes; the other additions are not timed.",
        demonstrates: None,
        memory_bytes: many_maps,
        run: variants::small_sweep,
    },
];

/// A little more than was seen: the costs, their copy in the job, the outputs, and what is on its way.
const MAP_BYTES: u64 = 256;
/// The cuts of the longest sweep, each with a job prepared, and the batches of the model.
const MAPS: u64 = 13;

fn one_map(params: &Params) -> u64 {
    items(params).saturating_add(processes(params))
}

fn items(params: &Params) -> u64 {
    params["items"].saturating_mul(MAP_BYTES)
}

/// The parent and its workers, which have little of their own.
fn processes(params: &Params) -> u64 {
    (params["workers"] + 1) << 22
}

fn many_maps(params: &Params) -> u64 {
    items(params).saturating_mul(MAPS).saturating_add(processes(params))
}
