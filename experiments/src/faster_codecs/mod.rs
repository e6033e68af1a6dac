//! Lesson `faster_codecs`: how fast can pickling be?
//!
//! Question: what of a pickle's time is the copy, what is the codec, and what is making small things anew?
//! Prediction: floats go as fast as memory does, if they go in bulk; a table of strings costs its allocations, whatever the codec.
//! Held still: the values, the reader, the process. Varied: the codec.
//! Explained in `book/src/faster_codecs.md`, after the post on the performance of pickling.

mod claims;
mod codecs;
mod data;
mod in_place;
mod pass;
mod traps;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "faster_codecs",
    title: "The cost of a copy in words",
    question: "How fast can pickling be?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    // A million small arrays take each codec a good part of a second.
    blocks: [BLOCKS[0], BLOCKS[1], 5],
    design: Design::Blocks,
    shrinks: &["floats", "cache_entries", "arrays"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_faster_codecs"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "floats",
        about: "float64 numbers in the large array",
        sizes: [Size::Of(20_000), Size::Of(500_000), Size::Of(1_000_000)],
        min: 0,
        max: 100_000_000,
    },
    Parameter {
        name: "cache_entries",
        about: "bit strings in the cache",
        sizes: [Size::Of(2_000), Size::Of(16_384), Size::Of(262_144)],
        min: 0,
        max: 1 << 24,
    },
    Parameter {
        name: "arrays",
        about: "small arrays of 20 bytes each",
        sizes: [Size::Of(5_000), Size::Of(40_000), Size::Of(1_000_000)],
        min: 0,
        max: 20_000_000,
    },
    Parameter {
        name: "trials",
        about: "passes of each value, after one that does not count",
        sizes: [Size::Of(3), Size::Of(4), Size::Of(2)],
        min: 1,
        max: 10_000,
    },
    Parameter { name: "seed", about: "seed of the numbers", sizes: [Size::Of(1); 3], min: 0, max: u64::MAX },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "element_wise",
        about: "The pickle of this project (bincode): one element after another, and made anew one after another.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::element_wise,
    },
    Variant {
        name: "through_serde",
        about: "bincode again, through serde in place of its own traits.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::through_serde,
    },
    Variant {
        name: "postcard",
        about: "Another codec for serde, whose ints and lengths take as few bytes as they need.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::postcard,
    },
    Variant {
        name: "wincode",
        about: "A codec that knows which types are their own bytes, and copies those at once.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::wincode,
    },
    Variant {
        name: "bulk",
        about: "The bytes as they lie in memory, in one copy; the cache and the small arrays as columns.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::bulk,
    },
    Variant {
        name: "borrowed",
        about: "What is decoded points into the message, which stays where it arrived.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::borrowed,
    },
    Variant {
        name: "archived",
        about: "rkyv: the message is laid out like the value, checked once, and read in place.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::archived,
    },
    Variant {
        name: "copied",
        about: "No codec: the value is copied twice, which is the floor of whatever makes it anew.",
        demonstrates: None,
        memory_bytes: memory,
        run: variants::copied,
    },
];

/// The floats and the larger of the other two: as itself, as a message that may have grown to twice its room, as an archive's scratch, and
/// made anew.
fn memory(params: &Params) -> u64 {
    let floats = params["floats"].saturating_mul(8 * 6);
    let cache = params["cache_entries"].saturating_mul(400);
    let arrays = params["arrays"].saturating_mul(300);
    floats.saturating_add(cache.max(arrays)).saturating_add(16 << 20)
}
