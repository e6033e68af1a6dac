//! Instrument `model`: one described workload, done serially, by threads, and by processes of every start method.
//!
//! Question: what does a pool cost, in messages, items and bytes?
//! Held still: the runtime's own pools, those that the lessons measure. Varied: everything that [`crate::model::Workload`] describes.
//!
//! A [`campaign`] runs it over [many sets of parameters](sets); what the cost model is fitted to are the rows that come of it.

pub mod campaign;
mod kernel;
pub mod sets;
mod variants;

use record::Params;

use crate::{Design, Lesson, Parameter, Size, Variant};

/// The stem of the instrument, by which its rows are found.
pub const STEM: &str = "model";

/// The instrument.
pub const MODEL: Lesson = Lesson {
    stem: STEM,
    title: "What a pool costs",
    question: "What does a pool cost, in messages, items and bytes?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: [1, 3, 3],
    design: Design::Singles,
    shrinks: &["items"],
    checks: &[],
    fingerprint: env!("FINGERPRINT_model"),
};

const fn parameter(name: &'static str, about: &'static str, size: Size, min: u64, max: u64) -> Parameter {
    Parameter { name, about, sizes: [size; 3], min, max }
}

const PARAMETERS: &[Parameter] = &[
    parameter("items", "items to map", Size::Of(200), 0, 1_000_000),
    parameter("additions", "additions per item: the work", Size::Of(100_000), 0, 1_000_000_000),
    parameter("bytes_in", "bytes that each item carries to its worker", Size::Of(1_000), 0, 1 << 26),
    parameter("bytes_out", "bytes that each output carries back", Size::Of(1_000), 0, 1 << 26),
    parameter("workers", "workers", Size::PerCore(1), 1, 256),
    parameter("chunksize", "items per task; 0 is automatic", Size::Of(0), 0, 1_000_000),
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop in one process.",
        demonstrates: None,
        memory_bytes: payloads,
        run: variants::serial,
    },
    Variant {
        name: "threads",
        about: "A pool of threads: nothing is encoded.",
        demonstrates: None,
        memory_bytes: payloads,
        run: variants::threads,
    },
    Variant {
        name: "processes_fork",
        about: "The posts' pool, its workers forked.",
        demonstrates: None,
        memory_bytes: crossing,
        run: variants::processes_fork,
    },
    Variant {
        name: "processes_forkserver",
        about: "The same, its workers forked by a fork server.",
        demonstrates: None,
        memory_bytes: crossing,
        run: variants::processes_forkserver,
    },
    Variant {
        name: "processes_spawn",
        about: "The same, each worker this program executed again.",
        demonstrates: None,
        memory_bytes: crossing,
        run: variants::processes_spawn,
    },
];

/// All inputs and all outputs, and what holds them.
fn payloads(params: &Params) -> u64 {
    let item = params["bytes_in"].saturating_add(params["bytes_out"]).saturating_add(200);
    params["items"].saturating_mul(item).saturating_add(1 << 22)
}

/// The same, a chunk in each worker decoded and encoded, and the processes.
fn crossing(params: &Params) -> u64 {
    payloads(params).saturating_mul(3).saturating_add((params["workers"] + 1) << 22)
}
