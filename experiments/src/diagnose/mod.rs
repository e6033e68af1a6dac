//! Lesson `diagnose`: what is wrong with MY pool?
//!
//! Question: can one tell from outside, from what the kernel shows of a program's processes, what bounds it, and what does looking cost?
//! Prediction: processor time per process, bytes and calls per thread, and what sleepers wait for tell the faults of the other lessons apart.
//! Held still: the additions. Varied: how they are cut, what an item carries, whether somebody looks.
//! Explained in `book/src/diagnose.md`. The ledger holds no claim on it: no post says how to find out what is wrong.

mod tasks;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "diagnose",
    title: "What is wrong with my pool",
    question: "What is wrong with MY pool?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &["bytes"],
    checks: &[],
    fingerprint: env!("FINGERPRINT_diagnose"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "additions",
        about: "additions in all",
        sizes: [Size::Of(20_000_000), Size::Of(150_000_000), Size::Of(500_000_000)],
        min: 0,
        max: 10_000_000_000,
    },
    Parameter {
        name: "items",
        about: "items that they are cut into where the items are tiny",
        sizes: [Size::Of(1_000), Size::Of(5_000), Size::Of(20_000)],
        min: 1,
        max: 100_000,
    },
    Parameter {
        name: "bytes",
        about: "bytes that an item carries where it carries any",
        sizes: [Size::Of(1 << 18), Size::Of(1 << 20), Size::Of(1 << 22)],
        min: 0,
        max: 1 << 24,
    },
    Parameter { name: "workers", about: "worker processes", sizes: [Size::Of(2); 3], min: 1, max: 256 },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop, and nobody looks.",
        demonstrates: None,
        memory_bytes: |_| PROCESS_BYTES,
        run: variants::serial,
    },
    Variant {
        name: "healthy",
        about: "A pool that is there already, even items, nothing carried; nobody looks.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::healthy,
    },
    Variant {
        name: "healthy_watched",
        about: "The same, looked at every five milliseconds from a thread of the parent.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::healthy_watched,
    },
    Variant {
        name: "tiny_tasks",
        about: "Many tiny items, a message for each; watched.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::tiny_tasks,
    },
    Variant {
        name: "bytes_per_task",
        about: "Every task carries bytes that nobody needs; watched.",
        demonstrates: None,
        memory_bytes: carrying,
        run: variants::bytes_per_task,
    },
    Variant {
        name: "one_worker",
        about: "All items in one chunk: one worker does all; watched.",
        demonstrates: None,
        memory_bytes: in_processes,
        run: variants::one_worker,
    },
];

/// A process itself.
const PROCESS_BYTES: u64 = 4 << 20;

fn in_processes(params: &Params) -> u64 {
    (params["workers"] + 1).saturating_mul(PROCESS_BYTES).saturating_add(params["items"].saturating_mul(200))
}

/// The items, and of each process a message and what it is decoded to.
fn carrying(params: &Params) -> u64 {
    let messages = (params["workers"] + 1).saturating_mul(3).saturating_add(variants::EVEN_ITEMS);
    messages.saturating_mul(params["bytes"]).saturating_add(in_processes(params))
}
