//! Lesson `channels`: what does a message cost, by mechanism and size?
//!
//! Question: what do a pipe, a socket, the two queues, a ring in shared memory and a file take to carry a message, small or large, and what do
//! they do when nobody takes it?
//! Prediction: small messages cost the waking of the other process, large ones their copies; a queue costs a pipe, two locks and a thread more;
//! what is full makes its writer wait, and two that wait for each other wait for ever.
//! Held still: the messages, one process at each end. Varied: the mechanism, the size, whether the two share a core.
//! Explained in `book/src/channels.md`, after the post "Python Multiprocessing for CPU-Bound Parallelism".

mod claims;
mod cores;
mod deadlock;
mod ends;
mod look;
mod messages;
mod peer;
mod pressure;
mod variants;

use harness::{Design, Lesson, Parameter, Size, Variant};
use record::Fault::Hang;
use record::Params;

use ends::Kind;

/// The lesson.
pub const LESSON: Lesson = Lesson {
    stem: "channels",
    title: "What a message costs",
    question: "What does a message cost, by mechanism and size?",
    parameters: PARAMETERS,
    variants: VARIANTS,
    marks: &[],
    // The largest messages of the post's profile take seconds.
    blocks: [10, 10, 4],
    design: Design::Blocks,
    shrinks: &["bytes"],
    checks: claims::CHECKS,
    fingerprint: env!("FINGERPRINT_channels"),
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "messages",
        about: "small messages, of 64 bytes, that go there and back while the clock runs",
        sizes: [Size::Of(100), Size::Of(1_000), Size::Of(3_000)],
        min: 1,
        max: 1_000_000,
    },
    Parameter {
        name: "bytes",
        about: "the largest message of the sweep, which begins with 8 bytes and takes steps of four",
        sizes: [Size::Of(1 << 20), Size::Of(2 << 20), Size::Of(64 << 20)],
        min: 0,
        max: 256 << 20,
    },
    Parameter {
        name: "rounds",
        about: "messages of each size at most; of large ones fewer",
        sizes: [Size::Of(10), Size::Of(40), Size::Of(200)],
        min: 1,
        max: 100_000,
    },
    Parameter {
        name: "queue_bound",
        about: "items that the bounded queue has room for; 0 is no bound, and nothing to observe",
        sizes: [Size::Of(4), Size::Of(10), Size::Of(10)],
        min: 0,
        max: 10_000,
    },
    Parameter {
        name: "write_bytes",
        about: "what both ends of a pipe write first, in one message each: one byte more than it holds",
        sizes: [Size::Of(65_533); 3],
        min: 0,
        max: 64 << 20,
    },
    Parameter {
        name: "trials",
        // Twenty subjects of a variant make a hundred, and so do eight.
        about: "pairs of processes per subject, where what they do to each other is observed",
        sizes: [Size::Of(5), Size::Of(5), Size::Of(15)],
        min: 1,
        max: 10_000,
    },
];

macro_rules! carried {
    ($name:literal, $kind:expr, $about:literal) => {
        Variant {
            name: $name,
            about: $about,
            demonstrates: None,
            memory_bytes,
            run: |params| variants::there(params, $kind),
        }
    };
}

const VARIANTS: &[Variant] = &[
    Variant {
        name: "copy",
        about: "One process: each message is copied there and copied back.",
        demonstrates: None,
        memory_bytes,
        run: variants::here,
    },
    carried!("pipe", Kind::Pipe, "A pipe in each direction, as two of CPython's Pipe(duplex=False): send and recv."),
    carried!("socket", Kind::Socket, "A Unix socket, as CPython's Pipe(): send and recv."),
    carried!("simple_queue", Kind::SimpleQueue, "A SimpleQueue in each direction: a pipe and a lock at each end."),
    carried!("queue", Kind::Queue, "A Queue in each direction: a feeder thread, a count of slots, and a SimpleQueue."),
    carried!("ring", Kind::Ring, "A ring of 64 KiB in shared memory in each direction; bytes, not pickled."),
    carried!(
        "file",
        Kind::File,
        "A file in memory in each direction; its path goes through a pipe; bytes, not pickled."
    ),
    Variant {
        name: "bounded_stream",
        about: "The same messages one way through a bounded Queue to a sentinel; before it, where both sides stop.",
        demonstrates: None,
        memory_bytes,
        run: pressure::bounded_stream,
    },
    Variant {
        name: "both_read",
        about: "Two processes with a pipe in each direction, each of which reads before it writes.",
        demonstrates: Some(Hang),
        memory_bytes: |_| 32 << 20,
        run: deadlock::both_read,
    },
    Variant {
        name: "both_write",
        about: "The same, each of which writes before it reads, and more than a pipe holds.",
        demonstrates: Some(Hang),
        memory_bytes: |params| (32 << 20) + 3 * params["write_bytes"],
        run: deadlock::both_write,
    },
];

/// One message of each size in the parent, together a third larger than the largest; of the largest what the other side got of it, what came
/// back, and two on their way, each encoded and not.
fn memory_bytes(params: &Params) -> u64 {
    (48 << 20) + 10 * params["bytes"]
}
