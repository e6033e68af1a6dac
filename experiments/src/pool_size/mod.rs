//! Lesson `pool_size`: how many workers?
//!
//! Question: what is gained, and what lost, with fewer workers than cores, as many, and up to four times as many?
//! Prediction: for even work nothing is gained beyond the cores that may really be used; more workers cut unfair chunks finer.
//! Held still: the additions, exactly; the machine. Varied: the workers, what the items cost, the neighbours, the cores that may be used.
//! Explained in `book/src/pool_size.md`, after the posts on CPU-bound work and on tuning a pool.

mod claims;
mod fence;
mod neighbours;
mod sweep;
mod variants;
mod work;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "pool_size",
    title: "How many workers",
    question: "How many workers?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &[],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_pool_size"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "workers",
        about: "the most workers that a pool has; the sizes below it follow from the cores",
        sizes: [Size::PerCore(2), Size::PerCore(4), Size::PerCore(4)],
        min: 1,
        max: 256,
    },
    Parameter {
        name: "items",
        about: "items to map",
        sizes: [Size::Of(200), Size::Of(400), Size::Of(1_000)],
        min: 0,
        max: 1_000_000,
    },
    Parameter {
        name: "inner",
        about: "additions per item, on average",
        sizes: [Size::Of(10_000), Size::Of(100_000), Size::Of(200_000)],
        min: 0,
        max: 100_000_000,
    },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop in one process does all the additions.",
        demonstrates: None,
        memory_bytes: pools_bytes,
        run: variants::serial,
    },
    Variant {
        name: "even",
        about: "Pools of many sizes in turn map items that cost the same, in the chunks that map makes by itself.",
        demonstrates: None,
        memory_bytes: pools_bytes,
        run: variants::even,
    },
    Variant {
        name: "uneven",
        about: "The same with items of which the last tenth costs ten times as much as the others.",
        demonstrates: None,
        memory_bytes: pools_bytes,
        run: variants::uneven,
    },
    Variant {
        name: "uneven_1",
        about: "The same items, one to a task.",
        demonstrates: None,
        memory_bytes: pools_bytes,
        run: variants::uneven_1,
    },
    Variant {
        name: "even_loaded",
        about: "Even items while a busy process for every core works beside the pool.",
        demonstrates: None,
        memory_bytes: pools_bytes,
        run: variants::even_loaded,
    },
    Variant {
        name: "even_one_core",
        about: "Even items by processes whose affinity mask leaves them one core.",
        demonstrates: None,
        memory_bytes: pools_bytes,
        run: variants::even_one_core,
    },
    Variant {
        name: "even_quota",
        about: "Even items by processes in a control group whose quota is half the cores, where one can be made.",
        demonstrates: None,
        memory_bytes: pools_bytes,
        run: variants::even_quota,
    },
];

/// The program, the items in several copies, and for each worker or neighbour what it has for itself.
fn pools_bytes(params: &Params) -> u64 {
    (24 << 20) + params["items"].saturating_mul(256) + (params["workers"] << 22)
}
