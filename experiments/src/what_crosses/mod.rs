//! Lesson `what_crosses`: what cannot cross?
//!
//! Question: which functions and values reach another process, what becomes of those that do not, and who hears of it?
//! Prediction: what has a name or is a plain value crosses; closures and handles are refused before the program runs.
//! Held still: the products of the items. Varied: what is to cross, how its worker starts, what goes wrong on the way.
//! Explained in `book/src/what_crosses.md`, after the post "Python Multiprocessing for CPU-Bound Parallelism".
//!
//! # What the compiler refuses
//!
//! A closure has no name by which another process could find it:
#![doc = concat!("```compile_fail,E0277\n", include_str!("refusals/closure.rs"), "```")]
//! Neither has a function as such, inner or not:
#![doc = concat!("```compile_fail,E0277\n", include_str!("refusals/inner_function.rs"), "```")]
//! A file, a socket and a lock are more than their bytes:
#![doc = concat!("```compile_fail,E0277\n", include_str!("refusals/file.rs"), "```")]
#![doc = concat!("```compile_fail,E0277\n", include_str!("refusals/socket.rs"), "```")]
#![doc = concat!("```compile_fail,E0277\n", include_str!("refusals/lock.rs"), "```")]
//! With a name and plain values it compiles:
#![doc = concat!("```no_run\n", include_str!("refusals/named.rs"), "```")]

mod claims;
mod guard;
mod probes;
mod tasks;
mod unread;
mod variants;

pub use guard::without_guard;

use harness::{BLOCKS, Design, Lesson, Parameter, Size, Variant};
use record::Params;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "what_crosses",
    title: "What cannot cross",
    question: "What cannot cross?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    blocks: BLOCKS,
    design: Design::Blocks,
    shrinks: &[],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_what_crosses"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "workers", about: "worker processes", sizes: [Size::Of(2); 3], min: 1, max: 256 },
    Parameter {
        name: "items",
        about: "numbers to multiply",
        sizes: [Size::Of(1_000), Size::Of(10_000), Size::Of(10_000)],
        min: 0,
        max: 1_000_000,
    },
    Parameter {
        name: "trials",
        about: "how often a subject forgets the guard, or does not ask for a result",
        sizes: [Size::Of(5), Size::Of(6), Size::Of(10)],
        min: 1,
        max: 1_000,
    },
];

const VARIANTS: &[Variant] = &[
    Variant {
        name: "serial",
        about: "One loop, and a closure: in one process it needs no name.",
        demonstrates: None,
        memory_bytes,
        run: variants::serial,
    },
    Variant {
        name: "by_name",
        about: "A forked pool maps a registered function, of which only the name crosses.",
        demonstrates: None,
        memory_bytes,
        run: variants::by_name,
    },
    Variant {
        name: "by_name_spawned",
        about: "The same in processes that are this program executed again: a name means the same there.",
        demonstrates: None,
        memory_bytes,
        run: variants::by_name_spawned,
    },
    Variant {
        name: "with_data",
        about: "What a closure would capture is a field, and crosses with every task.",
        demonstrates: None,
        memory_bytes,
        run: variants::with_data,
    },
    Variant {
        name: "panics",
        about: "Every tenth item panics in its worker; what comes back as an error is done again here.",
        demonstrates: None,
        memory_bytes,
        run: variants::panics,
    },
    Variant {
        name: "errors",
        about: "Every tenth item returns an error, which is a value; it is done again here.",
        demonstrates: None,
        memory_bytes,
        run: variants::errors,
    },
    Variant {
        name: "refused",
        about: "Names that nobody has registered, items and outputs that do not encode or decode; then the products, by the same pool.",
        demonstrates: None,
        memory_bytes,
        run: variants::refused,
    },
    Variant {
        name: "unread",
        about: "Work that fails while nobody asks for its result, handed in in three ways; the time is of one.",
        demonstrates: None,
        memory_bytes,
        run: unread::unread,
    },
    Variant {
        name: "no_guard",
        about: "A program that forgets `multiprocess::init()` asks for spawned workers; the time is of one trial.",
        demonstrates: None,
        memory_bytes,
        run: guard::no_guard,
    },
];

/// A little more than was seen: an item, its task, its output; the program, and what each worker has for itself.
fn memory_bytes(params: &Params) -> u64 {
    params["items"] * 512 + (24 << 20) + (params["workers"] << 22)
}
