//! Lesson `shared_state`: what does sharing state cost, and lose?
//!
//! Question: what becomes of a counter to which several processes add, and what does each addition cost?
//! Prediction: what is read and written in two steps loses updates, whoever keeps it; a step that is one loses none, and costs what its way costs.
//! Held still: the additions, the processes, which are there before the clock starts. Varied: where the counter lives, what is one step.
//! Explained in `book/src/shared_state.md`, after the post "Python Multiprocessing for CPU-Bound Parallelism".

mod adding;
mod claims;
mod crew;
mod trials;
mod variants;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::{Fault, Params};

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "shared_state",
    title: "Four thousand increments",
    question: "What does sharing state cost, and lose?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &[],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_shared_state"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "workers", about: "processes that add", sizes: [Size::Of(4); 3], min: 1, max: 128 },
    Parameter {
        name: "increments",
        about: "how often each process adds 1",
        sizes: [Size::Of(100), Size::Of(200), Size::Of(1_000)],
        min: 0,
        max: 100_000,
    },
    Parameter {
        name: "trials",
        about: "how often a subject begins again with a new counter",
        sizes: [Size::Of(2), Size::Of(5), Size::Of(5)],
        min: 1,
        max: 1_000,
    },
    Parameter {
        name: "rounds",
        about: "how many times over the additions in shared memory are done, by whose number their time is divided",
        sizes: [Size::Of(1_000), Size::Of(1_000), Size::Of(400)],
        min: 1,
        max: 10_000,
    },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One process adds to a number of its own.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::serial,
    },
    Variant {
        name: "manager_get_set",
        about: "The post's counter: a manager's value, read by one request and written by another.",
        demonstrates: Some(Fault::LostUpdates),
        memory_bytes: processes_bytes,
        run: variants::manager_get_set,
    },
    Variant {
        name: "manager_locked",
        about: "The same between two requests more, which take a manager's lock and give it back.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::manager_locked,
    },
    Variant {
        name: "manager_add",
        about: "One request per addition: the server is told to add.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::manager_add,
    },
    Variant {
        name: "value_get_set",
        about: "A Value in shared memory that has a lock, which is taken to read, and again to write.",
        demonstrates: Some(Fault::LostUpdates),
        memory_bytes: processes_bytes,
        run: variants::value_get_set,
    },
    Variant {
        name: "value_locked",
        about: "The same Value, its lock held from before the read until after the write.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::value_locked,
    },
    Variant {
        name: "array_locked",
        about: "An Array with an element for each process, and one lock for all of them.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::array_locked,
    },
    Variant {
        name: "raw_get_set",
        about: "A number in shared memory without a lock, read and written.",
        demonstrates: Some(Fault::LostUpdates),
        memory_bytes: processes_bytes,
        run: variants::raw_get_set,
    },
    Variant {
        name: "atomic",
        about: "The same number, added to by one instruction.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::atomic,
    },
    Variant {
        name: "own_sums",
        about: "Each process adds to a number of its own, and to the shared one once, at its end.",
        demonstrates: None,
        memory_bytes: processes_bytes,
        run: variants::own_sums,
    },
];

/// The program, a server with a thread for each process, and what each process has for itself. Each trial and each point of a sweep is a few
/// numbers.
fn processes_bytes(params: &Params) -> u64 {
    (24 << 20) + (params["workers"] << 22) + (params["trials"] << 10)
}
