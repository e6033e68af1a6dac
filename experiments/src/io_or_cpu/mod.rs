//! Lesson `io_or_cpu`: threads, async or processes?
//!
//! Question: what fetches a hundred pages from a server that takes its time, and what computes from them?
//! Prediction: waiting needs neither a core nor an interpreter lock, so threads and tasks do it with the least; computing needs both, so under a
//! lock the hybrid wins, and without one threads alone do.
//! Held still: the pages, the server and its latency, the work on a page. Varied: who waits, and who computes.
//! Explained in `book/src/io_or_cpu.md`, after the post "Tuning a multiprocessing pool".

mod claims;
mod compute;
mod fetch;
mod http;
mod server;
mod work;

use harness::{Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "io_or_cpu",
    title: "Waiting or working",
    question: "Threads, async or processes?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    // One page after the other takes seconds at the post's sizes, and every block has it twice.
    blocks: [10, 10, 4],
    design: Design::Blocks,
    shrinks: &[],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_io_or_cpu"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "requests",
        about: "pages that are fetched",
        sizes: [Size::Of(20), Size::Of(40), Size::Of(100)],
        min: 0,
        max: 1_000,
    },
    Parameter {
        name: "latency_ms",
        about: "how long the server lets each request wait, in milliseconds; a timer, no work",
        sizes: [Size::Of(1), Size::Of(3), Size::Of(50)],
        min: 0,
        max: 1_000,
    },
    Parameter {
        name: "workers",
        about: "threads, tasks or processes that fetch at the same time",
        sizes: [Size::Of(10), Size::Of(20), Size::Of(20)],
        min: 1,
        max: 128,
    },
    Parameter {
        name: "pool_workers",
        about: "processes of a pool that has one for each core, and of the hybrid's",
        sizes: [Size::PerCore(1); 3],
        min: 1,
        max: 128,
    },
    Parameter {
        name: "bytes",
        about: "size of a page",
        sizes: [Size::Of(1_024), Size::Of(4_096), Size::Of(4_096)],
        min: 0,
        max: 1 << 20,
    },
    Parameter {
        name: "work_rounds",
        about: "how often the checksum of a page is computed, where something is computed from it",
        sizes: [Size::Of(10_000), Size::Of(8_000), Size::Of(60_000)],
        min: 1,
        max: 10_000_000,
    },
];

macro_rules! variant {
    ($name:literal, $run:expr, $memory:expr, $about:literal) => {
        Variant { name: $name, about: $about, demonstrates: None, memory_bytes: $memory, run: $run }
    };
}

const VARIANTS: &[Variant] = &[
    variant!("serial", fetch::serial, threads, "One thread fetches one page after the other."),
    variant!("threads", fetch::threads, threads, "Threads fetch, each with a connection of its own."),
    variant!("tasks", fetch::tasks, threads, "As many asynchronous tasks fetch, on one thread (tokio)."),
    variant!("tasks_at_once", fetch::tasks_at_once, threads, "A task for each page, all at once, on one thread."),
    variant!("processes_few", fetch::processes_few, few, "A pool with a process for each core fetches."),
    variant!("processes_many", fetch::processes_many, many, "A pool with as many processes as there were threads."),
    variant!("compute_threads", compute::threads, threads, "Threads fetch and compute, without an interpreter lock."),
    variant!("compute_threads_gil", compute::threads_gil, threads, "The same under one interpreter lock."),
    variant!("compute_processes_few", compute::processes_few, few, "A process for each core fetches and computes."),
    variant!(
        "compute_processes_many",
        compute::processes_many,
        many,
        "As many processes as there were threads do both."
    ),
    variant!("hybrid", compute::hybrid, few, "Threads fetch, and a pool with a process for each core computes."),
];

/// A process of ours and the server, and every page.
fn threads(params: &Params) -> u64 {
    (48 << 20) + 2 * params["requests"] * params["bytes"] + params["workers"] * (64 << 10)
}

fn few(params: &Params) -> u64 {
    threads(params) + params["pool_workers"] * (8 << 20)
}

fn many(params: &Params) -> u64 {
    threads(params) + params["workers"] * (8 << 20)
}
