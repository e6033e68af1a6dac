//! Lesson `start_cost`: what does starting cost?
//!
//! Question: what does it cost to start a thread or a process for a call, what does the new one have that it was not sent, and what becomes of
//! it when its parent ends?
//! Prediction: a thread costs as little as a short call, a fork ten times that and more with the memory of its parent, a program that is executed
//! again a hundred times that whatever its parent has.
//! Held still: the call, and its result. Varied: what it is made in, how that is started, how much memory its parent has, how the parent ends.
//! Explained in `book/src/start_cost.md`, after the posts "Python's multiprocessing performance problem", "Python Multiprocessing for CPU-Bound
//! Parallelism" and "How to Optimize Python Multiprocessing Pool Performance and Cut IPC Overhead".

mod claims;
mod ends;
mod inherited;
mod pools;
mod resident;
mod starts;
mod step;
mod tasks;

use harness::{Design, Lesson, Parameter, Size, Variant};
use record::Params;

use resident::MIB;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "start_cost",
    title: "What a start costs",
    question: "What does starting cost?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    // Tasks of three seconds each, three times, in subjects that come in pairs.
    blocks: [10, 10, 5],
    design: Design::Blocks,
    shrinks: &["resident_mib", "inherited_mib"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_start_cost"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "starts",
        about: "spawned processes, one after the other; twice as many forked ones, 32 times as many threads; and four times as many maps",
        sizes: [Size::Of(3), Size::Of(10), Size::Of(40)],
        min: 1,
        max: 10_000,
    },
    Parameter {
        name: "workers",
        about: "tasks that compute at the same time, and workers of a pool",
        sizes: [Size::Of(2); 3],
        min: 1,
        max: 64,
    },
    Parameter {
        name: "task_ms",
        about: "how long each of those tasks computes by the clock, in milliseconds; 3,000 in the post",
        sizes: [Size::Of(50), Size::Of(100), Size::Of(3_000)],
        min: 1,
        max: 60_000,
    },
    Parameter {
        name: "interval_us",
        about: "switch interval of the interpreter lock, in microseconds: CPython's 5,000, and smaller with shorter tasks",
        sizes: [Size::Of(250), Size::Of(500), Size::Of(5_000)],
        min: 1,
        max: 10_000_000,
    },
    Parameter {
        name: "resident_mib",
        about: "most memory that is resident in a process while it starts others, in MiB; smaller sizes are tried too",
        sizes: [Size::Of(40), Size::Of(160), Size::Of(2_560)],
        min: 0,
        max: 1 << 20,
    },
    Parameter {
        name: "inherited_mib",
        about: "data that a child inherits or is sent, in MiB; a frame holds less than 1,024",
        sizes: [Size::Of(4), Size::Of(32), Size::Of(256)],
        min: 0,
        max: 1_000,
    },
    Parameter {
        name: "trials",
        about: "daemons per subject, for each start method and each end",
        sizes: [Size::Of(2), Size::Of(3), Size::Of(10)],
        min: 1,
        max: 1_000,
    },
];

const fn variant(name: &'static str, about: &'static str, memory_bytes: fn(&Params) -> u64, run: Run) -> Variant {
    Variant { name, about, demonstrates: None, memory_bytes, run }
}

type Run = fn(&Params) -> step::Answered;

const VARIANTS: &[Variant] = &[
    variant("serial", "The call itself; nothing is started.", small, starts::serial),
    variant("thread", "A thread for each call, joined before the next.", small, starts::thread),
    variant(
        "fork",
        "A forked process for each call; its result comes back through shared memory.",
        small,
        starts::fork,
    ),
    variant(
        "posix_spawn",
        "The program `true` for each call, by posix_spawn; the parent makes the call.",
        small,
        starts::posix_spawn,
    ),
    variant("forkserver", "A process for each call, forked by a server that is up before.", small, starts::forkserver),
    variant("spawn", "A process for each call: this program executed again.", small, starts::spawn),
    variant(
        "resident",
        "A start of each kind at sizes of resident memory; the time of one start.",
        resident_bytes,
        resident::resident,
    ),
    variant(
        "inherited",
        "A forked child reads data of its parent's, and writes to it twice.",
        inherited_bytes,
        inherited::inherited,
    ),
    variant("sent", "The same data as the argument of a spawned process, which reads it.", sent_bytes, inherited::sent),
    variant(
        "two_processes",
        "The post's tasks as forked processes: each computes until its time is over. Time per call.",
        workers_bytes,
        tasks::two_processes,
    ),
    variant("two_threads", "The same tasks as threads without a lock.", small, tasks::two_threads),
    variant("two_threads_gil", "The same tasks as threads under the interpreter lock.", small, tasks::two_threads_gil),
    variant(
        "pool_per_map",
        "A pool of forked workers for each map, started and ended. Time per map.",
        workers_bytes,
        pools::pool_per_map,
    ),
    variant(
        "pool_reused",
        "One such pool for all maps, its start and end included. Time per map.",
        workers_bytes,
        pools::pool_reused,
    ),
    variant(
        "join_daemon",
        "Daemons of every start method are joined: one that ends by itself, ones that are ended.",
        small,
        ends::join_daemon,
    ),
    variant(
        "daemons",
        "Parents of a daemon return, leave at once, or are killed; is it gone? Time per trial.",
        small,
        ends::daemons,
    ),
    variant(
        "orphans",
        "The same with a plain child of a killed parent, which has nothing that ends it.",
        small,
        ends::orphans,
    ),
];

/// The program, and a copy or two of it.
fn small(_: &Params) -> u64 {
    64 * MIB
}

fn workers_bytes(params: &Params) -> u64 {
    16 * MIB + params["workers"] * 8 * MIB
}

/// The memory once, and its page tables in parent and child.
fn resident_bytes(params: &Params) -> u64 {
    64 * MIB + params["resident_mib"].saturating_mul(MIB + MIB / 64)
}

/// The data, and what a child copies of it: all.
fn inherited_bytes(params: &Params) -> u64 {
    64 * MIB + params["inherited_mib"].saturating_mul(2 * MIB)
}

/// The data, its bytes in the parent, those in the child, and the data there; each as large as it may grow by doubling.
fn sent_bytes(params: &Params) -> u64 {
    64 * MIB + params["inherited_mib"].saturating_mul(6 * MIB)
}
